import type { Seams } from '../lib/seams.ts'
import type { EventLog } from '../ports/event-log.ts'
import { endsOf, isReached, positionsNow } from './log-age.ts'
import type { StreamWorker } from './worker.ts'

const pollMs = 50

/** What a process knows of the workers when they run in others: how far they are, by the log. */
export class WorkersElsewhere implements StreamWorker {
  readonly openWindows = 0
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
    const first = await positionsNow(this.#log)
    const ends = first && endsOf(first, this.#log.info.partitions)
    for (let now = first; now && ends && !isReached(ends, now); now = await positionsNow(this.#log)) {
      if (this.#stop.signal.aborted || clock.monotonic() - started >= ms) return
      await scheduler.sleep(pollMs, this.#stop.signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
  }
}
