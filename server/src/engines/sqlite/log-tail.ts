import type { Offset } from '../../model/ids.ts'
import type { LogRecord } from '../../model/log-record.ts'

/**
 * Appended records that wait in memory for the worker of their partition: what it has to read from the disk has to be
 * decoded again, at several times the price. While there is no room, records are passed over, so there may be gaps.
 */
export class LogTail {
  readonly #maxBytes: number
  #records: LogRecord[] = []
  /** How many at the front are given out already: they are cut off in pieces. */
  #given = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The offset of the next record that is here. */
  get next(): Offset | undefined {
    return this.#records[this.#given]?.offset
  }

  /** `bytes`: about how much memory they take. */
  keep(records: readonly LogRecord[], bytes: number): void {
    if (this.#bytes + bytes > this.#maxBytes) return
    this.#bytes += bytes
    for (const record of records) this.#records.push(record)
  }

  /** The next records up to a gap. */
  take(limit: number): readonly LogRecord[] {
    const waiting = this.#records.length - this.#given
    const count = this.#beforeGap(Math.min(limit, waiting))
    const end = this.#given + count
    const taken = this.#records.slice(this.#given, end)
    this.#bytes -= (this.#bytes * count) / waiting
    if (2 * end < this.#records.length) this.#given = end
    else {
      this.#records = this.#records.slice(end)
      this.#given = 0
    }
    return taken
  }

  clear(): void {
    this.#records = []
    this.#given = 0
    this.#bytes = 0
  }

  #beforeGap(most: number): number {
    const from = this.next ?? 0
    let count = most
    while (count > 1 && this.#records[this.#given + count - 1]?.offset !== from + count - 1) count--
    return count
  }
}
