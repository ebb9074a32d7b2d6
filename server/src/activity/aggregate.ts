import type { Seams } from '../lib/seams.ts'
import type { ActivityEvent } from '../model/event.ts'
import type { Offset, Partition } from '../model/ids.ts'
import { type LogRecord, userOf } from '../model/log-record.ts'
import type { MarkChange } from '../model/marks.ts'
import type { LogConsumer, LogPoll } from '../ports/event-log.ts'
import { createDue, type Due } from './due.ts'
import { createFlush, type FlushMetrics, type FlushPorts } from './flush.ts'
import { Flusher } from './flusher.ts'
import { createDeletionFold } from './fold-deletion.ts'
import { type FoldStep, foldEvent } from './fold-event.ts'
import { createLoader } from './load.ts'
import { PartitionState } from './partition-state.ts'
import { createPersist, type Persist } from './persist.ts'
import { isOfStore, Poison } from './poison.ts'
import { byPartition, oldest } from './polled.ts'
import type { ActivitySettings } from './settings.ts'
import { Settling } from './settling.ts'
import { StaleView } from './stale-view.ts'
import type { UserFold } from './user-fold.ts'

export interface AggregatorMetrics extends FlushMetrics {
  applied(events: number): void
  openWindows(windows: number): void
  /** A record cannot be folded, and is set aside. */
  parked(record: LogRecord, reason: string): void
  /** The log dropped records that were not folded: what they say is missing from the views for good. */
  dropped(records: number): void
}

/** A backlog is folded without waiting for anything: after so many records requests and sockets get their turn. */
const foldedAtOnce = 256

/** What a record may want before it can be folded; more is a mistake of ours that would hold up everybody for good. */
const stepsMax = 100

/**
 * The worker that turns the log into groups. One loop owns all partitions of this process: take records, bring what they
 * need into memory, fold them, have what is due written, commit. While a flush is written, folding goes on, up to a
 * bound. Folding is a function of the log alone; when a worker dies, the
 * next one folds again what was not committed, and the positions in the rows tell it what is done.
 *
 * A lost partition's state is dropped unwritten: the new owner starts at the committed offset. A worker that does not know
 * yet that it lost one does no harm, since the stores refuse rows with an older position.
 */
export class Aggregator implements AsyncDisposable {
  readonly #ports: FlushPorts
  readonly #settings: ActivitySettings
  readonly #seams: Seams
  readonly #metrics: AggregatorMetrics
  readonly #states = new Map<Partition, PartitionState>()
  readonly #loader: ReturnType<typeof createLoader>
  readonly #flusher: Flusher
  readonly #deletions: ReturnType<typeof createDeletionFold>
  readonly #due: Due
  readonly #poison: Poison
  readonly #stop = new AbortController()
  readonly #persist: Persist
  #wake = new AbortController()
  readonly #settling: Settling
  #running: Promise<void> | null = null
  /** When the oldest record was appended that is being worked on; nothing while there is none to wait for. */
  #workingOn: number | null = null

  /** `poison` outlives this worker: it knows at which records earlier ones failed. */
  constructor(
    ports: FlushPorts,
    settings: ActivitySettings,
    seams: Seams,
    metrics: AggregatorMetrics,
    poison = new Poison(),
  ) {
    this.#ports = ports
    this.#poison = poison
    this.#settings = settings
    this.#seams = seams
    this.#metrics = metrics
    this.#settling = new Settling(ports.log)
    this.#loader = createLoader(ports, settings, () => seams.clock.monotonic())
    this.#persist = createPersist(settings.retryBudgetMs, seams, this.#stop.signal, (part, error) =>
      metrics.degraded(part, error),
    )
    const flush = createFlush(ports, settings, seams, metrics, this.#persist)
    this.#due = createDue(settings.flushMs, ports.pubSub, metrics)
    this.#flusher = new Flusher(this.#states, flush, this.#due, seams, () => this.#wake.abort())
    this.#deletions = createDeletionFold(ports, {
      loadWindows: this.#loader.loadWindows,
      askRegisters: this.#loader.askRegisters,
      newestActors: this.#loader.newestActors,
      checkCurrent: this.#loader.checkCurrent,
      flush: (_state, user) => this.#flusher.flushNow(user),
      persist: this.#persist,
      failpoint: (name) => seams.failpoint(name),
    })
  }

  /** Works until disposed of. Rejects when a store fails for good; the caller starts a new worker. */
  run(): Promise<void> {
    this.#running ??= this.#work()
    return this.#running
  }

  /**
   * Resolves when everything that is in the log by now is folded and written, without waiting for `flushMs`; or when the
   * signal says that nobody waits any more.
   */
  settle(signal?: AbortSignal): Promise<void> {
    const settled = this.#settling.wait(signal)
    this.#wake.abort()
    return settled
  }

  get openWindows(): number {
    let windows = 0
    for (const state of this.#states.values()) windows += state.windows.size
    return windows
  }

  /** How long the record that is folded next has been waiting. */
  get behindMs(): number {
    return this.#workingOn === null ? 0 : Math.max(0, this.#seams.clock.now() - this.#workingOn)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wake.abort()
    await this.#running?.catch(() => {})
  }

  async #work(): Promise<void> {
    await using consumer = await this.#ports.log.join()
    try {
      while (!this.#stop.signal.aborted) await this.#turn(consumer)
      await this.#flusher.drain()
      await this.#flusher.start(() => true)
      await this.#flusher.drain()
      await this.#commit(consumer)
    } finally {
      await this.#flusher.ended
      this.#states.clear()
      this.#settling.releaseAll()
    }
  }

  async #turn(consumer: LogConsumer): Promise<void> {
    const waitMs = this.#settling.isWanted ? 0 : this.#waitMs()
    const poll = await consumer.poll(this.#settings.pollRecords, waitMs, this.#wake.signal)
    if (this.#wake.signal.aborted) this.#wake = new AbortController()
    if (poll.dropped) this.#metrics.dropped(poll.dropped)
    this.#workingOn = oldest(poll.records)
    await this.#reassign(consumer, poll)
    const settling = this.#settling.isWanted
    await this.#settling.look(this.#states).catch((error: unknown) => this.#metrics.degraded('log', error))
    await this.#seams.failpoint('aggregate.polled')
    await this.#fold(poll.records)
    await this.#seams.failpoint('aggregate.folded')
    if (settling || this.#flusher.folded >= this.#settings.foldAheadMax) await this.#flusher.drain()
    this.#flusher.reap()
    await this.#flusher.start((user, now) => settling || this.#due.dueIn(user, now) <= 0)
    if (settling) await this.#flusher.drain()
    await this.#commit(consumer)
    this.#flusher.letGo()
    // More than was asked for may wait behind a poll that was full.
    if (poll.records.length < this.#settings.pollRecords) this.#workingOn = null
    this.#release()
    this.#settling.release(this.#states)
  }

  async #reassign(consumer: LogConsumer, poll: LogPoll): Promise<void> {
    if (poll.revoked.length > 0) {
      await this.#flusher.drain()
      // What was written need not be folded again by who comes next. A partition that is lost for good is not committed.
      await this.#commit(consumer)
    }
    for (const partition of poll.revoked) {
      this.#states.delete(partition)
      await consumer.release(partition)
    }
    for (const { partition, from } of poll.assigned) this.#states.set(partition, new PartitionState(partition, from))
  }

  async #fold(records: readonly LogRecord[]): Promise<void> {
    for (const [partition, batch] of byPartition(records)) {
      const state = this.#states.get(partition)
      if (!state) continue
      const fresh = batch.filter((record) => record.offset >= state.folded)
      if (fresh.length === 0) continue
      const isPrepared = await this.#prepare(state, fresh)
      let events = 0
      for (let i = 0; i < fresh.length; i++) {
        const record = fresh[i] as LogRecord
        if (record.value.kind === 'event') events++
        if (i % foldedAtOnce === 0) await this.#seams.scheduler.breathe?.()
        try {
          const reason = this.#poison.reasonOf(record)
          if (reason !== undefined) await this.#park(record, reason)
          else {
            if (!isPrepared) await this.#load(state, [record])
            const step = this.#foldAtOnce(state, record)
            if (step?.step !== 'done') await this.#foldInSteps(state, record, step)
          }
        } catch (error) {
          await this.#blame(record, error)
          throw error
        }
        this.#poison.forget(record)
        state.folded = record.offset + 1
      }
      await this.#due.askWhoIsHeard(state, fresh)
      this.#flusher.folded += fresh.length
      this.#metrics.applied(events)
    }
  }

  /** Loads what many records need at once; where that fails for a reason that lies in one of them, each is to load its own. */
  async #prepare(state: PartitionState, records: readonly LogRecord[]): Promise<boolean> {
    try {
      if (this.#poison.isIn(state.partition)) return false
      await this.#load(state, records)
      return true
    } catch (error) {
      if (isOfStore(error)) throw error
      return false
    }
  }

  #load(state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    return this.#currently(state, () => this.#persist('load', () => this.#loader.prepare(state, records)))
  }

  async #foldInSteps(state: PartitionState, record: LogRecord, first: FoldStep | null): Promise<void> {
    let step = first
    await this.#currently(state, () => {
      const given = step
      // What it came to names groups; when they turn out to be stale it is found out anew.
      step = null
      return this.#foldRecord(state, record, given)
    })
  }

  /** Does it again, with the group loaded anew, whenever memory turns out to be behind the store. */
  async #currently(state: PartitionState, work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof StaleView)) throw error
        const window = state.window(error.group.user, error.group)
        if (!window) continue
        await this.#flusher.flushNow(window.owner)
        state.drop(window)
      }
    }
  }

  /** Folds an event whose window is loaded: nearly all of them, and then nothing has to be waited for. */
  #foldAtOnce(state: PartitionState, record: LogRecord): FoldStep | null {
    if (record.value.kind !== 'event') return null
    const { event } = record.value
    const window = state.window(event.targetUser, event)
    if (!window?.covers(event.createdAt ?? record.appendedAt)) return null
    const step = foldEvent(window, record, event, this.#settings)
    if (window.owner.isDirty) state.dirty.add(window.owner)
    state.extend(window, this.#seams.clock.monotonic(), this.#settings)
    return step
  }

  /** `step` is what folding it at once came to. */
  async #foldRecord(state: PartitionState, record: LogRecord, step: FoldStep | null): Promise<void> {
    const { value } = record
    if (value.kind === 'event') return this.#foldEvent(state, record, value.event, step)
    if (value.kind === 'unreadable') return this.#park(record, value.reason)
    const user = await this.#user(state, record)
    switch (value.kind) {
      case 'mark': {
        const changes: MarkChange[] = (value.groupIds ?? [null]).map((groupId) => ({
          groupId,
          mark: value.mark,
          upTo: value.upTo,
          seq: record.seq,
        }))
        user.touch(record.offset, record.appendedAt)
        user.marks.push({ seq: record.seq, marks: changes })
        user.head = Math.max(user.head, record.seq)
        state.dirty.add(user)
        return
      }
      case 'group_deleted':
        await this.#deletions.deleteGroup(state, record, user, value.groupId)
        break
      case 'actor_erased':
        await this.#deletions.eraseActor(state, record, user, value.actor, value.groupId)
        break
      case 'user_erased':
        await this.#deletions.eraseUser(state, record, user)
        break
    }
    state.releaseUser(user)
  }

  /** Sets it aside before what is behind it is folded: it must not get lost in between. */
  async #park(record: LogRecord, reason: string): Promise<void> {
    await this.#persist('parked', async () => this.#ports.parked?.park(record, reason))
    this.#metrics.parked(record, reason)
  }

  /** A store that fails is not the record's fault, in whatever words it says so. */
  async #blame(record: LogRecord, error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return
    const doStoresAnswer = await this.#ports.groups.heads([userOf(record.value)]).then(
      () => true,
      () => false,
    )
    if (doStoresAnswer) this.#poison.blame(record, error)
  }

  async #foldEvent(
    state: PartitionState,
    record: LogRecord,
    event: ActivityEvent,
    first: FoldStep | null,
  ): Promise<void> {
    let steps = 0
    for (let step = first; step?.step !== 'done'; step = this.#foldAtOnce(state, record)) {
      if (++steps > stepsMax) throw new Error(`The fold asks for ${step?.step ?? 'a window'} again and again`)
      switch (step?.step) {
        case undefined: {
          const need = { user: event.targetUser, key: event, time: event.createdAt ?? record.appendedAt }
          await this.#user(state, record)
          await this.#persist('load', () => this.#loader.loadWindows(state, [need], record.seq))
          break
        }
        case 'flush':
          await this.#flusher.flushNow(await this.#user(state, record))
          break
        case 'ask': {
          const asks = step.groups.map((group) => ({ group, actors: [event.actor] }))
          await this.#persist('load', () => this.#loader.askRegisters(asks))
          break
        }
        case 'estimate': {
          const { group } = step
          group.startEstimate(await this.#persist('load', () => this.#loader.allActors(group)))
          break
        }
        case 'refill': {
          const { group } = step
          return group.refill(await this.#persist('load', () => this.#loader.newestActors(group)))
        }
      }
    }
  }

  async #user(state: PartitionState, record: LogRecord): Promise<UserFold> {
    const id = userOf(record.value)
    const known = state.users.get(id)
    if (known) return known
    const [head] = await this.#persist('load', () => this.#ports.groups.heads([id]))
    return state.user(id, () => head ?? 0)
  }

  async #commit(consumer: LogConsumer): Promise<void> {
    const offsets = new Map<Partition, Offset>()
    for (const state of this.#states.values()) {
      const { safe } = state
      if (safe <= state.committed) continue
      offsets.set(state.partition, safe)
      state.committed = safe
    }
    if (offsets.size === 0) return
    await consumer.commit(offsets)
    await this.#seams.failpoint('aggregate.committed')
  }

  #release(): void {
    const now = this.#seams.clock.monotonic()
    const most = Math.ceil(this.#settings.openWindowsMax / Math.max(1, this.#states.size))
    for (const state of this.#states.values()) state.release(now, most)
    this.#metrics.openWindows(this.openWindows)
  }

  /** Until the next flush is due; a while otherwise, so that windows end and lag is told. */
  #waitMs(): number {
    // The end of a flush wakes the loop; what is due waits for it.
    if (this.#flusher.isWriting) return 1_000
    const now = this.#seams.clock.monotonic()
    let wait = 1_000
    for (const state of this.#states.values()) {
      for (const user of state.dirty) wait = Math.min(wait, this.#due.dueIn(user, now))
    }
    return Math.max(0, wait)
  }
}
