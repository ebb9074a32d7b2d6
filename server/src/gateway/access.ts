import type { SocketPrincipal } from '../access/for-sockets.ts'
import type { UserId } from '../model/ids.ts'

export type { SocketPrincipal }

/** The first three have close codes of their own; the others are an API key without a user, or a token for another user. */
export type SocketRefusal = 'unauthenticated' | 'token_expired' | 'token_revoked' | 'user_required' | 'forbidden'

export type SocketVerdict =
  | { readonly principal: SocketPrincipal }
  | { readonly refused: SocketRefusal; readonly detail?: string }

/** What the gateway asks about credentials. Tokens are answered from memory, so that a storm of reconnects reaches no store. */
export interface SocketAccess {
  /** `token` is an API key, which needs `actingAs`, or a user's token, which allows no other user there. */
  verifyBearer(token: string, actingAs: UserId | null): SocketVerdict
  /** Once; `undefined` when the ticket is unknown, used or late. Rejects when that cannot be known. */
  redeemTicket(ticket: string): Promise<SocketPrincipal | undefined>
  isRevoked(principal: SocketPrincipal): boolean
  /** Tells of every revocation after `isRevoked` knows of it. */
  onRevoked(listener: (revocation: SocketRevocation) => void): Disposable
}

export interface SocketRevocation {
  readonly userId: UserId | null
  readonly tokenId: string | null
}
