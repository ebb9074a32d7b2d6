import { limits, userIdPattern } from '@headwater/protocol'
import type { DeviceId, UserId } from '../model/ids.ts'

/** The customer's server, known by its API key. It may do everything, and may act for a user. */
export interface ServerPrincipal {
  readonly kind: 'server'
  readonly actingAs?: UserId
}

/** One user, known by a token. Times are milliseconds since 1970; `issuedAtMs` may be fractional. */
export interface UserPrincipal {
  readonly kind: 'user'
  readonly user: UserId
  readonly tokenId: string | null
  readonly deviceId: DeviceId | null
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

export type Principal = ServerPrincipal | UserPrincipal

/** The user this principal is or acts for. */
export const userOf = (principal: Principal): UserId | undefined =>
  principal.kind === 'user' ? principal.user : principal.actingAs

/** Whom cursors and idempotency records belong to: the user acted for, else the API key. */
export function principalName(principal: Principal): string {
  const user = userOf(principal)
  return user === undefined ? 'server' : `user:${user}`
}

export const isUserId = (text: string): boolean => userIdPattern.test(text)

const deviceIdPattern = new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${limits.deviceIdLength}}$`, 'u')
/** Stores keep it as text, and one of them takes no control characters: a name with one would be in the way of all others. */
export const isDeviceId = (value: unknown): value is DeviceId =>
  typeof value === 'string' && deviceIdPattern.test(value)
