import type { Seams } from '../lib/seams.ts'
import type { Offset, Partition } from '../model/ids.ts'
import type { EventLog } from '../ports/event-log.ts'
import { type LogPosition, positionsOf } from './log-totals.ts'

const sampleEveryMs = 1_000
/** Samples that are kept at most; what is older than the oldest is at least as far behind. */
const samplesMax = 600

type Positions = ReadonlyMap<Partition, LogPosition>

/**
 * How far the workers are behind, by what the log says of them and by this process's clock alone: the one that stamps
 * records may be another machine's. It is the age of the oldest sample of the log's ends that some partition has not
 * reached yet, so it is off by the time between two samples at most, and a partition that stands still counts, however far
 * the others come.
 */
export class LogAge implements Disposable {
  readonly #log: EventLog
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #timer: Disposable
  readonly #samples: { readonly at: number; readonly ends: readonly Offset[] }[] = []
  #sampling = false

  constructor(log: EventLog, seams: Pick<Seams, 'clock' | 'scheduler'>) {
    this.#log = log
    this.#seams = seams
    this.#timer = seams.scheduler.every(sampleEveryMs, () => void this.#sample())
  }

  get ms(): number {
    const [oldest] = this.#samples
    return oldest ? this.#seams.clock.monotonic() - oldest.at : 0
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }

  async #sample(): Promise<void> {
    if (this.#sampling) return
    this.#sampling = true
    const at = this.#seams.clock.monotonic()
    const now = await positionsNow(this.#log)
    this.#sampling = false
    if (!now) return
    while (this.#samples[0] && isReached(this.#samples[0].ends, now)) this.#samples.shift()
    const ends = endsOf(now, this.#log.info.partitions)
    if (!isReached(ends, now) && this.#samples.length < samplesMax) this.#samples.push({ at, ends })
  }
}

/** A log that cannot be asked says nothing of the workers: what was known stands. */
export const positionsNow = (log: EventLog): Promise<Positions | undefined> => positionsOf(log).catch(() => undefined)

/** One number for each partition: a sample stays small. */
export const endsOf = (positions: Positions, partitions: number): readonly Offset[] =>
  Array.from({ length: partitions }, (_, partition) => positions.get(partition)?.end ?? 0)

/** Whether everything up to these ends is in the views. */
export const isReached = (ends: readonly Offset[], now: Positions): boolean =>
  ends.every((end, partition) => end <= (now.get(partition)?.committed ?? 0))
