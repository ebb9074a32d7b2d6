import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type HttpErrorCode, httpErrors, type Problem } from '@headwater/protocol'

/** A request that gets no stream, and why. */
export interface Refusal {
  readonly code: HttpErrorCode
  readonly detail?: string
  readonly errors?: Problem['errors']
  readonly retryAfterS?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers an upgrade on the bare socket, and ends it. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const { status, title } = httpErrors[refusal.code]
  const body = problemText(refusal)
  const headers = { ...headersOf(refusal), connection: 'close', 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`)
}

export function refuseRequest(reply: ServerResponse, refusal: Refusal): void {
  reply.writeHead(httpErrors[refusal.code].status, headersOf(refusal))
  reply.end(problemText(refusal))
}

function headersOf({ code, retryAfterS, headers }: Refusal): Record<string, string> {
  const { status } = httpErrors[code]
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...((status === 429 || status === 503) && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterS ?? 1))) }),
    ...headers,
  }
}

function problemText({ code, detail, errors }: Refusal): string {
  const { status, title } = httpErrors[code]
  const problem: Problem = { type: `urn:headwater:error:${code}`, title, status, detail: detail ?? title, code }
  return JSON.stringify(errors ? { ...problem, errors } : problem)
}
