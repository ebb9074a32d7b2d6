/**
 * For tests that kill: one service of a running set at a time, on the same ports and data. The set has to be the test's
 * own (`npm run services -- run -- …`).
 */
import { awaitEnd, awaitReady, isRunning, pidOf, signal, startProcess } from './processes.ts'
import { ask } from './ready.ts'
import { type Addresses, type ProcessSpec, readAddresses, readSet, ServicesError, writeJson } from './set.ts'

export interface ServiceControl {
  readonly addresses: Addresses
  /** `redis`, `postgres`, `pgbouncer`, `kafka` or `kafka-1` to `-3`, `cassandra` or `cassandra-1` to `-3`. */
  readonly names: readonly string[]
  isRunning(name: string): boolean
  /** Sends a signal; a process that ends by it has ended when this returns. SIGSTOP and SIGCONT are sent, no more. */
  kill(name: string, by?: NodeJS.Signals): Promise<void>
  /** Starts a service that has ended, and waits until it answers. */
  start(name: string): Promise<void>
  /** Kills it (SIGKILL unless told) if it runs, and starts it again. */
  restart(name: string, by?: NodeJS.Signals): Promise<void>
}

/** The services of an addresses file; HEADWATER_SERVICES names it unless told. */
export function controlServices(file = process.env.HEADWATER_SERVICES): ServiceControl {
  if (file === undefined) throw new ServicesError('HEADWATER_SERVICES names no file of addresses.')
  const path = file
  const set = readSet(readAddresses(path).dir)
  const specOf = (name: string): ProcessSpec => {
    const spec = set.processes.find((process) => process.name === name)
    if (spec === undefined) {
      throw new ServicesError(
        `no service ${name}; there are ${set.processes.map((process) => process.name).join(', ')}.`,
      )
    }
    return spec
  }

  async function kill(name: string, by: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = pidOf(set, specOf(name).name)
    if (pid === undefined) throw new ServicesError(`${name} does not run`)
    signal(pid, by)
    if (by !== 'SIGSTOP' && by !== 'SIGCONT') await awaitEnd(set, name)
  }

  async function start(name: string): Promise<void> {
    const spec = specOf(name)
    if (isRunning(set, name)) throw new ServicesError(`${name} runs already`)
    startProcess(set, spec)
    // PostgreSQL gives up at once while children of the killed one hold its memory.
    const again = spec.ready.kind === 'postgres' ? () => void startProcess(set, spec) : undefined
    await awaitReady(set, name, () => ask(spec.ready, true), again)
    const pids = Object.fromEntries(set.processes.map((process) => [process.name, pidOf(set, process.name) ?? 0]))
    writeJson(path, { ...readAddresses(path), pids })
  }

  async function restart(name: string, by: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (isRunning(set, name)) await kill(name, by)
    await start(name)
  }

  return {
    addresses: readAddresses(path),
    names: set.processes.map(({ name }) => name),
    isRunning: (name) => isRunning(set, specOf(name).name),
    kill,
    start,
    restart,
  }
}
