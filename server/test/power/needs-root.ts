import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'

/** mkfs and losetup are not on everybody's path. */
export const systemPath = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`

const isCI = process.env.CI === 'true' || process.env.CI === '1'

export interface Need {
  /** What stands in the way here, or nothing. */
  readonly missing: string | undefined
}

/** Runs `register` where what it needs is there. Elsewhere one loud line says how many tests are left out; in CI that is a failure. */
export function whereMet({ missing }: Need, count: number, register: () => void): void {
  if (missing === undefined) register()
  else if (isCI) test(`${count} tests need ${missing}`, () => Promise.reject(new Error(`it needs ${missing}`)))
  else process.stdout.write(`${count} skipped: needs ${missing}\n`)
}

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** Disks of one's own: file systems that can be mounted, filled and cut off. */
export const disks: Need = { missing: isRoot ? missingForImages() : 'root (on Linux)' }

function missingForImages(): string | undefined {
  for (const program of ['mkfs.ext4', 'losetup', 'mount']) if (!isOnPath(program)) return program
  if (!existsSync('/dev/loop-control')) return 'root and loop devices'
  return undefined
}

/** System calls that fail when they are told to. */
export const failingCalls: Need = {
  missing: process.platform === 'linux' && canTrace() ? undefined : 'strace, and leave to trace a process',
}

function canTrace(): boolean {
  if (!isOnPath('strace')) return false
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO:when=1', 'true'], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

function isOnPath(program: string): boolean {
  return systemPath.split(':').some((folder) => folder !== '' && existsSync(`${folder}/${program}`))
}
