import type { EventTrace } from '../../model/event-trace.ts'
import type { EventId, UserId } from '../../model/ids.ts'
import { type PackedOutcome, type PackedRest, packTrace, unpackTrace } from '../../model/packed-trace.ts'
import type { TraceStore } from '../../ports/trace-store.ts'
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

/** A packed trace with whose it is in front, and when it was accepted among its fields. */
type Packed = readonly [user: UserId, ...PackedOutcome, acceptedAt: number, ...PackedRest]

/** The line of a trace, and how much of it says whose it is. */
function lineOf(trace: EventTrace): readonly [line: string, width: string] {
  const { user, acceptedAt } = trace
  const [state, reason, seq, groupId, ...rest] = packTrace(trace)
  const packed: Packed = [user, state, reason, seq, groupId, acceptedAt, ...rest]
  const width = 1 + Buffer.byteLength(`[${JSON.stringify(user)},`)
  return [(state === 'pending' ? 'p' : 'f') + JSON.stringify(packed), String(width)]
}

function unpack(eventId: EventId, line: string): EventTrace {
  const [user, state, reason, seq, groupId, acceptedAt, ...rest] = JSON.parse(line.slice(1)) as Packed
  return unpackTrace(eventId, user, acceptedAt, [state, reason, seq, groupId, ...rest])
}
