import type { DeviceId, UserId } from '../model/ids.ts'

/** Whose stream a socket shows, and until when it may. */
export interface SocketPrincipal {
  readonly user: UserId
  readonly tokenId: string | null
  readonly deviceId: DeviceId | null
  /** Milliseconds since 1970; `null` for an API key, which can not be revoked. */
  readonly issuedAtMs: number | null
  /** `null` for an API key and a ticket that it asked for. */
  readonly expiresAtMs: number | null
}

/** The first three have close codes of their own; the others are an API key without a user, or a token for another user. */
export type SocketRefusal = 'unauthenticated' | 'token_expired' | 'token_revoked' | 'user_required' | 'forbidden'

export type SocketVerdict =
  | { readonly principal: SocketPrincipal }
  | { readonly refused: SocketRefusal; readonly detail?: string }

/** What the gateway asks about credentials. Answered from memory, so that a storm of reconnects reaches no store. */
export interface SocketAccess {
  /** `token` is an API key, which needs `actingAs`, or a user's token, which allows no other user there. */
  verifyBearer(token: string, actingAs: UserId | null): SocketVerdict
  /** Once; `undefined` when the ticket is unknown, used or late. */
  redeemTicket(ticket: string): SocketPrincipal | undefined
  isRevoked(principal: SocketPrincipal): boolean
  /** Tells of every revocation after `isRevoked` knows of it. */
  onRevoked(listener: (revocation: SocketRevocation) => void): Disposable
}

export interface SocketRevocation {
  readonly userId: UserId | null
  readonly tokenId: string | null
}
