import assert from 'node:assert/strict'
import { systemScheduler } from '../../../src/lib/system-seams.ts'
import type { VirtualTime } from '../../../src/lib/virtual-seams.ts'
import type { CallsUnderWay } from './calls-under-way.ts'
import type { Echo } from './echo.ts'

const patienceMs = process.env.HEADWATER_LONG === undefined ? 60_000 : 280_000
const lookEveryMs = 1_500

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
    await server.calls.quiet()
    await settledOrMovedOn(worker.settle(), server)
    await server.echo.come()
    const before = server.calls.made
    for (let turn = 0; turn < 3; turn++) await systemScheduler.breathe?.()
    if (server.calls.made !== before || !server.calls.isQuiet) continue
    if (server.hasAll() && (await server.isFolded())) return
    await systemScheduler.sleep(5)
  }
}

/**
 * Nothing waits by a clock that stands still, except who tries again after a failure. A worker that is not done and asks no
 * store for a while does that: then the clock is moved on, and whoever waits looks again.
 */
async function settledOrMovedOn(done: Promise<void>, { calls, time }: Settling): Promise<void> {
  const stop = new AbortController()
  let ended = false
  const end = () => {
    ended = true
    stop.abort()
  }
  const ending = done.finally(end)
  for (let made = -1; !ended; made = calls.made) {
    if (made === calls.made && calls.isQuiet) {
      process.stderr.write('the worker waits for its clock, which is moved on\n')
      time.advance(1_000)
      return
    }
    await Promise.race([ending, systemScheduler.sleep(lookEveryMs, stop.signal)])
  }
  await ending
}

/** Waits for a bounded time, by the system's clock. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + patienceMs
  while (!holds()) {
    assert.ok(performance.now() < end, `${what}: not in time`)
    await systemScheduler.sleep(5)
  }
}
