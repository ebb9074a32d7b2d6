import type { Offset, Partition } from '../../model/ids.ts'
import type { LogRecord } from '../../model/log-record.ts'
import type { Stamp } from './log-table.ts'
import { LogTail } from './log-tail.ts'

/** What is known in memory of one partition: its bounds, and how far its present owner has read. */
export class LogPartition {
  readonly partition: Partition
  start: Offset
  committed: Offset
  /** One past the newest durable record. */
  end: Offset
  /** Records that should be there and are not: somebody removed them. */
  readonly lostRecords: boolean
  #lastAppendedAt: number
  /** What the next append gets; ahead of `end` while appends are on their way to the disk. */
  #next: Offset
  #onTheWay = 0
  #position: Offset
  readonly #tail: LogTail

  constructor(
    partition: Partition,
    found: { start: Offset; committed: Offset; newest: Stamp | undefined },
    maxTailBytes: number,
  ) {
    this.partition = partition
    this.#tail = new LogTail(maxTailBytes)
    const newestEnd = Math.max(found.start, (found.newest?.offset ?? -1) + 1)
    this.lostRecords = newestEnd < found.committed
    this.end = Math.max(newestEnd, found.committed)
    this.start = this.lostRecords ? found.committed : found.start
    this.committed = Math.max(found.committed, this.start)
    this.#next = this.end
    this.#position = this.committed
    this.#lastAppendedAt = found.newest?.appendedAt ?? 0
  }

  get lag(): number {
    return this.end - this.committed
  }

  /** Place and time of a record that is about to be written. The time never falls, whatever the clock does. */
  place(now: number): Stamp {
    this.#lastAppendedAt = Math.max(now, this.#lastAppendedAt)
    return { offset: this.#next++, appendedAt: this.#lastAppendedAt }
  }

  leave(): void {
    this.#onTheWay++
  }

  /** Records that are durable now, in order, and about how much memory they take; none when the write failed. */
  arrive(records: readonly LogRecord[], bytes: number): void {
    const last = records.at(-1)
    if (last) {
      this.#tail.keep(records, bytes)
      this.end = last.offset + 1
    }
    // Offsets of failed appends are given again, unless others behind them are on their way.
    if (--this.#onTheWay === 0) this.#next = this.end
  }

  /** A new owner starts at what is committed. */
  assign(): Offset {
    this.#position = Math.max(this.committed, this.start)
    this.#tail.clear()
    return this.#position
  }

  /** The owner's next records: from memory where they are there, else by `read`. */
  take(limit: number, read: (from: Offset, end: Offset) => LogRecord[]): readonly LogRecord[] {
    if (this.#position >= this.end || limit <= 0) return []
    const kept = this.#tail.next ?? this.end
    const records = kept === this.#position ? this.#tail.take(limit) : read(this.#position, kept)
    // With none the rest is a hole that a failed append left.
    this.#position = (records.at(-1)?.offset ?? kept - 1) + 1
    return records
  }
}
