import type { IncomingMessage, ServerResponse } from 'node:http'
import { limits } from '@headwater/protocol'
import type { Access } from '../access/access.ts'
import { bearerOf } from '../access/bearer.ts'
import type { RateVerdict } from '../access/rate-limits.ts'
import type { ActivityReader, RenderPage } from '../activity/activity-api.ts'
import type { WishedLanguage } from '../model/wished-language.ts'
import type { PartName } from '../wrapped/watched-parts.ts'
import { degradedHeader, namedIn, partsMissed } from './degraded.ts'
import { headersThatMatter } from './plain-headers.ts'
import type { TakeRequest } from './rate-limit.ts'
import { jsonType, securityHeaders } from './security-headers.ts'

/**
 * A user's first page, the request that is made most, answered without the framework, whose routing, hooks and header
 * objects cost several times what a kept page does. Only what is plain is answered here: a GET of exactly this address with a good
 * token and headers that change nothing. Everything else, refusals included, is left to the route, which gives the same
 * answer to the byte.
 */
export interface QuickPageDependencies {
  readonly access: Access
  readonly reader: Pick<ActivityReader, 'keptPage' | 'firstPage'>
  readonly render: RenderPage
  readonly wishedLanguage: WishedLanguage
  readonly takeRequest: TakeRequest
  /** A request that was counted is left to the route after all. */
  readonly onCounted: (request: IncomingMessage, verdict: RateVerdict) => void
  /** Whether there are origins that other sites are read from: then every answer says that it depends on them. */
  readonly hasCorsOrigins: boolean
  /** What the route throws when it is asked next. */
  readonly onFailed: (request: IncomingMessage, error: unknown) => void
  /** Which parts fail at the moment. */
  readonly failing: () => readonly PartName[]
  /** Of its connection: while the server closes, also where the request came before. */
  readonly isLastAnswer: (request: IncomingMessage) => boolean
  readonly onAnswered: (status: number, elapsedMs: number) => void
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
}

/** Whether it takes the request on; `otherwise` answers it should the page fail. */
export type AnswerQuickly = (request: IncomingMessage, response: ServerResponse, otherwise: () => void) => boolean

const headerNames = ['authorization', 'accept-language'] as const
const address = /^\/v1\/activities(?:\?limit=([1-9]\d{0,2}))?$/

export function createQuickPages(dependencies: QuickPageDependencies): AnswerQuickly {
  const {
    access,
    reader,
    render,
    wishedLanguage,
    takeRequest,
    onCounted,
    hasCorsOrigins,
    onFailed,
    failing,
    isLastAnswer,
    onAnswered,
    monotonic,
  } = dependencies
  const always = [...securityHeaders.flat(), ...(hasCorsOrigins ? ['vary', 'Origin'] : []), 'content-type', jsonType]

  return function answerQuickly(request, response, otherwise) {
    const limit = limitOf(request)
    if (limit === undefined) return false
    const headers = headersThatMatter(request.rawHeaders, headerNames, hasCorsOrigins)
    if (headers?.authorization === undefined) return false
    const credential = bearerOf(headers.authorization)
    const known = credential === undefined ? undefined : access.authenticate(credential)
    if (!known?.ok || known.principal.kind !== 'user') return false
    const verdict = takeRequest(known.principal, 'GET')
    if (verdict?.allowed === false) return false
    const startedAt = monotonic()
    const { user } = known.principal
    const query = { limit, locale: wishedLanguage(headers['accept-language']) }
    const kept = reader.keptPage(user, query)
    if (kept) send(kept)
    else reader.firstPage(user, query, render).then(send, leave)
    return true

    function leave(error: unknown): void {
      onFailed(request, error)
      if (verdict) onCounted(request, verdict)
      otherwise()
    }

    function send(page: Uint8Array): void {
      try {
        sendPage(request, response, page, verdict)
        onAnswered(200, monotonic() - startedAt)
      } catch {
        response.destroy()
      }
    }
  }

  function sendPage(
    request: IncomingMessage,
    response: ServerResponse,
    page: Uint8Array,
    verdict: RateVerdict | undefined,
  ): void {
    const missed = partsMissed('GET', failing())
    const bytes = missed.length > 0 ? Buffer.from(namedIn(Buffer.from(page).toString(), missed)) : page
    const headers = [...always]
    if (verdict) {
      const { limit, remaining, resetS } = verdict
      headers.push('ratelimit-limit', String(limit), 'ratelimit-remaining', String(remaining))
      headers.push('ratelimit-reset', String(resetS))
    }
    if (missed.length > 0) headers.push(degradedHeader, missed.join(', '))
    if (isLastAnswer(request)) headers.push('connection', 'close')
    headers.push('content-length', String(bytes.byteLength))
    response.writeHead(200, headers)
    response.end(bytes)
  }
}

function limitOf({ method, url, httpVersion }: IncomingMessage): number | undefined {
  if (method !== 'GET' || httpVersion !== '1.1') return undefined
  const match = address.exec(url ?? '')
  if (!match) return undefined
  const limit = match[1] === undefined ? limits.pageSizeDefault : Number(match[1])
  return limit <= limits.pageSize ? limit : undefined
}
