import type { IncomingMessage, Server } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { HeadwaterError } from '../lib/error.ts'
import { headersMax, repeatedHeader } from '../lib/header-lines.ts'

/** What holds for every request before anybody looks at what it asks for. */

export const urlLengthMax = 8_192
const secretParameters = /[?&](?:token|access_token|api_key|apikey|authorization|jwt|key|secret)=/i

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

export function checkEnvelope({ url, headers, raw }: FastifyRequest): void {
  if (url.length > urlLengthMax) throw new HeadwaterError('uri_too_long')
  if (raw.rawHeaders.length > headersMax * 2) throw new HeadwaterError('headers_too_large')
  if (secretParameters.test(url)) throw invalid('Keys and tokens belong in the Authorization header.')
  const repeated = repeatedHeader(raw.rawHeaders)
  if (repeated !== undefined) throw invalid(`The header ${repeated} was sent more than once.`)
  if (headers.host === undefined && raw.httpVersion !== '1.0') throw invalid('The header Host is missing.')
  checkCodings(headers)
}

/** Nothing is decoded here, so a body in a coding is not what its Content-Type says. */
function checkCodings(headers: FastifyRequest['headers']): void {
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked') {
    throw invalid('Of the transfer codings only chunked is taken.')
  }
  const content = headers['content-encoding']
  if (content !== undefined && content.trim().toLowerCase() !== 'identity') {
    throw new HeadwaterError('unsupported_media_type', { detail: 'Bodies are taken without a Content-Encoding.' })
  }
}

const invalid = (detail: string): HeadwaterError => new HeadwaterError('invalid_request', { detail })
