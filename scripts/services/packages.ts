// Redis, PostgreSQL and PgBouncer, as Debian packages them. Only the programs are used: never the system's own instances.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ServicesError, type User } from './set.ts'

export interface Programs {
  readonly redis: string
  readonly pgbouncer: string
  /** The folder with initdb and postgres. */
  readonly postgres: string
}

type Program = keyof Programs

const packageOf: Record<Program, string> = { redis: 'redis-server', postgres: 'postgresql', pgbouncer: 'pgbouncer' }

export interface Found {
  readonly programs: Partial<Programs>
  /** The packages that have to be installed first. */
  readonly missing: readonly string[]
}

/** Finds programs; `mayInstall` lets apt-get bring those that are missing, if this is root on a Debian. */
export function findPrograms(wanted: readonly Program[], mayInstall: boolean, log: (line: string) => void): Found {
  const found = { programs: look(wanted), missing: packagesOf(wanted, look(wanted)) }
  if (found.missing.length === 0 || !mayInstall || process.getuid?.() !== 0 || onPath('apt-get') === undefined)
    return found
  log(`installing ${found.missing.join(', ')} with apt-get`)
  install(found.missing)
  const programs = look(wanted)
  return { programs, missing: packagesOf(wanted, programs) }
}

function packagesOf(wanted: readonly Program[], programs: Partial<Programs>): string[] {
  return wanted.filter((name) => programs[name] === undefined).map((name) => packageOf[name])
}

function look(wanted: readonly Program[]): Partial<Programs> {
  const found: { -readonly [name in Program]?: string } = {}
  for (const name of wanted) {
    const path = name === 'postgres' ? postgresFolder() : onPath(packageOf[name])
    if (path !== undefined) found[name] = path
  }
  return found
}

/** Debian keeps initdb and postgres out of PATH, one folder per version; the newest is taken. */
function postgresFolder(): string | undefined {
  const byVersion = (path: string): number => Number(/(\d+)\/bin/.exec(path)?.[1])
  const debian = globSync('/usr/lib/postgresql/*/bin/initdb').sort((a, b) => byVersion(b) - byVersion(a))
  const initdb = debian[0] ?? onPath('initdb')
  return initdb?.replace(/\/initdb$/, '')
}

function onPath(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

/** While this file says 101, no package starts a service of its own after its installation. */
const policy = '/usr/sbin/policy-rc.d'

const retries = ['-o', 'Acquire::Retries=3']

function install(names: readonly string[]): void {
  const own = !existsSync(policy)
  if (own) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const options = { env, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 } as const
    const update = spawnSync('apt-get', [...retries, 'update', '-q'], options)
    const result = spawnSync(
      'apt-get',
      [...retries, 'install', '-y', '-q', '--no-install-recommends', ...names],
      options,
    )
    if (result.status === 0) return
    throw new ServicesError(
      `apt-get install ${names.join(' ')} failed:\n${update.stderr}${result.stdout}${result.stderr}`,
    )
  } finally {
    if (own) rmSync(policy, { force: true })
  }
}

/** Who runs what refuses root: `postgres` if this is root, else whoever this is. */
export function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined) {
    throw new ServicesError('PostgreSQL refuses root and there is no user postgres: install postgresql.')
  }
  return { uid: Number(uid), gid: Number(gid) }
}
