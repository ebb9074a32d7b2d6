import type { ActivityGroup, EventType, GroupActor, MarkResult, ObjectType } from '@headwater/protocol'
import type { GroupRow } from '../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { MemberPosition } from '../ports/member-store.ts'
import type { StreamChange } from '../ports/pub-sub.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'

/** What the HTTP routes and the gateway ask of the activity stream. Users are checked by the caller; ids are not trusted. */
export interface ActivityReader {
  /** The wire's `epoch`. */
  readonly epoch: string
  /** One page, newest group first, from behind `after`. `next` is the id to go on behind, `null` at the end. */
  page(user: UserId, query: PageQuery): Promise<GroupPage>
  /**
   * The first page of all types as `render` makes it, which must be one function that depends on its arguments alone; the
   * same bytes again as long as nothing in the page changed.
   */
  firstPage(user: UserId, query: FirstPageQuery, render: RenderPage): Promise<Uint8Array>
  /** What `firstPage` would answer, where that is at hand. */
  keptPage(user: UserId, query: FirstPageQuery): Uint8Array | undefined
  group(
    user: UserId,
    groupId: GroupId,
    locale: string | null,
  ): Promise<{ group: ActivityGroup; badge: BadgeCounts } | undefined>
  actors(
    user: UserId,
    groupId: GroupId,
    after: MemberPosition | null,
    limit: number,
  ): Promise<{ actors: readonly GroupActor[]; next: MemberPosition | null } | undefined>
  /** The exact counts, and the position (`upTo`) they belong to. */
  badge(user: UserId): Promise<BadgeCounts>
}

export interface PageQuery {
  readonly after: GroupId | null
  readonly limit: number
  readonly types: readonly EventType[] | null
  /** BCP 47 tag to render summaries in; `null` = the user's own locale, else English. */
  readonly locale: string | null
}

export type FirstPageQuery = Pick<PageQuery, 'limit' | 'locale'>
export type RenderPage = (user: UserId, page: GroupPage) => Uint8Array

export interface GroupPage {
  readonly groups: readonly ActivityGroup[]
  readonly badge: BadgeCounts
  readonly filteredUnread: number
  readonly next: GroupId | null
}

export interface ReadState {
  /**
   * Marks groups, or all up to a position, read or seen. Ids may be group ids or ids of events inside a group. Throws
   * `not_found` when none of the ids is a group of this user.
   */
  mark(user: UserId, mark: 'read' | 'seen', scope: MarkRequest): Promise<MarkResult>
  /** Deletes one group for its user; false when there is none. */
  remove(user: UserId, groupId: GroupId): Promise<boolean>
}

export type MarkRequest =
  | { readonly groupIds: readonly string[] }
  | { readonly all: true; readonly upToSeq: Seq | null }

export interface Deletion {
  /** All groups about the object vanish for everyone. Resolves when that is durable and, if it comes soon, done. */
  deleteObject(objectType: ObjectType, objectId: string): Promise<void>
  /** The user's name vanishes at once; stream and memberships are swept in the background. False: nobody to delete. */
  eraseUser(user: UserId): Promise<boolean>
}

/** What a socket needs to start, to catch up and to show what changed. */
export interface ActivityStream {
  readonly epoch: string
  /** The exact counts at `atLeast` or later; left out: at the head as the store has it now. */
  badge(user: UserId, atLeast?: Seq): Promise<BadgeCounts>
  /**
   * What changed above `after`, in the order of `seq`, and `upTo`, the position that it is complete for: `after` itself
   * while what changed is only partly stored. A gap when not all of it can be known (more than 500 changes, or older than
   * what is kept).
   */
  since(
    user: UserId,
    after: Seq,
  ): Promise<{ readonly changes: readonly StreamChange[]; readonly upTo: Seq } | { readonly gap: true }>
  /** Where the offline queue starts: at most the newest 500 changes lie above it. */
  offlineStart(user: UserId): Promise<Seq>
  /** Cached heads, many users in one call; to notice lost hints. */
  heads(users: readonly UserId[]): Promise<readonly Seq[]>
  /** Groups as the wire shows them to their user, in the order of `rows`. Rows must be visible. */
  present(user: UserId, rows: readonly GroupRow[], locale: string | null): Promise<readonly ActivityGroup[]>
}
