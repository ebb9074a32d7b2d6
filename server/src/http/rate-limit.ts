import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../access/principal.ts'
import { createRateLimiter, type RateVerdict } from '../access/rate-limits.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import type { HttpSettings } from './settings.ts'

/** Takes one of what a caller may do; `undefined` = nothing is counted. */
export type TakeRequest = (principal: Principal, method: string) => RateVerdict | undefined

/** Whether requests of the customer's server are counted. */
export const limitsServer = ({ rateLimits, apiKeyRequestsPerS }: HttpSettings): boolean =>
  rateLimits === 'on' && apiKeyRequestsPerS > 0

/** Users have two buckets, one for all requests and one for writes; the customer's server has one, if any. */
export function createTakeRequest(settings: HttpSettings, clock: Clock): TakeRequest {
  const limiter = (perSecond: number, burst: number) =>
    settings.rateLimits === 'on' && perSecond > 0
      ? createRateLimiter({ perSecond, burst: Math.max(1, burst) }, clock)
      : undefined
  const requests = limiter(settings.userRequestsPerS, settings.userRequestBurst)
  const writes = limiter(settings.userWritesPerS, settings.userWriteBurst)
  const server = limiter(settings.apiKeyRequestsPerS, settings.apiKeyRequestBurst)

  return (principal, method) => {
    if (principal.kind === 'server') return server?.take('server')
    const verdict = requests?.take(principal.user)
    if (verdict?.allowed === false || !isWrite(method)) return verdict
    return tighter(verdict, writes?.take(principal.user))
  }
}

/** What is in `counted` already was taken before the framework saw it. */
export function createRateLimit(take: TakeRequest, counted: WeakMap<IncomingMessage, RateVerdict>) {
  return function rateLimit(request: FastifyRequest, reply: FastifyReply): void {
    const verdict = request.principal && (counted.get(request.raw) ?? take(request.principal, request.method))
    if (!verdict) return
    reply.header('ratelimit-limit', String(verdict.limit))
    reply.header('ratelimit-remaining', String(verdict.remaining))
    reply.header('ratelimit-reset', String(verdict.resetS))
    if (!verdict.allowed) throw new HeadwaterError('rate_limited', { retryAfterS: verdict.retryAfterS })
  }
}

const isWrite = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

function tighter(a: RateVerdict | undefined, b: RateVerdict | undefined): RateVerdict | undefined {
  if (!a || !b) return a ?? b
  return !b.allowed || b.remaining < a.remaining ? b : a
}
