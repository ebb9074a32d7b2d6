import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import type { LogRecord } from '../../model/log-record.ts'
import type { LogConsumer, LogPoll } from '../../ports/event-log.ts'
import type { Share, Worker } from './log-shares.ts'
import type { LogState } from './log-state.ts'

/** What this worker was told that it has. */
interface Told {
  readonly share: Share
  readonly term: number
  /** It was told to let go: it gets nothing more of it, and may commit until it has. */
  leaving: boolean
}

/** How often a poll that waits looks whether another worker has fallen silent. */
const lookMs = 1_000
/** Records that one poll reads from the disk at most: reading holds up the thread. */
const readMax = 500

/** One worker's share of the log. */
export class SqliteLogConsumer implements LogConsumer {
  readonly #state: LogState
  readonly #seams: Seams
  readonly #left: () => void
  readonly #me: Worker
  readonly #told = new Map<Partition, Told>()
  #turn = 0
  #closed = false

  constructor(state: LogState, seams: Seams, left: () => void) {
    this.#state = state
    this.#seams = seams
    this.#left = left
    this.#me = { calledAt: this.#now(), waits: false }
    this.#state.join(this.#me, this.#now())
  }

  async poll(maxRecords: number, maxWaitMs: number, signal?: AbortSignal): Promise<LogPoll> {
    const until = this.#now() + maxWaitMs
    for (;;) {
      // Not an empty answer: whoever polls in a loop would never let go of the thread.
      if (this.#closed) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
      const poll = this.#look(maxRecords)
      const waitMs = until - this.#now()
      const nothing = poll.assigned.length + poll.revoked.length + poll.records.length === 0
      if (!nothing || waitMs <= 0 || signal?.aborted) return poll
      this.#me.waits = true
      await this.#state.change(Math.min(waitMs, lookMs), signal)
      this.#me.waits = false
    }
  }

  async commit(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    this.#me.calledAt = this.#now()
    for (const [partition, offset] of offsets) {
      const told = this.#told.get(partition)
      if (told && this.#holds(told)) this.#state.commit(partition, offset)
    }
  }

  async release(partition: Partition): Promise<void> {
    this.#me.calledAt = this.#now()
    const told = this.#told.get(partition)
    if (!told?.leaving) return
    this.#told.delete(partition)
    if (this.#holds(told)) this.#state.letGo(told.share, this.#now())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#told.clear()
    this.#state.leave(this.#me, this.#now())
    this.#left()
  }

  #look(maxRecords: number): LogPoll {
    const now = this.#now()
    this.#me.calledAt = now
    this.#state.settle(now)
    const revoked = this.#losses()
    this.#passOn(now)
    if (!this.#state.has(this.#me)) this.#state.join(this.#me, now)
    const assigned = this.#gains()
    return { revoked, assigned, records: this.#records(maxRecords) }
  }

  #losses(): Partition[] {
    const revoked: Partition[] = []
    for (const [partition, told] of this.#told) {
      const holds = this.#holds(told)
      if (holds && told.share.heir === this.#me) continue
      if (!told.leaving) revoked.push(partition)
      told.leaving = true
      if (!holds) this.#told.delete(partition)
    }
    return revoked
  }

  /** What it was to have, was never told of, and is another's by now: nobody has to wait for it to let go. */
  #passOn(now: number): void {
    for (const share of this.#state.shares) {
      const { partition, holder, heir } = share
      if (holder === this.#me && heir !== this.#me && !this.#told.has(partition)) this.#state.letGo(share, now)
    }
  }

  #gains(): { partition: Partition; from: Offset }[] {
    const assigned = []
    for (const share of this.#state.shares) {
      const { partition } = share
      if (share.holder !== this.#me || share.heir !== this.#me || this.#told.has(partition)) continue
      this.#told.set(partition, { share, term: share.term, leaving: false })
      assigned.push({ partition, from: this.#state.part(partition).assign() })
    }
    return assigned
  }

  /** Starts with another partition each time, so that a long one does not starve the others. */
  #records(maxRecords: number): LogRecord[] {
    const records: LogRecord[] = []
    const mine = [...this.#told].filter(([, told]) => !told.leaving)
    const turn = this.#turn++
    for (let i = 0; i < mine.length && records.length < maxRecords; i++) {
      const [partition] = mine[(turn + i) % mine.length] as [Partition, Told]
      const limit = Math.min(maxRecords - records.length, readMax)
      for (const record of this.#state.take(partition, limit)) records.push(record)
    }
    return records
  }

  #holds({ share, term }: Told): boolean {
    return share.holder === this.#me && share.term === term
  }

  #now(): number {
    return this.#seams.clock.monotonic()
  }
}
