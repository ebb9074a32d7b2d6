import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'

/**
 * Commits of one worker, one request at a time and not one for each turn of its loop: the first goes at once, and what is said
 * soon after goes with the next. A crash in between has records given again that are in the views, which changes nothing.
 */
export class LogCommits {
  readonly #send: (offsets: ReadonlyMap<Partition, Offset>) => Promise<void>
  readonly #everyMs: number
  readonly #seams: Seams
  readonly #waiting = new Map<Partition, Offset>()
  #sentAt = Number.NEGATIVE_INFINITY
  #sending: Promise<void> | undefined
  #timer: Disposable | undefined

  /** `send` rejects when the offsets are to be sent again. */
  constructor(send: (offsets: ReadonlyMap<Partition, Offset>) => Promise<void>, everyMs: number, seams: Seams) {
    this.#send = send
    this.#everyMs = everyMs
    this.#seams = seams
  }

  /** Waits only for a commit that goes at once; rejects when that one failed. */
  async add(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    for (const [partition, offset] of offsets) {
      this.#waiting.set(partition, Math.max(offset, this.#waiting.get(partition) ?? 0))
    }
    if (this.#waiting.size === 0) return
    const waitMs = this.#sentAt + this.#everyMs - this.#seams.clock.monotonic()
    if (waitMs <= 0 && !this.#sending) await this.flush()
    else this.#later(waitMs)
  }

  /** All that was said until now is committed when this resolves. */
  async flush(): Promise<void> {
    while (this.#sending) await this.#sending.catch(() => {})
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    this.#sending = this.#sendWaiting()
    await this.#sending
  }

  has(partition: Partition): boolean {
    return this.#sending !== undefined || this.#waiting.has(partition)
  }

  forget(partition: Partition): void {
    this.#waiting.delete(partition)
  }

  #later(ms: number): void {
    this.#timer ??= this.#seams.scheduler.after(Math.max(ms, 1), () => void this.flush().catch(() => {}))
  }

  async #sendWaiting(): Promise<void> {
    const offsets = new Map(this.#waiting)
    this.#waiting.clear()
    this.#sentAt = this.#seams.clock.monotonic()
    try {
      await this.#send(offsets)
    } catch (error) {
      // They go with the next one, or by themselves when nothing more is said.
      for (const [partition, offset] of offsets) {
        this.#waiting.set(partition, Math.max(offset, this.#waiting.get(partition) ?? 0))
      }
      this.#later(this.#everyMs)
      throw error
    } finally {
      this.#sending = undefined
    }
  }
}
