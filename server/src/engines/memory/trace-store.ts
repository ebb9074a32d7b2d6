import type { EventTrace } from '../../model/event-trace.ts'
import type { EventId, UserId } from '../../model/ids.ts'
import type { TraceStore } from '../../ports/trace-store.ts'

export type TraceState = Map<EventId, Map<UserId, EventTrace>>

export function memoryTraceStore(state: TraceState): TraceStore {
  return {
    async put(traces) {
      for (const trace of traces) {
        const byUser = state.get(trace.event.eventId) ?? new Map<UserId, EventTrace>()
        state.set(trace.event.eventId, byUser)
        const known = byUser.get(trace.user)
        if (!known || known.state === 'pending') byUser.set(trace.user, trace)
      }
    },

    async get(eventId) {
      return [...(state.get(eventId)?.values() ?? [])]
    },

    async purge(before) {
      for (const [eventId, byUser] of state) {
        for (const [user, trace] of byUser) if (trace.acceptedAt < before) byUser.delete(user)
        if (byUser.size === 0) state.delete(eventId)
      }
    },

    async [Symbol.asyncDispose]() {},
  }
}
