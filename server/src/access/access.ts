import type { IssuedToken } from '@headwater/protocol'
import { LRUCache } from 'lru-cache'
import type { Seams } from '../lib/seams.ts'
import { createUuidV7 } from '../lib/uuid.ts'
import type { DeviceId, UserId } from '../model/ids.ts'
import type { Revocation, RevocationStore } from '../ports/revocation-store.ts'
import type { UsedTickets } from '../ports/used-tickets.ts'
import { createApiKeys, digestOf } from './api-keys.ts'
import { checkToken, signToken, type TokenClaims, type TokenSecret, tokenSecret } from './jwt.ts'
import { type Principal, type UserPrincipal, userOf } from './principal.ts'
import { type Credential, openRevocations, revocationKeptMs } from './revocations.ts'
import { createTickets, type Tickets } from './tickets.ts'

export interface AccessSettings {
  readonly apiKeys: readonly string[]
  /** Tokens are signed with the first and may be signed with any: the second is the previous one, during a rotation. */
  readonly tokenSecrets: readonly string[]
}

/** Why a credential is refused. All of them are `401 unauthenticated` over HTTP; a socket closes with a code of its own. */
export type Refusal = 'invalid' | 'expired' | 'not_yet_valid' | 'revoked'

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  /** `detail` is for the caller; a text that is no token has none. */
  | { readonly ok: false; readonly reason: Refusal; readonly detail?: string }

export interface TokenRequest {
  readonly userId: UserId
  readonly ttlS: number
  readonly deviceId: DeviceId | null
  /** Left out: a new one. */
  readonly tokenId?: string
}

/** Who may come in. Everything that decides it is in memory, so that a storm of reconnects reaches no store. */
export interface Access extends AsyncDisposable {
  /** What follows `Bearer` in a header, or the `token` of an `auth` frame: an API key or a user's token. */
  authenticate(credential: string): Authentication
  /** Why a principal that came in earlier may not stay; `undefined` = it may. */
  refusal(principal: Principal): Refusal | undefined
  isRevoked(credential: Credential): boolean
  /** Called for every revocation, from here or another server: close the sockets that `isRevoked`. */
  onRevoked(listener: (revocation: Revocation) => void): Disposable
  issue(request: TokenRequest): Promise<IssuedToken>
  revoke(what: { readonly userId: UserId } | { readonly tokenId: string }): Promise<void>
  readonly tickets: Tickets
}

const verifiedMax = 20_000
/** In the year 5138; what is above was meant as milliseconds. */
const secondsMax = 1e11
/** Longer tokens are checked each time, so that the others take 20 MB at most. */
const verifiedLengthMax = 1_000

export async function openAccess(
  ports: { readonly revocations: RevocationStore; readonly usedTickets: UsedTickets },
  settings: AccessSettings,
  seams: Pick<Seams, 'clock' | 'scheduler' | 'random'>,
  onFailure: (error: unknown) => void = () => {},
): Promise<Access> {
  const { clock, random } = seams
  const isApiKey = createApiKeys(settings.apiKeys)
  const secrets = settings.tokenSecrets.map(tokenSecret)
  const newTokenId = createUuidV7(clock, random)
  const revocations = await openRevocations(ports.revocations, seams.scheduler, onFailure)
  // Keyed by the whole token or API key. How long a search takes tells nothing about those that are in here: texts are told
  // apart by their hashes, which V8 makes with a seed of each process.
  const verified = new LRUCache<string, Principal>({ max: verifiedMax })
  const remember = (credential: string, principal: Principal): void => {
    if (credential.length <= verifiedLengthMax) verified.set(credential, principal)
  }

  /** When something of this user is issued that is made, or first seen, now: not before a revocation by a faster clock. */
  const issuedNow = (user: UserId): number => Math.max(clock.now(), revocations.afterRevoked(user))

  const refusal = (principal: Principal): Refusal | undefined => {
    if (principal.kind === 'server') return undefined
    if (principal.expiresAtMs <= clock.now()) return 'expired'
    return revocations.isRevoked(principal) ? 'revoked' : undefined
  }

  const verify = (token: string): Authentication => {
    const check = checkToken(token, secrets, clock.now())
    if (!check.ok) return check
    const { claims } = check
    if (claims.exp > secondsMax) return { ok: false, reason: 'invalid', detail: 'exp is in seconds since 1970.' }
    const principal = principalOf(claims, issuedNow(claims.sub))
    remember(token, principal)
    return { ok: true, principal }
  }

  return {
    authenticate(credential) {
      // Not moved to the front: that would cost more than to check a token again once in a while.
      const known = verified.peek(credential)
      if (!known && isApiKey(digestOf(credential))) {
        const principal = { kind: 'server' } as const
        remember(credential, principal)
        return { ok: true, principal }
      }
      const result: Authentication = known ? { ok: true, principal: known } : verify(credential)
      if (!result.ok) return result
      const reason = refusal(result.principal)
      if (!reason) return result
      return { ok: false, reason, detail: reason === 'revoked' ? 'The token was revoked.' : 'The token has expired.' }
    },
    refusal,
    isRevoked: revocations.isRevoked,
    onRevoked: revocations.onRevoked,
    async issue({ userId, ttlS, deviceId, tokenId = newTokenId() }) {
      // A revocation made a moment ago on another server, perhaps by a faster clock, must not refuse this token.
      await revocations.refresh()
      const now = clock.now()
      const issuedAtMs = issuedNow(userId)
      const expiresAt = now + ttlS * 1000
      const claims = { sub: userId, iat: issuedAtMs / 1000, exp: expiresAt / 1000, jti: tokenId }
      const payload = deviceId === null ? claims : { ...claims, device_id: deviceId }
      const token = signToken(payload, secrets[0] as TokenSecret)
      return { token, token_id: tokenId, expires_at: expiresAt }
    },
    revoke: (what) => revocations.revoke(what, clock.now()),
    tickets: createTickets(settings.tokenSecrets, ports.usedTickets, clock, random, (principal) =>
      issuedNow(userOf(principal) ?? ''),
    ),
    [Symbol.asyncDispose]: () => revocations[Symbol.asyncDispose](),
  }
}

/** Fractions of a second are rounded to microseconds, which floating point would otherwise blur. */
const toMs = (seconds: number): number => Math.round(seconds * 1e6) / 1000

/**
 * A token that is from the future counts as issued when it was first seen, `issuedNow`, or a revocation would pass it by.
 * None is good for longer than revocations are kept, or one that was revoked would come back to life.
 */
const principalOf = ({ sub, iat, exp, jti, deviceId }: TokenClaims, issuedNow: number): UserPrincipal => ({
  kind: 'user',
  user: sub,
  tokenId: jti,
  deviceId,
  issuedAtMs: Math.min(toMs(iat), issuedNow),
  expiresAtMs: Math.min(toMs(exp), toMs(iat) + revocationKeptMs),
})
