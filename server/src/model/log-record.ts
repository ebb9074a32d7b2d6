import type { ObjectType } from '@headwater/protocol'
import type { ActivityEvent } from './event.ts'
import type { GroupId, Offset, Partition, Seq, UserId } from './ids.ts'

/**
 * Everything that changes a user's stream is a record in the log, keyed by that user. The views are a function of these
 * records and their positions alone.
 */
export type LogValue =
  | { readonly kind: 'event'; readonly event: ActivityEvent }
  | MarkValue
  | { readonly kind: 'group_deleted'; readonly user: UserId; readonly groupId: GroupId }
  | {
      readonly kind: 'object_deleted'
      readonly user: UserId
      readonly objectType: ObjectType
      readonly objectId: string
      /** Groups opened after it are another life of the object. */
      readonly deletedAt: number
    }
  /** The actor's memberships in these groups of the user vanish: the actor's account was deleted. */
  | {
      readonly kind: 'actor_erased'
      readonly user: UserId
      readonly actor: UserId
      readonly groupIds: readonly GroupId[]
    }
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

export const userOf = (value: LogValue): UserId => (value.kind === 'event' ? value.event.targetUser : value.user)
