import type { EventOp, EventType, JsonObject, ObjectType } from '@headwater/protocol'
import type { EventId, GroupId, Seq, UserId } from './ids.ts'

/**
 * What is known of one actor in one group: a last-writer-wins register ordered by `(createdAt, eventId, op)`.
 * A newer one replaces an older one, so duplicates and replays change nothing.
 */
export interface Register {
  readonly actor: UserId
  readonly createdAt: number
  readonly eventId: EventId
  readonly op: EventOp
  /** Position of the record that set it: stores let an older position never replace a newer one. */
  readonly seq: Seq
  /** Position of the actor's first ADD in this group; 0 while there was none. */
  readonly firstSeq: Seq
}

/** The rules a group was opened under; a change of configuration reaches only groups opened later. */
export interface GroupRules {
  /** The group takes in events of its key whose `createdAt` lies within this of its own. */
  readonly closeAfterMs: number
  /** A new actor makes a read group unread again. */
  readonly reopenReadGroups: boolean
}

/** How many of the actors who count came first at positions up to `upTo`, and after the span before it. */
export interface FirstSeqSpan {
  upTo: Seq
  actors: number
  /** How many came, counting those who left again: what closes a span. */
  came: number
}

/**
 * One group as a store keeps it. All of it follows from the log; nothing in it depends on clocks or on how records were
 * grouped into flushes, save `pending`, which travels with the row until it is in the member table.
 */
export interface GroupRow {
  readonly user: UserId
  /** Sorts as groups are listed: newest `createdAt` first. */
  readonly groupId: GroupId
  readonly eventType: EventType
  readonly verb: string
  readonly objectType: ObjectType
  readonly objectId: string
  /** `group_created_at`: the `createdAt` of the event that opened it. */
  readonly createdAt: number
  readonly openedSeq: Seq
  readonly rules: GroupRules
  /** Position of the last record that changed this row: the fence. */
  readonly applied: Seq
  /** Position of the last change that a reader can see: the version on the wire. */
  readonly seq: Seq
  /** Position since which it has been listed without a break; 0 while it is hidden. */
  readonly visibleSince: Seq
  /** Position of the deletion by the user or of its object; 0 = alive. A deleted row is frozen. */
  readonly deletedSeq: Seq
  /** Position of the last ADD by an actor who was never in the group before. */
  readonly unreadSeq: Seq
  readonly actorCount: number
  readonly actorCountIsEstimate: boolean
  readonly eventCount: number
  /** The newest actors who count, newest first, at most `keptActors`: always the top of all of them. The first one's metadata is shown. */
  readonly newestActors: readonly NewestActor[]
  /** Spans of `firstSeq`, for "new since last seen" without counting members. */
  readonly firstSeqSpans: readonly FirstSeqSpan[]
  /** The newest `createdAt` of all events that changed the group. */
  readonly updatedAt: number
  /** Who was erased lately, by a hash: a register that a late write brings back is known to be a ghost. */
  readonly erasures: readonly Erasure[]
  /** HyperLogLog registers, base64; only past the exact limit. */
  readonly hyperLogLog: string | null
  /** Registers that changed and may not be in the member table yet. Members = table ∪ pending. */
  readonly pending: readonly Register[]
}

/** Registers of the actor up to `seq` are gone. */
export interface Erasure {
  readonly actorHash: string
  readonly seq: Seq
}

/** How many erasures a row remembers, the newest: late writes come soon or never. */
export const keptErasures = 64

/** An actor who counts, with what the newest ADD said. */
export interface NewestActor extends Register {
  /** Null where it is not kept: the actor was not among the newest, and is since so many of those took back. */
  readonly metadata: JsonObject | null
}

/** How many of the newest actors a row keeps: one who takes back uncovers the one before. */
export const keptActors = 10
/** How many changed registers a row carries at most in one flush. */
export const pendingMax = 2_000

export const isVisible = (row: Pick<GroupRow, 'actorCount' | 'deletedSeq'>): boolean =>
  row.actorCount > 0 && row.deletedSeq === 0

/** As clients are told of it: one created before `createdFrom` is past retention, and told as removed. */
export const toldAt = (row: GroupRow, createdFrom: number): GroupRow =>
  row.createdAt >= createdFrom ? row : { ...row, deletedSeq: row.deletedSeq || row.seq }

export const isClosed = (row: Pick<GroupRow, 'createdAt' | 'rules'>, now: number): boolean =>
  now >= row.createdAt + row.rules.closeAfterMs

/** The UTC month that a group is stored under, by `createdAt`: "2026-11" as 202611. */
export function monthOf(createdAt: number): number {
  const date = new Date(createdAt)
  return date.getUTCFullYear() * 100 + date.getUTCMonth() + 1
}
