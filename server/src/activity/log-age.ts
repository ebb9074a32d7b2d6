import type { Seams } from '../lib/seams.ts'
import type { Offset, Partition } from '../model/ids.ts'
import type { EventLog } from '../ports/event-log.ts'
import { type LogPosition, positionsOf } from './log-totals.ts'

const sampleEveryMs = 1_000
/** Samples that are kept at most; what is older than the oldest is at least as far behind. */
const samplesMax = 600
/** So much of the time between two looks counts. */
const lookedAwayMax = 2 * sampleEveryMs
/** Partitions whose oldest record is looked at. */
const askedMax = 16

type Positions = ReadonlyMap<Partition, LogPosition>

/**
 * How far the workers are behind, by what the log says of them and by this process's clock: the one that stamps records
 * may be another machine's. It is the age of the oldest sample of the log's ends that some partition has not reached yet,
 * so it is off by two or three seconds, and a partition that stands still counts, however far the others come. What was in
 * the log before this process was is as old as its oldest record says.
 */
export class LogAge implements Disposable {
  readonly #log: EventLog
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
  readonly #timer: Disposable
  readonly #samples: { readonly at: number; readonly ends: readonly Offset[] }[] = []
  #sampling = false
  #isFirst = true
  /** The time in which this process looked: while it stands still, it knows nothing of the workers. */
  #elapsed = 0
  #lookedAt: number

  constructor(log: EventLog, seams: Pick<Seams, 'clock' | 'scheduler'>) {
    this.#log = log
    this.#seams = seams
    this.#lookedAt = seams.clock.monotonic()
    this.#timer = seams.scheduler.every(sampleEveryMs, () => void this.#sample())
  }

  get ms(): number {
    const [oldest] = this.#samples
    return oldest ? this.#elapsed + this.#sinceLook() - oldest.at : 0
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }

  async #sample(): Promise<void> {
    if (this.#sampling) return
    this.#sampling = true
    this.#elapsed += this.#sinceLook()
    this.#lookedAt = this.#seams.clock.monotonic()
    const [at, wallTime] = [this.#elapsed, this.#seams.clock.now()]
    const now = await positionsNow(this.#log)
    if (now) await this.#take(at, wallTime, now)
    this.#sampling = false
  }

  #sinceLook(): number {
    return Math.min(this.#seams.clock.monotonic() - this.#lookedAt, lookedAwayMax)
  }

  async #take(at: number, wallTime: number, now: Positions): Promise<void> {
    while (this.#samples[0] && isReached(this.#samples[0].ends, now)) this.#samples.shift()
    const ends = endsOf(now, this.#log.info.partitions)
    const age = this.#isFirst ? await this.#ageOfOldest(wallTime, now) : 0
    this.#isFirst = false
    if (!isReached(ends, now) && this.#samples.length < samplesMax) this.#samples.push({ at: at - age, ends })
  }

  /** Of the records that wait in the partitions furthest behind. */
  async #ageOfOldest(wallTime: number, now: Positions): Promise<number> {
    const behind = [...now].filter(([, { end, committed }]) => committed < end)
    const furthest = behind.sort(([, a], [, b]) => b.end - b.committed - (a.end - a.committed)).slice(0, askedMax)
    const pages = await Promise.all(
      furthest.map(([partition, { committed }]) => this.#log.read(partition, committed, 1).catch(() => undefined)),
    )
    const appendedAt = pages.flatMap((page) => page?.records.map((record) => record.appendedAt) ?? [])
    return wallTime - Math.min(wallTime, ...appendedAt)
  }
}

/** A log that cannot be asked says nothing of the workers: what was known stands. */
const positionsNow = (log: EventLog): Promise<Positions | undefined> => positionsOf(log).catch(() => undefined)

/** One number for each partition: a sample stays small. */
const endsOf = (positions: Positions, partitions: number): readonly Offset[] =>
  Array.from({ length: partitions }, (_, partition) => positions.get(partition)?.end ?? 0)

/** Whether everything up to these ends is in the views. */
const isReached = (ends: readonly Offset[], now: Positions): boolean =>
  ends.every((end, partition) => end <= (now.get(partition)?.committed ?? 0))
