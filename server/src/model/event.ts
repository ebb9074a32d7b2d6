import type { EventOp, EventType, JsonObject, ObjectType } from '@headwater/protocol'
import type { EventId, UserId } from './ids.ts'

/** An event as the log holds it: checked, complete, immutable. */
export interface ActivityEvent {
  readonly eventId: EventId
  readonly eventType: EventType
  /** Empty unless `eventType` is CUSTOM. */
  readonly verb: string
  readonly actor: UserId
  readonly targetUser: UserId
  readonly objectType: ObjectType
  readonly objectId: string
  readonly metadata: JsonObject
  /** Milliseconds since 1970; `null` = the time at which the log took it. */
  readonly createdAt: number | null
  readonly op: EventOp
}

/** What an event is folded under, together with its target user. */
export interface GroupKey {
  readonly eventType: EventType
  readonly verb: string
  readonly objectType: ObjectType
  readonly objectId: string
}

/** Of keys about the same `objectId`. */
export const isSameKey = (a: Omit<GroupKey, 'objectId'>, b: Omit<GroupKey, 'objectId'>): boolean =>
  a.eventType === b.eventType && a.verb === b.verb && a.objectType === b.objectType

/** A key as text: unique, for maps and indexes. Event types and verbs hold no control characters. */
export const keyText = (key: GroupKey): string =>
  `${key.eventType}\u001f${key.verb}\u001f${key.objectType}\u001f${key.objectId}`

/** An object as text, for maps and indexes. */
export const objectText = (objectType: ObjectType, objectId: string): string => `${objectType}\u001f${objectId}`
