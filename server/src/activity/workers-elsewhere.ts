import type { Seams } from '../lib/seams.ts'
import type { Offset, Partition } from '../model/ids.ts'
import type { EventLog } from '../ports/event-log.ts'
import { type LogPosition, positionsOf } from './log-totals.ts'
import type { StreamWorker } from './worker.ts'

const sampleEveryMs = 1_000
/** Samples that are kept at most; what is older than the oldest is at least as far behind. */
const samplesMax = 600
const pollMs = 50

type Positions = ReadonlyMap<Partition, LogPosition>

/**
 * What a process knows of the workers when they run in others: how far they are, by the log. `behindMs` is the age of the
 * oldest sample that some partition has not reached the end of yet, so it is off by the time between two samples at most:
 * a partition that stands still counts, however far the others come.
 */
export class WorkersElsewhere implements StreamWorker {
  readonly openWindows = 0
  readonly #log: EventLog
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #stop = new AbortController()
  readonly #timer: Disposable
  readonly #samples: { readonly at: number; readonly ends: readonly Offset[] }[] = []
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
    const first = await this.#positions()
    const ends = first && this.#endsOf(first)
    for (let now = first; now && ends && !isReached(ends, now); now = await this.#positions()) {
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
    const now = await this.#positions()
    this.#sampling = false
    if (!now) return
    while (this.#samples[0] && isReached(this.#samples[0].ends, now)) this.#samples.shift()
    const ends = this.#endsOf(now)
    if (!isReached(ends, now) && this.#samples.length < samplesMax) this.#samples.push({ at, ends })
  }

  /** One number for each partition: a sample stays small. */
  #endsOf(positions: Positions): readonly Offset[] {
    return Array.from({ length: this.#log.info.partitions }, (_, partition) => positions.get(partition)?.end ?? 0)
  }

  /** A log that cannot be asked says nothing of the workers: what was known stands. */
  #positions(): Promise<Positions | undefined> {
    return positionsOf(this.#log).catch(() => undefined)
  }
}

const isReached = (ends: readonly Offset[], now: Positions): boolean =>
  ends.every((end, partition) => end <= (now.get(partition)?.committed ?? 0))
