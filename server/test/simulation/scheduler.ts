import { setImmediate } from 'node:timers/promises'
import type { VirtualTime } from '../../src/lib/virtual-seams.ts'
import type { Trace } from './trace.ts'

/**
 * Time moves from timer to timer. After each one everything runs that can run without time passing: promises and what
 * Node queues behind them, whose order is the same in every run.
 */
export class StepScheduler {
  readonly time: VirtualTime
  readonly #trace: Trace

  constructor(time: VirtualTime, trace: Trace) {
    this.time = time
    this.#trace = trace
  }

  async drain(): Promise<void> {
    await setImmediate()
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const until = this.time.monotonic() + ms
    await this.drain()
    while (this.time.step(until)) {
      this.#trace.note(`at ${this.time.monotonic()}`)
      await this.drain()
    }
    this.time.advance(until - this.time.monotonic())
  }

  /** Lets time pass until `done` says so, asking every `everyMs`; false when it still does not after `mostMs`. */
  async until(done: () => boolean | Promise<boolean>, everyMs: number, mostMs: number): Promise<boolean> {
    const end = this.time.monotonic() + mostMs
    while (!(await done())) {
      if (this.time.monotonic() >= end) return false
      await this.pass(everyMs)
    }
    return true
  }
}
