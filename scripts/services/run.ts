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
  endWithParents()
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
 * npm, its shell, and an older Node that could not put the pinned one in its place wait in the terminal as our parents,
 * and may be killed without a chance to tell us. Not so a shell that started us in the background: that may go its way.
 */
function endWithParents(): void {
  const parents = waitingParents()
  if (parents.length === 0) return
  const links = [process.pid, ...parents.slice(0, -1)]
  setInterval(() => {
    if (links.some((pid, at) => parentOf(pid) !== parents[at])) process.exit(1)
  }, 500).unref()
}

/** From our own parent up to npm, or to the bootstrap that was started without it; none of either is none at all. */
function waitingParents(): number[] {
  const parents: number[] = []
  let waiting = 0
  for (let pid = parentOf(process.pid); pid !== undefined && pid > 1 && parents.length < 4; pid = parentOf(pid)) {
    parents.push(pid)
    const [program, script] = commandLine(pid)
    if (program?.startsWith('npm ') || script?.endsWith('bootstrap.mjs')) waiting = parents.length
    if (program?.startsWith('npm ')) break
  }
  return parents.slice(0, waiting)
}

function parentOf(pid: number): number | undefined {
  if (pid === process.pid) return process.ppid
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
