/**
 * The processes of a set: start, wait, kill, stop. A process is known by its id and by its working folder, which lies in
 * the set's own: an id alone may be somebody else's by the time it is used.
 */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessSpec, type ServiceSet, ServicesError } from './set.ts'

/** How long a service may take; Cassandra on a machine that does ten other things takes a minute. */
const startMs = 240_000
const askEveryMs = 150

/** Starts a process of the set. It outlives this one. */
export function startProcess(set: ServiceSet, spec: ProcessSpec): number {
  const log = openSync(logOf(set, spec.name), 'a')
  try {
    const child = spawn(spec.command, spec.args, {
      ...spec.user,
      cwd: join(set.dir, spec.name),
      env: { PATH: process.env.PATH, HOME: set.dir, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      stdio: ['ignore', log, log],
      detached: true,
    })
    child.on('error', (error) => writeFileSync(logOf(set, spec.name), `${error.message}\n`, { flag: 'a' }))
    if (child.pid === undefined) throw new ServicesError(`${spec.name}: cannot start ${spec.command}`)
    child.unref()
    writeFileSync(pidFile(set, spec.name), String(child.pid))
    return child.pid
  } finally {
    closeSync(log)
  }
}

/** Waits until the process answers; fails as soon as it has ended instead. `again` starts it anew when it may yet work. */
export async function awaitReady(
  set: ServiceSet,
  name: string,
  question: () => Promise<void>,
  again?: () => void,
): Promise<void> {
  const deadline = Date.now() + startMs
  for (;;) {
    const error = await question().then(
      () => undefined,
      (reason: unknown) => reason ?? 'no reason',
    )
    if (error === undefined) return
    const late = Date.now() > deadline
    if (!isRunning(set, name)) {
      if (again === undefined || late) throw new ServicesError(`${name} ended:\n${tail(set, name)}`)
      again()
    } else if (late) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ServicesError(`${name} is not ready after ${startMs / 1000} s: ${why}\n${tail(set, name)}`)
    }
    await sleep(askEveryMs)
  }
}

export function logOf(set: ServiceSet, name: string): string {
  return join(set.logs, `${name}.txt`)
}

function tail(set: ServiceSet, name: string): string {
  const lines = readFileSync(logOf(set, name), 'utf8').trimEnd().split('\n')
  return `${lines.slice(-15).join('\n')}\n(${logOf(set, name)})`
}

function pidFile(set: ServiceSet, name: string): string {
  return join(set.dir, 'pids', name)
}

/** The id of a process of the set if it runs, stopped ones included. */
export function pidOf(set: ServiceSet, name: string): number | undefined {
  let pid: number
  try {
    pid = Number(readFileSync(pidFile(set, name), 'utf8'))
  } catch {
    return undefined
  }
  return isAlive(pid) && isOurs(set.dir, pid) ? pid : undefined
}

export function isRunning(set: ServiceSet, name: string): boolean {
  return pidOf(set, name) !== undefined
}

/** A process that has ended and that nobody has asked about yet still has its id. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return process.platform !== 'linux'
  }
}

function isOurs(dir: string, pid: number): boolean {
  if (process.platform !== 'linux') return true
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)}${sep}`.startsWith(`${dir}${sep}`)
  } catch {
    return false
  }
}

/** Every process that works in the set's folder: PostgreSQL's children outlive their parent's SIGKILL for a moment. */
function allOf(dir: string): number[] {
  return everyPid().filter((pid) => isOurs(dir, pid) && isAlive(pid))
}

/** Every process that was started by `run` for this set, at whatever depth: the environment is passed on. */
export function startedFor(dir: string): number[] {
  const mark = `${markVariable}=${dir}\0`
  return everyPid().filter((pid) => {
    try {
      return pid !== process.pid && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark) && isAlive(pid)
    } catch {
      return false
    }
  })
}

/**
 * By this variable the processes of a command that `run` started are found when it has ended. What begins with
 * HEADWATER_ is a setting of the server.
 */
export const markVariable = 'SERVICES_RUN_FOLDER'

function everyPid(): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

/** Sends a signal to all of them, waits, and kills those that are still there. */
export async function endAll(list: () => number[], first: NodeJS.Signals, graceMs: number): Promise<void> {
  const send = (name: NodeJS.Signals): void => {
    for (const pid of list()) {
      signal(pid, name)
      // A stopped process takes no signal but SIGKILL until it goes on.
      if (name !== 'SIGKILL') signal(pid, 'SIGCONT')
    }
  }
  send(first)
  if (await gone(list, graceMs)) return
  send('SIGKILL')
  await gone(list, 10_000)
}

async function gone(list: () => number[], limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs
  while (list().length > 0) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}

/** Ends the processes of a set, each by the signal after which it leaves nothing behind. */
export async function endSet(set: ServiceSet): Promise<void> {
  await Promise.all(
    set.processes.map(({ name, quit }) => {
      const list = (): number[] => [pidOf(set, name)].filter((pid) => pid !== undefined)
      return endAll(list, quit, 5000)
    }),
  )
  await endAll(() => allOf(set.dir), 'SIGKILL', 5000)
}

export async function awaitEnd(set: ServiceSet, name: string): Promise<void> {
  const list = (): number[] => [pidOf(set, name)].filter((pid) => pid !== undefined)
  if (!(await gone(list, 30_000))) throw new ServicesError(`${name} (process ${list()}) does not end`)
}

export function setExists(dir: string): boolean {
  return existsSync(join(dir, 'set.json'))
}
