import type { EventType, ObjectType } from '@headwater/protocol'
import { limits } from '@headwater/protocol'
import {
  type Erasure,
  type FirstSeqSpan,
  type GroupRow,
  type GroupRules,
  keptActors,
  keptErasures,
  monthOf,
  type NewestActor,
  pendingMax,
  type Register,
} from './activity-group.ts'
import { actorHashOf } from './erasure.ts'
import { type Estimate, estimateText, parseEstimate } from './estimate.ts'
import type { ActivityEvent, GroupKey } from './event.ts'
import { addFirst, adjustFirst } from './first-seq-spans.ts'
import { groupIdOf } from './group-id.ts'
import { HyperLogLog } from './hyper-log-log.ts'
import type { GroupId, Seq, UserId } from './ids.ts'
import { NewestFew } from './newest-few.ts'
import { isNewer } from './register.ts'
import { RidingRegisters } from './riding-registers.ts'
import { sharedMetadata } from './shared-metadata.ts'

/** How many registers an open group keeps in memory once they are stored. */
const registersMax = 20_000
/** So many are looked through; more are found by a map. Most groups never have more, and a map weighs as much as they do. */
const lookedThrough = 8

/** What a record did to a group: nothing, something no reader can see, or something one can. */
export type Change = 'none' | 'hidden' | 'visible'

/** An event as it is folded: complete, at its position. */
export interface PlacedEvent {
  readonly event: ActivityEvent
  readonly createdAt: number
  readonly seq: Seq
}

/**
 * A group held in memory while its window is open. Unless `complete`, an actor whose register is not known must be asked of
 * the member table before the actor is folded.
 */
export class OpenGroup {
  readonly user: UserId
  readonly groupId: GroupId
  readonly eventType: EventType
  readonly verb: string
  readonly objectType: ObjectType
  readonly objectId: string
  readonly createdAt: number
  readonly openedSeq: Seq
  readonly rules: GroupRules
  applied: Seq
  seq: Seq
  visibleSince: Seq
  deletedSeq: Seq
  unreadSeq: Seq
  actorCount: number
  eventCount: number
  updatedAt: number
  newestActors: NewestFew<NewestActor>
  firstSeqSpans: FirstSeqSpan[]
  erasures: readonly Erasure[]
  estimate: Estimate | null

  complete: boolean
  /** Nothing as long as what is known of actors is just what rides in the row, and that is little. */
  #registers: Map<UserId, Register | null> | null = null
  readonly #riding: RidingRegisters
  #month: number | undefined
  /** How often it was taken and not stored yet. */
  #onTheWay = 0

  private constructor(row: GroupRow, complete: boolean) {
    this.user = row.user
    this.groupId = row.groupId
    this.eventType = row.eventType
    this.verb = row.verb
    this.objectType = row.objectType
    this.objectId = row.objectId
    this.createdAt = row.createdAt
    this.openedSeq = row.openedSeq
    this.rules = row.rules
    this.applied = row.applied
    this.seq = row.seq
    this.visibleSince = row.visibleSince
    this.deletedSeq = row.deletedSeq
    this.unreadSeq = row.unreadSeq
    this.actorCount = row.actorCount
    this.eventCount = row.eventCount
    this.updatedAt = row.updatedAt
    this.newestActors = new NewestFew(keptActors, row.newestActors)
    this.firstSeqSpans = row.firstSeqSpans.map((span) => ({ ...span }))
    this.erasures = row.erasures
    this.estimate = row.hyperLogLog === null ? null : parseEstimate(row.hyperLogLog)
    this.complete = complete
    this.#riding = new RidingRegisters(row.pending, complete ? 0 : row.applied)
  }

  static fromRow(row: GroupRow): OpenGroup {
    return new OpenGroup(row, false)
  }

  static open(key: GroupKey, placed: PlacedEvent, rules: GroupRules): OpenGroup {
    const { event, createdAt, seq } = placed
    const row: GroupRow = {
      user: event.targetUser,
      groupId: groupIdOf(event.targetUser, key, createdAt, seq),
      eventType: key.eventType,
      verb: key.verb,
      objectType: key.objectType,
      objectId: key.objectId,
      createdAt,
      openedSeq: seq,
      rules,
      applied: seq,
      seq: 0,
      visibleSince: 0,
      deletedSeq: 0,
      unreadSeq: 0,
      actorCount: 0,
      actorCountIsEstimate: false,
      eventCount: 0,
      newestActors: [],
      firstSeqSpans: [],
      updatedAt: createdAt,
      erasures: [],
      hyperLogLog: null,
      pending: [],
    }
    return new OpenGroup(row, true)
  }

  /** As many registers ride in the row as it may carry, or more than that with those that were replaced. */
  get isLoaded(): boolean {
    return this.#riding.length >= pendingMax
  }

  /** The UTC month that the group is stored under. */
  get month(): number {
    this.#month ??= monthOf(this.createdAt)
    return this.#month
  }

  get visible(): boolean {
    return this.actorCount > 0 && this.deletedSeq === 0
  }

  get deleted(): boolean {
    return this.deletedSeq !== 0
  }

  /** True when folding this actor needs no question to the member table. */
  knows(actor: UserId): boolean {
    if (this.complete || this.estimate !== null) return true
    const map = this.#map
    return map ? map.has(actor) : this.#riding.of(actor) !== undefined
  }

  register(actor: UserId): Register | undefined {
    const map = this.#map
    return map ? (map.get(actor) ?? undefined) : this.#riding.of(actor)
  }

  get #map(): Map<UserId, Register | null> | null {
    return this.#registers ?? (this.#riding.length > lookedThrough ? this.registers : null)
  }

  /** What is known of actors; `null` = known to be absent. */
  get registers(): Map<UserId, Register | null> {
    if (!this.#registers) {
      this.#registers = new Map()
      for (const register of this.#riding.all()) this.#registers.set(register.actor, register)
    }
    return this.#registers
  }

  /** Too many actors for one more to be counted exactly: `startEstimate` must come first. */
  needsEstimate({ event }: PlacedEvent): boolean {
    return (
      this.estimate === null &&
      event.op === 'ADD' &&
      this.actorCount >= limits.exactActors &&
      this.register(event.actor)?.op !== 'ADD'
    )
  }

  /** The newest actors ran short by those who took back: `refill` must come before the next record. */
  get needsRefill(): boolean {
    return this.estimate === null && this.newestActors.length < 3 && this.actorCount > this.newestActors.length
  }

  apply(placed: PlacedEvent): Change {
    if (this.estimate) return placed.event.op === 'ADD' ? this.#addEstimated(placed, this.estimate) : 'none'
    const { event, createdAt } = placed
    const known = this.register(event.actor)
    if (known && !isNewer({ createdAt, eventId: event.eventId, op: event.op }, known)) return 'none'
    return event.op === 'ADD' ? this.#add(placed, known) : this.#undo(placed, known)
  }

  #add(placed: PlacedEvent, known: Register | undefined): Change {
    const { seq } = placed
    const cameBefore = known !== undefined && known.firstSeq !== 0
    const register = this.#setRegister(placed, cameBefore ? known.firstSeq : seq, known)
    this.eventCount++
    if (!cameBefore) {
      this.firstSeqSpans = addFirst(this.firstSeqSpans, seq)
      this.#raiseUnread(seq)
    } else if (known.op === 'UNDO') {
      adjustFirst(this.firstSeqSpans, known.firstSeq, 1)
    }
    if (known?.op !== 'ADD') this.actorCount++
    this.#keep(register, placed, known !== undefined)
    return this.#changed(placed)
  }

  #undo(placed: PlacedEvent, known: Register | undefined): Change {
    this.#setRegister(placed, known?.firstSeq ?? 0, known)
    if (known?.op !== 'ADD') {
      this.applied = placed.seq
      return 'hidden'
    }
    this.#uncount(known)
    return this.#changed(placed)
  }

  #addEstimated(placed: PlacedEvent, estimate: Estimate): Change {
    const { event, createdAt, seq } = placed
    const isNew = estimate.sketch.add(event.actor)
    this.eventCount++
    if (isNew) {
      this.actorCount = Math.max(this.actorCount, limits.exactActors + estimate.sketch.estimate() - estimate.base)
      this.firstSeqSpans = addFirst(this.firstSeqSpans, seq)
      this.#raiseUnread(seq)
    }
    const known = this.newestActors.of(event.actor)
    if (known && !isNewer({ createdAt, eventId: event.eventId, op: 'ADD' }, known)) return this.#changed(placed)
    const register: Register = {
      actor: event.actor,
      createdAt,
      eventId: event.eventId,
      op: 'ADD',
      seq,
      firstSeq: known?.firstSeq ?? seq,
    }
    // Members are written for those who page through them; nobody asks them for membership any more.
    this.#riding.add(register, null)
    this.#keep(register, placed, true)
    return this.#changed(placed)
  }

  /** From here on membership is not asked any more: the sketch of all who count takes over. */
  startEstimate(actors: Iterable<UserId>): void {
    const sketch = new HyperLogLog()
    for (const actor of actors) sketch.add(actor)
    this.estimate = { sketch, base: sketch.estimate() }
    this.registers.clear()
    this.complete = false
  }

  /** Puts the newest of all who count in place, newest first. */
  refill(newest: readonly Register[]): void {
    const kept = this.newestActors
    const actors = newest
      .slice(0, keptActors)
      .map((register) => kept.of(register.actor) ?? { ...register, metadata: null })
    this.newestActors = new NewestFew(keptActors, actors)
  }

  delete(seq: Seq): Change {
    if (this.deleted) return 'none'
    const wasVisible = this.visible
    this.deletedSeq = seq
    this.visibleSince = 0
    this.applied = seq
    if (!wasVisible) return 'hidden'
    this.seq = seq
    return 'visible'
  }

  /** An erased account leaves no trace of the actor; what it did stays in `eventCount` alone. */
  eraseActor(actor: UserId, seq: Seq): Change {
    const known = this.register(actor)
    this.registers.set(actor, null)
    this.#riding.forget(actor)
    if (!known && !this.newestActors.of(actor)) return 'none'
    const actorHash = actorHashOf(this.groupId, actor)
    this.erasures = [...this.erasures, { actorHash, seq }].slice(-keptErasures)
    const counted = known?.op === 'ADD' && !this.estimate
    if (counted) this.#uncount(known)
    else this.newestActors.remove(actor)
    this.applied = seq
    if (this.deleted || !(counted || this.estimate)) return 'hidden'
    this.seq = seq
    if (!this.visible) this.visibleSince = 0
    return 'visible'
  }

  /** Registers that changed since the row was last taken. */
  changed(): readonly Register[] {
    return this.#riding.changed()
  }

  /** The row is on its way to the stores, and where `copied` all that rode in it to the member table: `stored` follows. */
  taken(copied: boolean): void {
    // What does not ride any more is known all the same.
    if (copied) this.#registers = this.registers
    this.#riding.taken(copied, this.applied)
    this.#onTheWay++
  }

  /** What was taken is in the stores; a large group may ask the table again. */
  stored(): void {
    this.#onTheWay--
    if (this.#onTheWay > 0 || !this.#registers || this.#registers.size <= registersMax) return
    if (this.estimate) this.#registers.clear()
    else this.#registers = null
    this.complete = false
  }

  toRow(): GroupRow {
    return {
      user: this.user,
      groupId: this.groupId,
      eventType: this.eventType,
      verb: this.verb,
      objectType: this.objectType,
      objectId: this.objectId,
      createdAt: this.createdAt,
      openedSeq: this.openedSeq,
      rules: this.rules,
      applied: this.applied,
      seq: this.seq,
      visibleSince: this.visibleSince,
      deletedSeq: this.deletedSeq,
      unreadSeq: this.unreadSeq,
      actorCount: this.actorCount,
      actorCountIsEstimate: this.estimate !== null,
      eventCount: this.eventCount,
      newestActors: this.newestActors.list(),
      firstSeqSpans: this.firstSeqSpans.map((span) => ({ ...span })),
      updatedAt: this.updatedAt,
      erasures: this.erasures,
      hyperLogLog: this.estimate && estimateText(this.estimate),
      pending: this.#riding.all(),
    }
  }

  #setRegister({ event, createdAt, seq }: PlacedEvent, firstSeq: Seq, known: Register | undefined): Register {
    const register: Register = { actor: event.actor, createdAt, eventId: event.eventId, op: event.op, seq, firstSeq }
    this.#registers?.set(event.actor, register)
    this.#riding.add(register, known)
    return register
  }

  #raiseUnread(seq: Seq): void {
    if (this.rules.reopenReadGroups || this.unreadSeq === 0) this.unreadSeq = seq
  }

  #uncount(known: Register): void {
    this.actorCount--
    adjustFirst(this.firstSeqSpans, known.firstSeq, -1)
    this.newestActors.remove(known.actor)
  }

  /**
   * Keeps the newest actors the top of all who count: one who sorts behind them enters only when they are all others. Who
   * is new in the group is not among them. What is newer than everything in the group, as nearly all events are, needs no
   * look at who is there.
   */
  #keep({ actor, createdAt, eventId, op, seq, firstSeq }: Register, { event }: PlacedEvent, isKnown: boolean): void {
    const { newestActors } = this
    const metadata = sharedMetadata(newestActors.newest?.metadata, event.metadata)
    const newest = { actor, createdAt, eventId, op, seq, firstSeq, metadata }
    if (isKnown) newestActors.remove(actor)
    if (createdAt > this.updatedAt) newestActors.addNewest(newest)
    else newestActors.add(newest, newestActors.length !== this.actorCount - 1)
  }

  #changed({ createdAt, seq }: PlacedEvent): Change {
    this.applied = seq
    this.seq = seq
    this.updatedAt = Math.max(this.updatedAt, createdAt)
    if (!this.visible) this.visibleSince = 0
    else if (this.visibleSince === 0) this.visibleSince = seq
    return 'visible'
  }
}
