import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PartName } from '../wrapped/watched-parts.ts'

export const degradedHeader = 'headwater-degraded'

/** The parts that an answer to such a request may have been made without. Where others are down there is no answer. */
export function partsMissed(method: string, failing: readonly PartName[]): readonly PartName[] {
  if (failing.length === 0) return failing
  return failing.filter((part) => part === 'cache' || (part === 'users' && (method === 'GET' || method === 'HEAD')))
}

/** Names parts in a JSON object that is written already; anything else is left as it is. */
export function namedIn(body: string, parts: readonly PartName[]): string {
  if (!body.startsWith('{')) return body
  const field = `{"degraded":${JSON.stringify(parts)}`
  return body.length > 2 ? `${field},${body.slice(1)}` : `${field}}`
}

/** Says in header and body of an answer without which parts it was made. Returns what to send. */
export function tellDegraded(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  failing: readonly PartName[],
): unknown {
  const parts = partsMissed(request.method, failing)
  if (parts.length === 0 || reply.statusCode >= 300 || !request.url.startsWith('/v1/')) return payload
  reply.header(degradedHeader, parts.join(', '))
  if (!(typeof payload === 'string' || Buffer.isBuffer(payload)) || !isJson(reply)) return payload
  const named = namedIn(payload.toString(), parts)
  if (reply.hasHeader('content-length')) reply.header('content-length', String(Buffer.byteLength(named)))
  return named
}

const isJson = (reply: FastifyReply): boolean => /^application\/json\b/.test(String(reply.getHeader('content-type')))
