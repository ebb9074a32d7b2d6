import type { ActivityEvent } from './event.ts'
import type { GroupId, Offset, Partition, Seq, UserId } from './ids.ts'

/**
 * Everything that changes a user's stream is a record in the log, keyed by that user. The views are a function of these
 * records and their positions alone. A record changes one group at most, or marks: so every change has a position of its
 * own, and who resumes from one has missed none.
 */
export type LogValue =
  | { readonly kind: 'event'; readonly event: ActivityEvent }
  | MarkValue
  /** The group vanishes: its user deleted it, or its object is gone. */
  | { readonly kind: 'group_deleted'; readonly user: UserId; readonly groupId: GroupId }
  /** The actor's membership in the group vanishes: the actor's account was deleted. */
  | { readonly kind: 'actor_erased'; readonly user: UserId; readonly actor: UserId; readonly groupId: GroupId }
  /** The user's own account was deleted: the whole stream vanishes. */
  | { readonly kind: 'user_erased'; readonly user: UserId }
  /** The bytes cannot be read: parked with the reason, and passed over. */
  | { readonly kind: 'unreadable'; readonly user: UserId; readonly reason: string }

/** A mark covers a list of groups or, with `groupIds` null, all of them, up to `upTo`. Read implies seen. */
export interface MarkValue {
  readonly kind: 'mark'
  readonly user: UserId
  readonly mark: 'read' | 'seen'
  readonly groupIds: readonly GroupId[] | null
  readonly upTo: Seq
}

export interface LogRecord {
  readonly partition: Partition
  readonly offset: Offset
  /** Position in the stream of the user that the record is keyed by. */
  readonly seq: Seq
  /** When the log took it, milliseconds since 1970. Part of the record: a replay sees the same. */
  readonly appendedAt: number
  readonly value: LogValue
}

/**
 * Whether the log may turn it away while too much waits for the workers. A deletion it may not: a worker appends one when it
 * finds that an object was deleted before the group about it opened, and would wait for a room that it alone can make.
 */
export const canBeRefused = ({ kind }: LogValue): boolean => kind !== 'group_deleted'

export const userOf = (value: LogValue): UserId => (value.kind === 'event' ? value.event.targetUser : value.user)
