import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { MarkChange, Marks } from '../model/marks.ts'

/**
 * Up to which position a user has read and seen what. Raised by the API when a mark is accepted and again by the worker
 * when it is folded: maxima, so neither order nor repetition matters.
 *
 * Promises, each a case in conformance/read-marks.ts:
 * - A raise that returned is still there after close and reopen, and seen by every read that starts later.
 * - A mark never goes back, in any order of raises.
 * - Read raises seen with it.
 * - Changes come in the order of `seq`, complete up to the limit, or as a gap.
 */
export interface ReadMarks extends AsyncDisposable {
  raise(changes: readonly { readonly user: UserId; readonly change: MarkChange }[]): Promise<void>
  /** The marks over all groups, and those of the groups named that have any. */
  get(user: UserId, groupIds: readonly GroupId[]): Promise<UserMarks>
  /** All marks of single groups above the marks over all: what a badge is made of. */
  above(user: UserId, after: Seq): Promise<UserMarks>
  /** Read and seen marks whose `seq` is above `after`, lowest first; a gap when there are more than `limit`. */
  changesSince(
    user: UserId,
    after: Seq,
    limit: number,
  ): Promise<{ readonly marks: readonly MarkEntry[] } | { readonly gap: true }>
  /**
   * Removes the marks of groups, or everything of a user; what is raised later has higher positions. With `upTo` marks of
   * later positions stay.
   */
  purge(user: UserId, groupIds: readonly GroupId[] | null, upTo?: Seq): Promise<void>
}

export interface UserMarks {
  readonly all: Marks
  readonly groups: ReadonlyMap<GroupId, Marks>
}

/** The state of one mark as it stands now; `groupId` null = over all groups. */
export interface MarkEntry {
  readonly groupId: GroupId | null
  readonly marks: Marks
}
