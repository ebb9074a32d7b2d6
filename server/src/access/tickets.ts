import { LRUCache } from 'lru-cache'
import type { Clock, Random } from '../lib/seams.ts'
import type { Principal } from './principal.ts'

/**
 * Tickets for those who cannot send a header, such as a browser's `EventSource`: one use, 30 seconds. They live in the
 * memory of the server that gave them, so a stream is opened where its ticket came from.
 */
export interface Tickets {
  issue(principal: Principal): { readonly ticket: string; readonly expiresAt: number }
  /** The principal it was given to, once; `undefined` when it is unknown, used or late. */
  redeem(ticket: string): Principal | undefined
}

const ticketLifeMs = 30_000
const ticketsMax = 100_000

export function createTickets(clock: Clock, random: Random): Tickets {
  const open = new LRUCache<string, { principal: Principal; expiresAt: number }>({ max: ticketsMax })
  return {
    issue(principal) {
      const ticket = Buffer.from(random.bytes(24)).toString('base64url')
      const expiresAt = clock.now() + ticketLifeMs
      open.set(ticket, { principal, expiresAt })
      return { ticket, expiresAt }
    },
    redeem(ticket) {
      const found = open.get(ticket)
      open.delete(ticket)
      return found && clock.now() < found.expiresAt ? found.principal : undefined
    },
  }
}
