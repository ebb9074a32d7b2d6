import type { Clock } from '../../lib/seams.ts'
import type { UsedTickets } from '../../ports/used-tickets.ts'

/** When each may be forgotten, those that were used first in front. */
export type UsedTicketState = Map<string, number>

export function memoryUsedTickets(state: UsedTicketState, clock: Pick<Clock, 'now'>): UsedTickets {
  return {
    async use(ticketId, ttlMs) {
      const now = clock.now()
      for (const [id, until] of state) {
        if (until > now) break
        state.delete(id)
      }
      if (state.has(ticketId)) return false
      state.set(ticketId, now + ttlMs)
      return true
    },
    async [Symbol.asyncDispose]() {},
  }
}
