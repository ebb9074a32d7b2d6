import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HeadwaterError } from '../lib/error.ts'

/** The part of a pino logger that is used here. */
export interface RequestLog {
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

export const silentLog: RequestLog = { warn: () => {}, error: () => {} }

/** The route's pattern and never its address: ids, queries, headers and bodies stay out of the log. */
const fieldsOf = (request: FastifyRequest, status: number) => ({
  method: request.method,
  route: request.routeOptions.url ?? 'none',
  status,
  request_id: request.id,
})

/** Who is told to come back is counted in the metrics: a line for each would be the load that it is refused for. */
export function logFailure(log: RequestLog, request: FastifyRequest, error: HeadwaterError): void {
  if (error.status < 500 || error.code === 'overloaded') return
  log.error({ ...fieldsOf(request, error.status), code: error.code, err: error.cause ?? error }, 'a request failed')
}

export function warnSlow(log: RequestLog, method: string, route: string, status: number, elapsedMs: number): void {
  log.warn({ method, route, status, elapsed_ms: Math.round(elapsedMs) }, 'a request was slow')
}

export function logSlow(log: RequestLog, request: FastifyRequest, reply: FastifyReply, slowMs: number): void {
  if (request.routeOptions.config.streams && reply.statusCode === 200) return
  const elapsedMs = Math.round(reply.elapsedTime)
  if (elapsedMs > slowMs)
    log.warn({ ...fieldsOf(request, reply.statusCode), elapsed_ms: elapsedMs }, 'a request was slow')
}
