import type { EventType } from '@headwater/protocol'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { MarkChange, Marks } from '../model/marks.ts'
import type { UnreadRow } from './group-store.ts'

/**
 * The unread and unseen groups of users who are active, so that a badge costs no count. A cache: any set may vanish at
 * any time and is rebuilt from the stores.
 *
 * Promises, each a case in conformance/unread-sets.ts:
 * - Counts are exact for `upTo`, uncapped, and never negative.
 * - A flush at or below `upTo` changes nothing; one that does not continue from `upTo` drops the set.
 * - A group whose `unreadSeq` its marks cover is not in the set, whatever comes first, flush or mark.
 * - Groups created before `createdFrom` do not count, whatever it was before.
 * - Every change of one set is atomic.
 */
export interface UnreadSets extends AsyncDisposable {
  /** Takes in flushes of users who have a set; `undefined` for a user who has none (any more). */
  apply(flushes: readonly UnreadFlush[], createdFrom: number): Promise<readonly (BadgeCounts | undefined)[]>
  mark(user: UserId, changes: readonly MarkChange[], createdFrom: number): Promise<BadgeCounts | undefined>
  counts(user: UserId, createdFrom: number): Promise<BadgeCounts | undefined>
  /** No group that counts for this user was created before it; `undefined` without a set. Left out: not known. */
  oldestCounted?(user: UserId): number | undefined
  put(user: UserId, content: UnreadContent): Promise<void>
  drop(users: readonly UserId[]): Promise<void>
}

export interface UnreadFlush {
  readonly user: UserId
  /** The user's head before and after. */
  readonly from: Seq
  readonly to: Seq
  readonly groups: readonly (UnreadRow & { readonly visible: boolean })[]
  readonly marks: readonly MarkChange[]
}

export interface UnreadContent {
  readonly upTo: Seq
  readonly rows: readonly UnreadRow[]
  readonly all: Marks
  readonly marks: ReadonlyMap<GroupId, Marks>
}

export interface BadgeCounts {
  readonly upTo: Seq
  readonly unread: number
  readonly unseen: number
  readonly unreadByType: Readonly<Partial<Record<EventType, number>>>
}
