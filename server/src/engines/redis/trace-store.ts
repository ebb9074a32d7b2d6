import type { EventOp, EventType, JsonObject, ObjectType } from '@headwater/protocol'
import type { EventId, UserId } from '../../model/ids.ts'
import type { EventTrace, TraceState, TraceStore } from '../../ports/trace-store.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisFunctions } from './functions.ts'
import type { RedisLimits } from './settings.ts'

/** One text per event id; what became of an event is forgotten by the time to live, so a purge only says from when on to show. */
export function redisTraceStore(
  connection: RedisConnection,
  functions: RedisFunctions,
  { prefix, traceTtlMs, traceShare }: RedisLimits,
): TraceStore {
  const keyOf = (eventId: EventId) => `${prefix}:t:{${eventId}}`
  const purgedKey = `${prefix}:purged`

  return {
    async put(traces) {
      const kept = traceShare >= 1 ? traces : traces.filter(({ event }) => isKept(event.eventId, traceShare))
      const keys = kept.map(({ event }) => keyOf(event.eventId))
      await functions.each('traces_put', keys, [String(traceTtlMs)], kept.flatMap(lineOf))
    },

    async get(eventId) {
      const [text, purged] = await Promise.all([
        connection.call<string | null>(['GET', keyOf(eventId)]),
        connection.call<string | null>(['GET', purgedKey]),
      ])
      if (text === null) return []
      const traces = text.split('\n').map((line) => unpack(eventId, line))
      return traces.filter(({ acceptedAt }) => acceptedAt >= Number(purged ?? 0))
    },

    async purge(before) {
      await connection.call(['SET', purgedKey, String(before), 'PX', String(traceTtlMs)])
    },

    async [Symbol.asyncDispose]() {},
  }
}

/** The last digits of an event id are chance, so each server keeps the same events. */
const isKept = (eventId: EventId, share: number): boolean => Number.parseInt(eventId.slice(-6), 16) / 2 ** 24 < share

/** Without the names of their fields; times but the event's count from `acceptedAt`. */
type Packed = readonly [
  user: UserId,
  TraceState,
  reason: string | null,
  seq: number,
  groupId: string | null,
  acceptedAt: number,
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
  JsonObject,
]

/** The line of a trace, and how much of it says whose it is. */
function lineOf({ event, user, acceptedAt, ...trace }: EventTrace): readonly [line: string, width: string] {
  const packed: Packed = [
    user,
    trace.state,
    trace.reason,
    trace.seq,
    trace.groupId,
    acceptedAt,
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
    event.metadata,
  ]
  const width = 1 + Buffer.byteLength(`[${JSON.stringify(user)},`)
  return [(trace.state === 'pending' ? 'p' : 'f') + JSON.stringify(packed), String(width)]
}

function unpack(eventId: EventId, line: string): EventTrace {
  const [user, state, reason, seq, groupId, acceptedAt, written, pushed, queued, ...rest] = JSON.parse(
    line.slice(1),
  ) as Packed
  const [eventType, verb, actor, targetUser, objectType, objectId, createdAt, op, metadata] = rest
  const target = targetUser === 0 ? user : targetUser
  return {
    event: { eventId, eventType, verb, actor, targetUser: target, objectType, objectId, metadata, createdAt, op },
    user,
    seq,
    state,
    reason,
    groupId,
    acceptedAt,
    writtenAt: plus(written, acceptedAt),
    pushedAt: plus(pushed, acceptedAt),
    queuedAt: plus(queued, acceptedAt),
  }
}

const minus = (time: number | null, from: number): number | null => (time === null ? null : time - from)
const plus = (after: number | null, from: number): number | null => (after === null ? null : from + after)
