import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpSettings } from './settings.ts'

/** As Fastify names the JSON that it makes itself. */
export const jsonType = 'application/json; charset=utf-8'

/** What no answer goes without. Pages with a look of their own set a wider `content-security-policy` first. */
export const securityHeaders = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cache-control', 'no-store'],
] as const

export function setSecurityHeaders(reply: FastifyReply): void {
  for (const [name, value] of securityHeaders) reply.header(name, value)
}

const allowedHeaders = 'Authorization, Content-Type, Idempotency-Key, X-User-Id, Accept-Language, Last-Event-ID'
const exposedHeaders =
  'RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Idempotency-Replayed, Headwater-Degraded'

/** Answers for origins that are listed, to the letter. Returns true when the request was a preflight, and is answered. */
export function createCors({ corsOrigins }: Pick<HttpSettings, 'corsOrigins'>) {
  const listed = new Set(corsOrigins)
  return function cors(request: FastifyRequest, reply: FastifyReply): boolean {
    if (listed.size === 0) return false
    reply.header('vary', 'Origin')
    const origin = request.headers.origin
    if (origin === undefined || !listed.has(origin)) return false
    reply.header('access-control-allow-origin', origin)
    reply.header('access-control-expose-headers', exposedHeaders)
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
    reply.header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE')
    reply.header('access-control-allow-headers', allowedHeaders)
    reply.header('access-control-max-age', '600')
    reply.code(204).send()
    return true
  }
}
