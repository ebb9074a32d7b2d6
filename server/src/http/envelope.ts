import type { IncomingMessage, Server } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HeadwaterError } from '../lib/error.ts'
import { headersMax, repeatedHeader } from '../lib/header-lines.ts'
import { invalidField } from './problem.ts'

/** What holds for every request before anybody looks at what it asks for. */

export const urlLengthMax = 8_192
const secretParameters = /[?&](token|access_token|api_key|apikey|authorization|jwt|key|secret)=/i

/** Options of Node's server, which would otherwise answer in its own words: without a body, or not at all. */
export const serverOptions = {
  requireHostHeader: false,
  // Clients that offer HTTP/2 beside their request are answered in HTTP/1.1, as if they had not.
  shouldUpgradeCallback: ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket',
}

/** An `Expect` that nobody knows may be passed over (RFC 9110, section 10.1.1). */
export function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request, reply) => server.emit('request', request, reply))
}

/** Refuses what another program may have read otherwise, and hangs up: who knows where the next request begins. */
export function checkEnvelope(request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(request)
  if (!refusal) return
  reply.header('connection', 'close')
  throw refusal
}

function refusalOf({ url, headers, raw }: FastifyRequest): HeadwaterError | undefined {
  if (url.length > urlLengthMax) return new HeadwaterError('uri_too_long')
  if (raw.rawHeaders.length > headersMax * 2) return new HeadwaterError('headers_too_large')
  const repeated = repeatedHeader(raw.rawHeaders)
  if (repeated !== undefined) return invalid(`The header ${repeated} was sent more than once.`)
  if (headers.host === undefined && raw.httpVersion !== '1.0') return invalid('The header Host is missing.')
  return codingRefusal(headers)
}

/** Asked once it is known who calls: without a key the answer is that one is wanted. */
export function refuseSecrets({ url }: FastifyRequest): void {
  const name = secretParameters.exec(url)?.[1]
  if (name === undefined) return
  throw invalidField(name, 'unknown_field', 'Keys and tokens belong in the Authorization header.')
}

/** Nothing is decoded here, so a body in a coding is not what its Content-Type says. */
function codingRefusal(headers: FastifyRequest['headers']): HeadwaterError | undefined {
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked') {
    return invalid('Of the transfer codings only chunked is taken.')
  }
  const content = headers['content-encoding']
  if (content !== undefined && content.trim().toLowerCase() !== 'identity') {
    return new HeadwaterError('unsupported_media_type', { detail: 'Bodies are taken without a Content-Encoding.' })
  }
  return undefined
}

const invalid = (detail: string): HeadwaterError => new HeadwaterError('invalid_request', { detail })
