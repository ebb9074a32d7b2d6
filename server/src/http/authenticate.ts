import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Access } from '../access/access.ts'
import { bearerOf } from '../access/bearer.ts'
import { isUserId, type Principal } from '../access/principal.ts'
import { addressKey, createRateLimiter } from '../access/rate-limits.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import { isFromHere } from './from-here.ts'
import { invalidField } from './problem.ts'
import type { RequestLog } from './request-log.ts'
import type { HttpSettings } from './settings.ts'

/**
 * Who may call a route. Every route names one; a user that is acted for is asked for by `requireUser`. `serverFromAfar` is
 * for a server that is bound to loopback: who is on its machine needs nothing, whom a proxy brings there needs the API key.
 */
export type RouteAccess = 'public' | 'any' | 'server' | 'serverFromAfar'

/** Wrong keys from one address: a hundred at once, and a hundred a minute. */
const guesses = { perSecond: 100 / 60, burst: 100 }
const addressesMax = 20_000
/** What has the form of a JWT is no guess: nobody comes upon a signature, and a client with an old secret's token means no harm. */
const tokenForm = /^ey[\w-]+\.[\w-]+\.[\w-]+$/

/** Finds out who calls, before any of the body is read. */
export function createAuthenticate(
  access: Access,
  { rateLimits }: Pick<HttpSettings, 'rateLimits'>,
  clock: Clock,
  log: RequestLog,
) {
  const failures = createRateLimiter(guesses, clock, addressesMax)
  let isProxyTold = false

  /** Once: it does not change, and whoever guesses would fill the log. */
  const tellOfProxy = (request: FastifyRequest): void => {
    if (isProxyTold || request.headers['x-forwarded-for'] === undefined || request.ip !== peerOf(request)) return
    isProxyTold = true
    const proxy = request.ip
    log.warn({ proxy }, 'wrong keys of all clients of a proxy are counted as one: see http.trustedProxies')
  }

  /** Guesses are slowed down. */
  const refuse = (request: FastifyRequest, guessed: boolean, detail?: string): HeadwaterError => {
    if (guessed && rateLimits === 'on') {
      const { allowed, retryAfterS } = failures.take(addressKey(addressOf(request)))
      if (!allowed) {
        tellOfProxy(request)
        return new HeadwaterError('rate_limited', { detail: 'Too many wrong keys from here.', retryAfterS })
      }
    }
    return new HeadwaterError('unauthenticated', { ...(detail !== undefined && { detail }) })
  }

  return function authenticate(request: FastifyRequest): void {
    const wanted = request.routeOptions.config.access
    if (wanted === 'public' || (wanted === 'serverFromAfar' && isFromHere(request.raw))) return
    const header = request.headers.authorization
    if (header === undefined) throw refuse(request, false)
    const credential = bearerOf(header)
    if (credential === undefined) throw refuse(request, false)
    const result = access.authenticate(credential)
    if (!result.ok) throw refuse(request, !tokenForm.test(credential), result.detail)
    request.principal = withUserHeader(result.principal, request)
    if (wanted !== 'any' && result.principal.kind !== 'server') throw new HeadwaterError('forbidden')
  }
}

const peerOf = (request: FastifyRequest): string => request.raw.socket.remoteAddress ?? ''

/** The client's own, as far as proxies that are trusted tell it. A proxy may hand on whatever its client wrote. */
const addressOf = (request: FastifyRequest): string => (isIP(request.ip) === 0 ? peerOf(request) : request.ip)

/** The server acts for a user by naming one; a user can only be themselves. */
function withUserHeader(principal: Principal, request: FastifyRequest): Principal {
  const user = request.headers['x-user-id']
  if (user === undefined || user === '') return principal
  if (typeof user !== 'string' || !isUserId(user)) {
    throw invalidField('X-User-Id', 'invalid_id', 'X-User-Id must be one user id.')
  }
  if (principal.kind === 'server') return { kind: 'server', actingAs: user }
  if (principal.user === user) return principal
  throw new HeadwaterError('forbidden', { detail: 'Only an API key may act for another user.' })
}
