import type { EventType, JsonObject, ObjectType } from './event.ts'

/** A user as shown to others. `name` is the id when the user was never put. */
export interface UserRef {
  readonly id: string
  readonly name: string
  readonly avatar_url: string | null
}

/** An actor of a group, with the time of the newest event that counts (milliseconds since 1970). */
export interface GroupActor extends UserRef {
  readonly acted_at: number
}

/**
 * Events folded under one target user, type, verb and object: "Mia, Ben and 12 others liked your post".
 * `seq` is the version of the group: of two states of one group the higher one holds.
 */
export interface ActivityGroup {
  readonly group_id: string
  readonly event_type: EventType
  /** Set with `CUSTOM`, else empty. */
  readonly verb: string
  readonly object_type: ObjectType
  readonly object_id: string
  /** Distinct actors whose newest event is an ADD. */
  readonly actor_count: number
  /** True past 100,000 actors, where the count is a HyperLogLog estimate. */
  readonly actor_count_is_estimate: boolean
  /** Actors who are new since the group was last seen. */
  readonly new_actor_count: number
  readonly event_count: number
  /** Up to three, newest first. */
  readonly top_actors: readonly UserRef[]
  /** One sentence in the reader's language. */
  readonly summary: string
  readonly latest_preview: string | null
  /** Metadata of the newest event. */
  readonly metadata: JsonObject
  readonly is_read: boolean
  readonly is_seen: boolean
  /** A closed group takes in no newer events; the next one opens a new group. */
  readonly is_closed: boolean
  readonly group_created_at: number
  readonly updated_at: number
  readonly seq: number
  /** Position of the newest actor who was new here: the group is read once a mark reaches it. Never above `seq`. */
  readonly unread_seq: number
}

/** The counts that every answer and frame about the activity stream carries. They count groups, exactly and uncapped. */
export interface Counts {
  readonly unread_count: number
  readonly unseen_count: number
}

/** The answer to `GET /v1/activities`, newest group first. */
export interface ActivityPage extends Counts {
  readonly activity_groups: readonly ActivityGroup[]
  /** Unread groups among the types asked for with `filter`. */
  readonly filtered_unread_count: number
  readonly epoch: string
  /** The position of the user's stream that the counts belong to; resume from it to hear of everything after. */
  readonly seq: number
  readonly next_cursor: string | null
  /** What was down when the page was made: without `users` there are ids in the place of names. Missing when all is well. */
  readonly degraded?: readonly string[]
}

/** The answer to marking groups read or seen. */
export interface MarkResult {
  readonly updated_unread_count: number
  readonly unseen_count: number
  /** The epoch of `seq`. Every answer of the server has it; it is missing only where the client answers by itself. */
  readonly epoch?: string
  readonly seq: number
  /** Ids that are no group of this user. */
  readonly not_found: readonly string[]
}
