/**
 * Tickets that have opened a stream. They are good for seconds, so it may be lost with what is in flight.
 *
 * Promises, each a case in conformance/used-tickets.ts:
 * - A ticket is used once, whichever server it is shown to.
 * - Of many who show it at the same time one alone is let in.
 */
export interface UsedTickets extends AsyncDisposable {
  /** True for the first who asks; remembered for `ttlMs` at least. Rejects when it cannot be known. */
  use(ticketId: string, ttlMs: number): Promise<boolean>
}
