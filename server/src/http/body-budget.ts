import type { IncomingHttpHeaders } from 'node:http'
import { limits } from '@headwater/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../access/principal.ts'
import { HeadwaterError } from '../lib/error.ts'

/** Of all users together; one of them may have so many of the longest bodies under way. */
const bodiesOfOneUser = 2

/**
 * Bounds what bodies take while they arrive and are worked on. Nothing else does: a body is kept in memory from its first
 * byte on, and there may be as many connections as there are descriptors. Decided from the headers, before a byte of the
 * body is kept, with a budget for the customer's server and one for all users, so that neither takes from the other.
 */
export function createBodyBudget(maxBytes: number): ReserveBody {
  const total = { server: 0, user: 0 }
  const ofUser = new Map<string, number>()

  return function reserve(principal, headers) {
    const bytes = bytesOf(headers)
    if (bytes === 0) return nothing
    const kind = principal?.kind ?? 'user'
    const user = principal?.kind === 'user' ? principal.user : undefined
    const own = user === undefined ? 0 : (ofUser.get(user) ?? 0)
    const isFull = total[kind] > 0 && total[kind] + bytes > maxBytes
    if (isFull || (own > 0 && own + bytes > bodiesOfOneUser * limits.bodyBytes)) return undefined
    total[kind] += bytes
    if (user !== undefined) ofUser.set(user, own + bytes)
    return () => {
      total[kind] -= bytes
      if (user === undefined) return
      const left = (ofUser.get(user) ?? 0) - bytes
      if (left > 0) ofUser.set(user, left)
      else ofUser.delete(user)
    }
  }
}

/** Counts a body among those under way, until the function that it gives is called; `undefined` = there is no room. */
export type ReserveBody = (principal: Principal | undefined, headers: IncomingHttpHeaders) => (() => void) | undefined

const nothing = () => {}

export function createBodyReservation(reserve: ReserveBody) {
  return function reserveBody({ principal, headers }: FastifyRequest, reply: FastifyReply): void {
    const release = reserve(principal, headers)
    if (!release) {
      // The body is not read, so nobody knows where the next request begins.
      reply.header('connection', 'close')
      throw new HeadwaterError('overloaded', { detail: 'Too much is on its way to the server.', retryAfterS: 1 })
    }
    // Comes once, also when the caller hangs up halfway.
    if (release !== nothing) reply.raw.once('close', release)
  }
}

/** Chunked bodies do not say how long they are; they count as the longest that is taken. */
export function bytesOf(headers: IncomingHttpHeaders): number {
  if (headers['transfer-encoding'] !== undefined) return limits.bodyBytes
  const length = Number(headers['content-length'] ?? 0)
  return Number.isSafeInteger(length) ? Math.min(length, limits.bodyBytes) : limits.bodyBytes
}
