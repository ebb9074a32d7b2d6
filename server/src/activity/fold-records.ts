import type { Seams } from '../lib/seams.ts'
import type { ActivityEvent } from '../model/event.ts'
import type { Partition } from '../model/ids.ts'
import { type LogRecord, userOf } from '../model/log-record.ts'
import type { MarkChange } from '../model/marks.ts'
import type { Due } from './due.ts'
import type { FlushPorts } from './flush.ts'
import type { Flusher } from './flusher.ts'
import { createDeletionFold } from './fold-deletion.ts'
import { type FoldStep, foldEvent } from './fold-event.ts'
import { createLoader } from './load.ts'
import type { PartitionState } from './partition-state.ts'
import { isOfStore, type Persist } from './persist.ts'
import type { Poison } from './poison.ts'
import { byPartition } from './polled.ts'
import type { ActivitySettings } from './settings.ts'
import { StaleView } from './stale-view.ts'
import type { UserFold } from './user-fold.ts'

/** A backlog is folded without waiting for anything: after so many records requests and sockets get their turn. */
const foldedAtOnce = 256

/** What a record may want before it can be folded; more is a mistake of ours that would hold up everybody for good. */
const stepsMax = 100

export interface FoldMetrics {
  applied(events: number): void
  /** A record cannot be folded, and is set aside. */
  parked(record: LogRecord, reason: string): void
}

export interface FoldParts {
  readonly states: ReadonlyMap<Partition, PartitionState>
  readonly flusher: Flusher
  readonly due: Due
  readonly persist: Persist
  /** Knows at which records workers before this one failed. */
  readonly poison: Poison
  readonly stop: AbortSignal
}

/**
 * Brings what records need into memory and folds them there. Nothing is written here, except where a record cannot be
 * folded before something else is in the stores.
 */
export class RecordFold {
  readonly #ports: FlushPorts
  readonly #settings: ActivitySettings
  readonly #seams: Seams
  readonly #metrics: FoldMetrics
  readonly #states: ReadonlyMap<Partition, PartitionState>
  readonly #flusher: Flusher
  readonly #due: Due
  readonly #persist: Persist
  readonly #poison: Poison
  readonly #stop: AbortSignal
  readonly #loader: ReturnType<typeof createLoader>
  readonly #deletions: ReturnType<typeof createDeletionFold>

  constructor(ports: FlushPorts, settings: ActivitySettings, seams: Seams, metrics: FoldMetrics, parts: FoldParts) {
    this.#ports = ports
    this.#settings = settings
    this.#seams = seams
    this.#metrics = metrics
    this.#states = parts.states
    this.#flusher = parts.flusher
    this.#due = parts.due
    this.#persist = parts.persist
    this.#poison = parts.poison
    this.#stop = parts.stop
    this.#loader = createLoader(ports, settings, () => seams.clock.monotonic())
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

  /** Folds them one by one, in their order. Those of partitions that are not among the states are passed over. */
  async fold(records: readonly LogRecord[]): Promise<void> {
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
        const isAlone = this.#poison.isSuspect(record)
        if (isAlone) await this.#flusher.drain()
        try {
          const reason = this.#poison.reasonOf(record)
          if (reason !== undefined) await this.#park(record, reason)
          else if (!this.#poison.isAside(record)) {
            if (!isPrepared) await this.#load(state, [record])
            const step = this.#foldAtOnce(state, record)
            if (step?.step !== 'done') await this.#foldInSteps(state, record, step)
            if (isAlone) await this.#write(state, record)
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

  async #write(state: PartitionState, { value }: LogRecord): Promise<void> {
    const user = state.users.get(userOf(value))
    if (user) await this.#flusher.flushNow(user)
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
    this.#poison.setAside(record)
    this.#metrics.parked(record, reason)
  }

  /** A store that fails is not the record's fault, in whatever words it says so. */
  async #blame(record: LogRecord, error: unknown): Promise<void> {
    if (this.#stop.aborted) return
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
}
