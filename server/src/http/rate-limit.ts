import type { FastifyReply, FastifyRequest } from 'fastify'
import { createRateLimiter, type RateVerdict } from '../access/rate-limits.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import type { HttpSettings } from './settings.ts'

/** Users with a token have two buckets, one for all requests and one for writes; the customer's server has none. */
export function createRateLimit(settings: HttpSettings, clock: Clock) {
  const requests = createRateLimiter(settings.userRequests, clock)
  const writes = createRateLimiter(settings.userWrites, clock)

  return function rateLimit(request: FastifyRequest, reply: FastifyReply): void {
    const principal = request.principal
    if (settings.rateLimits === 'off' || principal?.kind !== 'user') return
    let verdict = requests.take(principal.user)
    if (verdict.allowed && isWrite(request.method)) verdict = tighter(verdict, writes.take(principal.user))
    reply.header('ratelimit-limit', String(verdict.limit))
    reply.header('ratelimit-remaining', String(verdict.remaining))
    reply.header('ratelimit-reset', String(verdict.resetS))
    if (!verdict.allowed) throw new HeadwaterError('rate_limited', { retryAfterS: verdict.retryAfterS })
  }
}

const isWrite = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

const tighter = (a: RateVerdict, b: RateVerdict): RateVerdict => (b.remaining <= a.remaining || !b.allowed ? b : a)
