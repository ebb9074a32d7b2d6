import assert from 'node:assert/strict'
import { systemScheduler } from '../../../src/lib/system-seams.ts'
import type { VirtualTime } from '../../../src/lib/virtual-seams.ts'
import type { CallsUnderWay } from './calls-under-way.ts'
import type { Echo } from './echo.ts'

const patienceMs = 30_000
/** Nothing waits by a clock that stands still, except who tries again after a failure: then it is moved on. */
const nudgeAfterMs = 3_000

export interface Settling {
  readonly time: VirtualTime
  readonly calls: CallsUnderWay
  readonly echo: Echo
  /** Whether the worker owns the whole log. */
  hasAll(): boolean
  /** Whether everything in the log is in the views. */
  isFolded(): Promise<boolean>
}

/**
 * Waits until a server has nothing left to do: the log is folded and written, what was told has arrived, and nothing that a
 * timer or a message began still asks a store. One of these may begin another, so they are looked at until all hold.
 */
export async function settle(worker: { settle(): Promise<void> }, server: Settling): Promise<void> {
  const until = performance.now() + patienceMs
  for (;;) {
    assert.ok(performance.now() < until, 'the server does not come to rest')
    await nudged(server.calls.quiet(), server.time)
    await nudged(worker.settle(), server.time)
    await server.echo.come()
    const before = server.calls.made
    for (let turn = 0; turn < 3; turn++) await systemScheduler.breathe?.()
    if (server.calls.made !== before || !server.calls.isQuiet) continue
    if (server.hasAll() && (await server.isFolded())) return
    await systemScheduler.sleep(5)
  }
}

/** Gives up after a while, with the clock moved on; whoever waits looks again. */
async function nudged(done: Promise<void>, time: VirtualTime): Promise<void> {
  const stop = new AbortController()
  let ended = false
  const end = () => {
    ended = true
    stop.abort()
  }
  await Promise.race([done.finally(end), systemScheduler.sleep(nudgeAfterMs, stop.signal)])
  if (ended) return done
  process.stderr.write('the server waits for its clock, which is moved on\n')
  time.advance(1_000)
}

/** Waits for a bounded time, by the system's clock. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + patienceMs
  while (!holds()) {
    assert.ok(performance.now() < end, `${what}: not in time`)
    await systemScheduler.sleep(5)
  }
}
