import type { DeviceId, UserId } from '../model/ids.ts'
import type { Access, Refusal } from './access.ts'
import { type Principal, userOf } from './principal.ts'

/** Whose stream a socket shows, and until when it may. */
export interface SocketPrincipal {
  readonly user: UserId
  readonly tokenId: string | null
  readonly deviceId: DeviceId | null
  /** Milliseconds since 1970; `null` for an API key, which cannot be revoked, while a ticket that it asked for can. */
  readonly issuedAtMs: number | null
  /** `null` for an API key and a ticket that it asked for. */
  readonly expiresAtMs: number | null
}

const refusals = {
  invalid: 'unauthenticated',
  not_yet_valid: 'unauthenticated',
  expired: 'token_expired',
  revoked: 'token_revoked',
} as const satisfies Record<Refusal, string>

/** Access in the words of sockets: always for one user, and with a reason that a close code can tell. */
export function socketAccess(access: Access) {
  const isRevoked = ({ user, tokenId, issuedAtMs }: SocketPrincipal): boolean =>
    issuedAtMs !== null && access.isRevoked({ user, tokenId, issuedAtMs })

  return {
    verifyBearer(token: string, actingAs: UserId | null) {
      const result = access.authenticate(token)
      if (!result.ok) {
        const { reason, detail } = result
        return { refused: refusals[reason], ...(detail !== undefined && { detail }) }
      }
      if (result.principal.kind === 'user' && actingAs !== null && actingAs !== result.principal.user) {
        return { refused: 'forbidden' as const }
      }
      const principal = socketPrincipal(result.principal, actingAs)
      return principal ? { principal } : { refused: 'user_required' as const }
    },
    async redeemTicket(ticket: string): Promise<SocketPrincipal | undefined> {
      const redeemed = await access.tickets.redeem(ticket)
      if (!redeemed || access.refusal(redeemed.principal)) return undefined
      const principal = socketPrincipal(redeemed.principal, null)
      // Whoever has it is a user, also where an API key asked for it.
      return principal && { ...principal, issuedAtMs: principal.issuedAtMs ?? redeemed.issuedAtMs }
    },
    isRevoked,
    onRevoked: access.onRevoked,
  }
}

function socketPrincipal(principal: Principal, actingAs: UserId | null): SocketPrincipal | undefined {
  if (principal.kind === 'user') {
    const { user, tokenId, deviceId, issuedAtMs, expiresAtMs } = principal
    return { user, tokenId, deviceId, issuedAtMs, expiresAtMs }
  }
  const user = actingAs ?? userOf(principal)
  return user === undefined ? undefined : { user, tokenId: null, deviceId: null, issuedAtMs: null, expiresAtMs: null }
}
