import type { UserId } from '../model/ids.ts'

/**
 * Revoked tokens. Small, so each server holds all of them in memory and reads what is new.
 *
 * Promises, each a case in conformance/revocation-store.ts:
 * - A revocation that returned is still there after close and reopen.
 * - `since` gives every revocation once whose `order` is above the one named, in order.
 */
export interface RevocationStore extends AsyncDisposable {
  /** Refuses the tokens of a user issued at or before `at` (milliseconds), or one token; until `expiresAt` it is kept. */
  revoke(revocation: Omit<Revocation, 'order'>): Promise<Revocation>
  since(order: number): Promise<readonly Revocation[]>
  purge(now: number): Promise<void>
}

export interface Revocation {
  readonly order: number
  readonly userId: UserId | null
  readonly tokenId: string | null
  readonly at: number
  readonly expiresAt: number
}
