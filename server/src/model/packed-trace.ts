import type { EventOp, EventType, JsonObject, ObjectType } from '@headwater/protocol'
import type { EventTrace, TraceState } from './event-trace.ts'
import type { EventId, UserId } from './ids.ts'

/**
 * A trace as stores keep it, without the names of its fields; times but the event's count from `acceptedAt`. The event's
 * id, the user and `acceptedAt` are the store's to keep, and so is whether it writes metadata that has nothing in it.
 */
export type PackedTrace = readonly [...PackedOutcome, ...PackedRest]

export type PackedOutcome = readonly [TraceState, reason: string | null, seq: number, groupId: string | null]

export type PackedRest = readonly [
  writtenAfter: number | null,
  pushedAfter: number | null,
  queuedAfter: number | null,
  EventType,
  verb: string,
  actor: string,
  /** 0 = the user whose trace it is. */
  targetUser: string | 0,
  ObjectType,
  objectId: string,
  createdAt: number | null,
  EventOp,
  /** 0 = none. */
  metadata: JsonObject | 0,
]

export const packTrace = (
  { event, user, acceptedAt, ...trace }: EventTrace,
  metadata: JsonObject | 0 = event.metadata,
): PackedTrace => [
  trace.state,
  trace.reason,
  trace.seq,
  trace.groupId,
  minus(trace.writtenAt, acceptedAt),
  minus(trace.pushedAt, acceptedAt),
  minus(trace.queuedAt, acceptedAt),
  event.eventType,
  event.verb,
  event.actor,
  event.targetUser === user ? 0 : event.targetUser,
  event.objectType,
  event.objectId,
  event.createdAt,
  event.op,
  metadata,
]

export function unpackTrace(eventId: EventId, user: UserId, acceptedAt: number, packed: PackedTrace): EventTrace {
  const [state, reason, seq, groupId, writtenAfter, pushedAfter, queuedAfter, ...rest] = packed
  const [eventType, verb, actor, targetUser, objectType, objectId, createdAt, op, metadata] = rest
  const event = {
    eventId,
    eventType,
    verb,
    actor,
    targetUser: targetUser === 0 ? user : targetUser,
    objectType,
    objectId,
    metadata: metadata === 0 ? {} : metadata,
    createdAt,
    op,
  }
  return {
    event,
    user,
    seq,
    state,
    reason,
    groupId,
    acceptedAt,
    writtenAt: plus(writtenAfter, acceptedAt),
    pushedAt: plus(pushedAfter, acceptedAt),
    queuedAt: plus(queuedAfter, acceptedAt),
  }
}

const minus = (time: number | null, from: number): number | null => (time === null ? null : time - from)
const plus = (after: number | null, from: number): number | null => (after === null ? null : from + after)
