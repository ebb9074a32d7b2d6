// `run -- COMMAND`: services for as long as a command runs.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { endAll, markVariable, startedFor } from './processes.ts'
import { writeJson } from './set.ts'
import { removeSet, type StartOptions, startServices } from './start.ts'

/**
 * Runs the command and returns its exit code, 128 + signal if a signal ended it. Whatever it left running is ended with
 * the services. If this process is killed, the set's keeper does the same.
 */
export async function runWith(command: readonly string[], options: StartOptions, file?: string): Promise<number> {
  const interrupted = new Promise<number>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => resolve(128 + constants.signals[name]))
  })
  endWithParent()
  const starting = startServices(options)
  const early = await Promise.race([starting.then(() => undefined), interrupted])
  // The keeper removes what has begun.
  if (early !== undefined) process.exit(early)

  const { set, addresses } = await starting
  try {
    const path = file ?? join(set.dir, 'services.json')
    writeJson(path, addresses)
    return await Promise.race([foreground(command, { HEADWATER_SERVICES: path, [markVariable]: set.dir }), interrupted])
  } finally {
    await endAll(() => startedFor(set.dir), 'SIGTERM', 5000)
    await removeSet(set)
    if (file !== undefined) rmSync(file, { force: true })
    options.log(`stopped; logs kept in ${set.logs}`)
  }
}

function foreground([program, ...args]: readonly string[], env: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program as string, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    child.once('error', (error) => {
      console.error(`services: ${error.message}`)
      resolve(127)
    })
    child.once('exit', (code, name) => resolve(code ?? 128 + constants.signals[name as NodeJS.Signals]))
  })
}

/**
 * An older Node cannot put the pinned one in its place: it waits in the terminal as our parent, and may be killed without
 * a chance to tell us.
 */
function endWithParent(): void {
  const parent = process.ppid
  if (!isBootstrap(parent)) return
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1)
  }, 500).unref()
}

/** Not so a shell that started us in the background: that may go its way. */
function isBootstrap(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1]?.endsWith('bootstrap.mjs') === true
  } catch {
    return false
  }
}
