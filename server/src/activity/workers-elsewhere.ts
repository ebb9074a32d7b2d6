import type { Seams } from '../lib/seams.ts'
import type { Offset } from '../model/ids.ts'
import type { EventLog, LogBounds } from '../ports/event-log.ts'
import { boundsNow } from './log-bounds.ts'
import type { StreamWorker } from './worker.ts'

const pollMs = 50

const isReached = (ends: readonly Offset[], now: readonly LogBounds[]): boolean =>
  ends.every((end, partition) => end <= Math.max(now[partition]?.start ?? 0, now[partition]?.committed ?? 0))

/** What a process knows of the workers when they run in others: how far they are, by the log. */
export class WorkersElsewhere implements StreamWorker {
  readonly openWindows = 0
  readonly wrong = null
  readonly #log: EventLog
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #stop = new AbortController()

  constructor(log: EventLog, seams: Pick<Seams, 'clock' | 'scheduler'>) {
    this.#log = log
    this.#seams = seams
  }

  /** Resolves when everything that is in the log by now is in the views; waits for as long as the workers take. */
  settle(): Promise<void> {
    return this.settleWithin(Number.POSITIVE_INFINITY)
  }

  async settleWithin(ms: number): Promise<void> {
    const { clock, scheduler } = this.#seams
    const started = clock.monotonic()
    // Not as known a while ago: what was appended just now is meant.
    const first = await this.#boundsNow()
    const ends = first?.map(({ end }) => end)
    for (let now = first; now && ends && !isReached(ends, now); now = await this.#boundsNow()) {
      if (this.#stop.signal.aborted || clock.monotonic() - started >= ms) return
      await scheduler.sleep(pollMs, this.#stop.signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
  }

  /** A log that cannot be asked has nobody wait for it. */
  #boundsNow(): Promise<readonly LogBounds[] | undefined> {
    return boundsNow(this.#log).catch(() => undefined)
  }
}
