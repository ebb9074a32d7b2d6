import type { Seams } from '../lib/seams.ts'
import type { EventLog, LogTotals } from '../ports/event-log.ts'
import { totalsOf } from './log-totals.ts'
import type { StreamWorker } from './worker.ts'

const sampleEveryMs = 1_000
/** Samples that are kept at most; what is older than the oldest is at least as far behind. */
const samplesMax = 600
const pollMs = 50

/**
 * What a process knows of the workers when they run in others: how far they are, by the log. `behindMs` is the age of the
 * oldest sample whose end the workers have not reached yet, so it is off by the time between two samples at most.
 */
export class WorkersElsewhere implements StreamWorker {
  readonly openWindows = 0
  readonly #log: EventLog
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #stop = new AbortController()
  readonly #timer: Disposable
  readonly #samples: { readonly at: number; readonly end: number }[] = []
  #sampling = false

  constructor(log: EventLog, seams: Pick<Seams, 'clock' | 'scheduler'>) {
    this.#log = log
    this.#seams = seams
    this.#timer = seams.scheduler.every(sampleEveryMs, () => void this.#sample())
  }

  get behindMs(): number {
    const [oldest] = this.#samples
    return oldest ? this.#seams.clock.monotonic() - oldest.at : 0
  }

  /** Resolves when everything that is in the log by now is in the views; waits for as long as the workers take. */
  settle(): Promise<void> {
    return this.settleWithin(Number.POSITIVE_INFINITY)
  }

  async settleWithin(ms: number): Promise<void> {
    const { clock, scheduler } = this.#seams
    const started = clock.monotonic()
    const first = await this.#totals()
    for (let now = first; now && first && now.committed < first.end; now = await this.#totals()) {
      if (this.#stop.signal.aborted || clock.monotonic() - started >= ms) return
      await scheduler.sleep(pollMs, this.#stop.signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#timer[Symbol.dispose]()
  }

  async #sample(): Promise<void> {
    if (this.#sampling) return
    this.#sampling = true
    const at = this.#seams.clock.monotonic()
    const totals = await this.#totals()
    this.#sampling = false
    if (!totals) return
    const { end, committed } = totals
    while (this.#samples[0] && this.#samples[0].end <= committed) this.#samples.shift()
    if (end > committed && this.#samples.length < samplesMax) this.#samples.push({ at, end })
  }

  /** A log that cannot be asked says nothing of the workers: what was known stands. */
  #totals(): Promise<LogTotals | undefined> {
    return totalsOf(this.#log).catch(() => undefined)
  }
}
