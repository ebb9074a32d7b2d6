import type { Register } from '../model/activity-group.ts'
import type { EventId, GroupId, Seq, UserId } from '../model/ids.ts'

/**
 * The registers of every actor of every group. What is still `pending` in a group's row is not in here yet; callers
 * unite the two. Where an actor is found is written before either.
 *
 * Promises, each a case in conformance/member-store.ts:
 * - A write that returned is still there after close and reopen.
 * - A register never replaces one with the same or a newer `seq`.
 * - A list holds each actor who counts once, newest first by `createdAt`, then by `eventId`; a walk by `after` meets each once.
 * - Counting first positions counts the actors who count and whose `firstSeq` lies in the span.
 * - Groups are found by the actors that were indexed and have a register, until they are erased; also by those who took back.
 * - Erasing an actor up to a position leaves a register that is newer.
 */
export interface MemberStore extends AsyncDisposable {
  /** Lets groups be found by these actors. Called before their registers are written, here or in the row. */
  index(batches: readonly MemberBatch[]): Promise<void>
  put(batches: readonly MemberBatch[]): Promise<void>
  registers(asks: readonly RegisterAsk[]): Promise<readonly (readonly Register[])[]>
  /** Registers that say ADD, newest first. */
  list(user: UserId, groupId: GroupId, after: MemberPosition | null, limit: number): Promise<readonly Register[]>
  /** How many count with `firstSeq` above `after` and at most `upTo`. */
  countFirst(user: UserId, groupId: GroupId, after: Seq, upTo: Seq): Promise<number>
  groupsOfActor(actor: UserId, after: ActorGroup | null, limit: number): Promise<readonly ActorGroup[]>
  /** Removes an actor from groups, or all members of groups. Registers that are put later have higher positions. */
  erase(what: readonly MemberErasure[]): Promise<void>
}

export interface MemberErasure {
  readonly user: UserId
  readonly groupId: GroupId
  /** Left out: all members of the group. */
  readonly actor?: UserId
  /** Only with `actor`: a register whose `seq` is above this stays. Left out: whatever it is. */
  readonly upTo?: Seq
}

export interface MemberBatch {
  readonly user: UserId
  readonly groupId: GroupId
  readonly registers: readonly Register[]
}

export interface RegisterAsk {
  readonly user: UserId
  readonly groupId: GroupId
  readonly actors: readonly UserId[]
}

/** Where a walk stands: behind the register with these. Descending `createdAt`, then `eventId`, then ascending actor. */
export interface MemberPosition {
  readonly createdAt: number
  readonly eventId: EventId
  readonly actor: UserId
}

export interface ActorGroup {
  readonly user: UserId
  readonly groupId: GroupId
}
