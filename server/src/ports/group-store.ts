import type { EventType } from '@headwater/protocol'
import type { GroupRow } from '../model/activity-group.ts'
import type { GroupKey } from '../model/event.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'

/**
 * The groups of each user and how far they are done. Written only by the owner of the user's partition.
 *
 * Promises, each a case in conformance/group-store.ts:
 * - A write that returned is still there after close and reopen.
 * - A row never replaces one whose `applied` is the same or newer; that is told as `ahead` and counts as written.
 * - The rows of one batch (one user, one month) are written together or not at all.
 * - A write whose outcome is unknown (`UnknownOutcome`) may be stored now or later; the same write again is safe.
 * - A head never goes back.
 * - A list is newest first by `groupId`, holds only visible rows, and a walk by `after` meets each row once that was there
 *   throughout, whatever is written meanwhile.
 * - Changes come in the order of `seq`, complete up to the limit, or as a gap; deleted and hidden rows are among them.
 * - Rows of a key come newest first: the newest ones, and those near the times that were asked for.
 */
export interface GroupStore extends AsyncDisposable {
  /** True when writes take effect in the order they were issued, none without those before it: no need to wait between. */
  readonly ordered: boolean
  /**
   * True when it cannot tell a row that was ahead from one that it wrote: the outcome is `written` always. It relies on it
   * that a position stands for one state: rows with the same `applied` are the same.
   */
  readonly blind?: boolean
  putGroups(batches: readonly GroupBatch[]): Promise<readonly (readonly PutOutcome[])[]>
  /** Up to which position the views of these users are complete. */
  putHeads(heads: readonly { readonly user: UserId; readonly head: Seq }[]): Promise<void>
  heads(users: readonly UserId[]): Promise<readonly Seq[]>
  /** What `heads` would tell, where that is known at once: kept in memory, no write of it under way. Left out: never. */
  headAtHand?(user: UserId): Seq | undefined
  get(ids: readonly { readonly user: UserId; readonly groupId: GroupId }[]): Promise<readonly (GroupRow | undefined)[]>
  /** With hidden and deleted rows: per ask the newest `newest` rows of the key and those created within `spanMs` of one of `times`. */
  ofKeys(asks: readonly KeyAsk[]): Promise<readonly (readonly GroupRow[])[]>
  /** Visible rows, without `pending`. */
  list(user: UserId, query: GroupQuery): Promise<readonly GroupRow[]>
  /** Rows whose `seq` is above `after`, lowest first, without `pending`; a gap when there are more than `limit`. */
  changesSince(
    user: UserId,
    after: Seq,
    limit: number,
  ): Promise<{ readonly rows: readonly GroupRow[] } | { readonly gap: true }>
  /** Visible rows created at or after `createdFrom` with `unreadSeq` above `after`: what a badge is made of. */
  unread(user: UserId, after: Seq, createdFrom: number): Promise<readonly UnreadRow[]>
  /**
   * Removes rows created before a time, with what the other stores hold of them, or everything of a user. With `upTo` what is
   * of a later position stays: rows by `applied`, and a head that is above it.
   */
  purge(what: { readonly createdBefore: number; readonly limit: number } | UserPurge): Promise<number>
}

export interface UserPurge {
  readonly user: UserId
  readonly upTo?: Seq
}

export interface GroupBatch {
  readonly user: UserId
  readonly month: number
  readonly rows: readonly GroupRow[]
}

export type PutOutcome = 'written' | 'ahead'

export interface KeyAsk {
  readonly user: UserId
  readonly key: GroupKey
  readonly newest: number
  readonly times: readonly number[]
  readonly spanMs: number
}

export interface GroupQuery {
  /** Rows behind this id; `null` = from the newest. */
  readonly after: GroupId | null
  /** Rows created before it are past retention. */
  readonly createdFrom: number
  /** `null` = all. */
  readonly types: readonly EventType[] | null
  readonly limit: number
}

export interface UnreadRow {
  readonly groupId: GroupId
  readonly eventType: EventType
  readonly createdAt: number
  readonly unreadSeq: Seq
}
