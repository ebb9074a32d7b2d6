import type { IncomingMessage } from 'node:http'
import { type EventsAccepted, limits } from '@headwater/protocol'
import { bearerOf } from '../access/bearer.ts'
import type { Quickly } from './app.ts'
import { degradedHeader, namedIn, partsMissed } from './degraded.ts'
import type { Refuse } from './events.ts'
import { type EventsBody, readJsonEvents } from './events-body.ts'
import { boundsOfItems, jsonContentPattern, parseJson } from './json-body.ts'
import { headersThatMatter } from './plain-headers.ts'
import type { AnswerQuickly } from './quick-pages.ts'
import { jsonType, securityHeaders } from './security-headers.ts'

/**
 * Events of the customer's server in plain JSON, taken in without the framework, whose way costs as much as five events
 * do. Whatever is not plain is left to the route before anything is read. A body that is not taken in goes to the route
 * as well, with the refusal that it is to give: so every answer is the same to the byte.
 */
export interface QuickEventDependencies
  extends Pick<
    Quickly,
    'access' | 'hasCorsOrigins' | 'monotonic' | 'failing' | 'isLastAnswer' | 'reserveBody' | 'turns'
  > {
  /** Throws when nothing is taken in at the moment. */
  readonly checkRoom: (waitedMs: number) => void
  readonly takeIn: (body: EventsBody, bytes: number) => Promise<EventsAccepted | Refuse>
  /** What the route says when it is asked next. */
  readonly onRefused: (request: IncomingMessage, refuse: Refuse) => void
  readonly onAnswered: (elapsedMs: number) => void
}

const headerNames = ['authorization', 'content-type', 'content-length', 'accept-language'] as const

export function createQuickEvents(dependencies: QuickEventDependencies): AnswerQuickly {
  const { access, hasCorsOrigins, monotonic, failing, isLastAnswer, reserveBody, turns } = dependencies
  const { checkRoom, takeIn, onRefused, onAnswered } = dependencies
  const always = [...securityHeaders.flat(), ...(hasCorsOrigins ? ['vary', 'Origin'] : []), 'content-type', jsonType]

  return function answerQuickly(request, response, otherwise) {
    if (request.method !== 'POST' || request.url !== '/v1/events' || request.httpVersion !== '1.1') return false
    const headers = headersOf(request.rawHeaders, hasCorsOrigins)
    if (!headers) return false
    const credential = bearerOf(headers.authorization)
    const known = credential === undefined ? undefined : access.authenticate(credential)
    if (!known?.ok || known.principal.kind !== 'server') return false
    const release = reserveBody(known.principal, request.headers)
    if (!release) return false
    response.once('close', release)
    const startedAt = monotonic()
    try {
      checkRoom(turns.waitedMs)
    } catch (error) {
      refuse(failedWith(error))
      return true
    }
    readBody(request, headers.bytes, (bytes) => turns.take(bytes.length, () => take(bytes)))
    return true

    function take(bytes: Buffer): void {
      let body: EventsBody
      try {
        body = readJsonEvents(parseJson(bytes, boundsOfItems))
      } catch (error) {
        // As the framework does behind every body that it could not read.
        refuse((reply) => failedWith(error)(reply.header('connection', 'close')))
        return
      }
      takeIn(body, bytes.length)
        .then(
          (answer) => (typeof answer === 'function' ? refuse(answer) : send(answer)),
          (error: unknown) => refuse(failedWith(error)),
        )
        .catch(() => response.destroy())
    }

    /** The route counts the body again. */
    function refuse(how: Refuse): void {
      response.off('close', release as () => void)
      release?.()
      onRefused(request, how)
      otherwise()
    }

    function send(answer: EventsAccepted): void {
      const missed = partsMissed('POST', failing())
      const plain = JSON.stringify(answer)
      const text = missed.length > 0 ? namedIn(plain, missed) : plain
      const more = missed.length > 0 ? [degradedHeader, missed.join(', ')] : []
      if (isLastAnswer(request)) more.push('connection', 'close')
      response.writeHead(202, [...always, ...more, 'content-length', String(Buffer.byteLength(text))])
      // A text leaves in one piece with the headers.
      response.end(text)
      onAnswered(monotonic() - startedAt)
    }
  }
}

const failedWith =
  (error: unknown): Refuse =>
  () => {
    throw error
  }

/** Node takes no more and no less than `Content-Length` says; of a caller who hangs up halfway no end is heard. */
function readBody(request: IncomingMessage, length: number, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => then(Buffer.concat(chunks, length)))
}

/** Of a body in plain JSON with a length. Who asks in which language does not matter to the answer. */
function headersOf(raw: readonly string[], hasCorsOrigins: boolean) {
  const headers = headersThatMatter(raw, headerNames, hasCorsOrigins)
  const authorization = headers?.authorization
  const contentType = headers?.['content-type']
  if (authorization === undefined || contentType === undefined) return undefined
  const bytes = Number(headers?.['content-length'])
  if (!(bytes > 0 && bytes <= limits.bodyBytes) || !jsonContentPattern.test(contentType)) return undefined
  return { authorization, bytes }
}
