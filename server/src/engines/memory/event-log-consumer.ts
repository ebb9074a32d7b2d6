import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import type { LogRecord } from '../../model/log-record.ts'
import type { LogConsumer, LogPoll } from '../../ports/event-log.ts'
import { deal, endOf, type LogPart, type LogState, type Member, settle, wake } from './event-log-state.ts'

/** What a worker was told that it owns. */
interface Owned {
  readonly part: LogPart
  readonly term: number
  next: Offset
  /** It was told to let go: it gets nothing more, and may commit until it does. */
  leaving: boolean
}

/**
 * One worker's share. A partition moves in four steps: it gets another heir when somebody joins or leaves; the holder's next
 * poll says `revoked`; the holder flushes, commits and releases; the heir's next poll says `assigned`. A holder that
 * takes longer than the patience, or that is silent for so long, is passed over and hears of it when it polls again.
 */
export class MemoryLogConsumer implements LogConsumer {
  readonly #state: LogState
  readonly #seams: Seams
  readonly #patienceMs: number
  readonly #left: () => void
  readonly #owned = new Map<Partition, Owned>()
  #me: Member
  #turn = 0
  #closed = false

  constructor(state: LogState, seams: Seams, patienceMs: number, left: () => void) {
    this.#state = state
    this.#seams = seams
    this.#patienceMs = patienceMs
    this.#left = left
    this.#me = this.#enter()
  }

  async poll(maxRecords: number, maxWaitMs: number, signal?: AbortSignal): Promise<LogPoll> {
    const until = this.#seams.clock.monotonic() + maxWaitMs
    this.#me.polling = true
    try {
      for (;;) {
        // Not an empty answer: whoever polls in a loop would never let go of the thread.
        if (this.#closed) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
        const poll = this.#look(maxRecords)
        const waitMs = until - this.#seams.clock.monotonic()
        const empty = poll.assigned.length + poll.revoked.length + poll.records.length === 0
        if (!empty || waitMs <= 0 || signal?.aborted) return poll
        await this.#wait(waitMs, signal)
      }
    } finally {
      this.#me.polling = false
      this.#me.seenAt = this.#seams.clock.monotonic()
    }
  }

  async commit(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    this.#touch()
    for (const [partition, offset] of offsets) {
      const owned = this.#owned.get(partition)
      if (owned && this.#holds(owned))
        owned.part.committed = Math.max(owned.part.committed, Math.min(offset, endOf(owned.part)))
    }
  }

  async release(partition: Partition): Promise<void> {
    this.#touch()
    const owned = this.#owned.get(partition)
    if (!owned?.leaving) return
    this.#owned.delete(partition)
    if (this.#holds(owned)) this.#letGo(owned.part)
    settle(this.#state, this.#me.seenAt, this.#patienceMs)
  }

  /** As if it had not been heard of for too long: others take over at once, and it comes back with its next poll. */
  fallSilent(): void {
    this.#state.members.delete(this.#me)
    const now = this.#seams.clock.monotonic()
    deal(this.#state, now)
    settle(this.#state, now, this.#patienceMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#state.members.delete(this.#me)
    for (const owned of this.#owned.values()) if (this.#holds(owned)) this.#letGo(owned.part)
    this.#owned.clear()
    deal(this.#state, this.#seams.clock.monotonic())
    wake(this.#state)
    this.#left()
  }

  /** A new member, also for a worker that had been silent for too long. */
  #enter(): Member {
    const now = this.#seams.clock.monotonic()
    const member = { seenAt: now, polling: false }
    this.#state.members.add(member)
    deal(this.#state, now)
    wake(this.#state)
    return member
  }

  #touch(): void {
    this.#me.seenAt = this.#seams.clock.monotonic()
  }

  #look(maxRecords: number): LogPoll {
    this.#touch()
    settle(this.#state, this.#me.seenAt, this.#patienceMs)
    if (!this.#state.members.has(this.#me)) {
      this.#me = this.#enter()
      this.#me.polling = true
      settle(this.#state, this.#me.seenAt, this.#patienceMs)
    }
    const revoked = this.#losses()
    this.#passOn()
    return { revoked, assigned: this.#gains(), records: this.#records(maxRecords) }
  }

  #losses(): Partition[] {
    const revoked: Partition[] = []
    for (const [partition, owned] of this.#owned) {
      const holds = this.#holds(owned)
      if (holds && owned.part.heir === this.#me) continue
      if (!owned.leaving) revoked.push(partition)
      owned.leaving = true
      if (!holds) this.#owned.delete(partition)
    }
    return revoked
  }

  /** What it was to have, was never told of, and is another's by now: nobody has to wait for it to let go. */
  #passOn(): void {
    for (const part of this.#state.parts) {
      if (part.holder === this.#me && part.heir !== this.#me && !this.#owned.has(part.partition)) this.#letGo(part)
    }
    settle(this.#state, this.#me.seenAt, this.#patienceMs)
  }

  #gains(): { partition: Partition; from: Offset }[] {
    const assigned = []
    for (const part of this.#state.parts) {
      if (part.holder !== this.#me || part.heir !== this.#me || this.#owned.has(part.partition)) continue
      const from = Math.max(part.committed, part.start)
      this.#owned.set(part.partition, { part, term: part.term, next: from, leaving: false })
      assigned.push({ partition: part.partition, from })
    }
    return assigned
  }

  /** Starts with another partition each time, so that a long one does not starve the others. */
  #records(maxRecords: number): LogRecord[] {
    const records: LogRecord[] = []
    const shares = [...this.#owned.values()].filter((owned) => !owned.leaving)
    const first = this.#turn++
    for (let i = 0; i < shares.length && records.length < maxRecords; i++) {
      const owned = shares[(first + i) % shares.length] as Owned
      const index = owned.next - owned.part.start
      const found = owned.part.records.slice(index, index + maxRecords - records.length)
      for (const record of found) records.push(record)
      owned.next += found.length
    }
    return records
  }

  #holds({ part, term }: Owned): boolean {
    return part.holder === this.#me && part.term === term
  }

  #letGo(part: LogPart): void {
    part.holder = undefined
    part.term++
  }

  async #wait(ms: number, signal?: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const wakeUp = () => stop.abort()
    this.#state.waiting.add(wakeUp)
    signal?.addEventListener('abort', wakeUp, { once: true })
    await this.#seams.scheduler.sleep(Math.min(ms, this.#patienceMs), stop.signal)
    this.#state.waiting.delete(wakeUp)
    signal?.removeEventListener('abort', wakeUp)
  }
}
