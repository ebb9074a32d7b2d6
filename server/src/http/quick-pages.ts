import type { IncomingMessage, ServerResponse } from 'node:http'
import { limits } from '@headwater/protocol'
import type { Access } from '../access/access.ts'
import type { ActivityReader, RenderPage } from '../activity/activity-api.ts'
import { headersMax } from '../lib/header-lines.ts'
import type { PartName } from '../ports/watched-parts.ts'
import { preferredLocale } from './accept-language.ts'
import { bearerPattern } from './authenticate.ts'
import { degradedHeader, namedIn, partsMissed } from './degraded.ts'
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
  readonly reader: Pick<ActivityReader, 'firstPage'>
  readonly render: RenderPage
  readonly takeRequest: TakeRequest
  /** Whether there are origins that other sites are read from: then every answer says that it depends on them. */
  readonly hasCorsOrigins: boolean
  /** Which parts fail at the moment. */
  readonly failing: () => readonly PartName[]
  readonly onAnswered: (status: number, elapsedMs: number) => void
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
}

/** Whether it takes the request on; `otherwise` answers it should the page fail. */
export type AnswerQuickly = (request: IncomingMessage, response: ServerResponse, otherwise: () => void) => boolean

const address = /^\/v1\/activities(?:\?limit=([1-9]\d{0,2}))?$/

/** What programs and browsers send that changes nothing about the answer. */
const plainHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-charset',
  'cache-control',
  'connection',
  'cookie',
  'dnt',
  'pragma',
  'priority',
  'referer',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
])

export function createQuickPages(dependencies: QuickPageDependencies): AnswerQuickly {
  const { access, reader, render, takeRequest, hasCorsOrigins, failing, onAnswered, monotonic } = dependencies
  const always = [...securityHeaders.flat(), ...(hasCorsOrigins ? ['vary', 'Origin'] : []), 'content-type', jsonType]

  return function answerQuickly(request, response, otherwise) {
    const limit = limitOf(request)
    if (limit === undefined) return false
    const headers = headersOf(request.rawHeaders, hasCorsOrigins)
    if (!headers) return false
    const credential = bearerPattern.exec(headers.authorization)?.[1]
    const known = credential === undefined ? undefined : access.authenticate(credential)
    if (!known?.ok || known.principal.kind !== 'user') return false
    const verdict = takeRequest(known.principal, 'GET')
    if (verdict?.allowed === false) return false
    const startedAt = monotonic()
    reader
      .firstPage(known.principal.user, { limit, locale: preferredLocale(headers.acceptLanguage) }, render)
      .then((page) => {
        const missed = partsMissed('GET', failing())
        const bytes = missed.length > 0 ? Buffer.from(namedIn(Buffer.from(page).toString(), missed)) : page
        const sent = verdict
          ? [
              'ratelimit-limit',
              String(verdict.limit),
              'ratelimit-remaining',
              String(verdict.remaining),
              'ratelimit-reset',
              String(verdict.resetS),
            ]
          : []
        if (missed.length > 0) sent.push(degradedHeader, missed.join(', '))
        response.writeHead(200, [...always, ...sent, 'content-length', String(bytes.byteLength)])
        response.end(bytes)
        onAnswered(200, monotonic() - startedAt)
      }, otherwise)
      .catch(() => response.destroy())
    return true
  }
}

function limitOf({ method, url, httpVersion }: IncomingMessage): number | undefined {
  if (method !== 'GET' || httpVersion !== '1.1') return undefined
  const match = address.exec(url ?? '')
  if (!match) return undefined
  const limit = match[1] === undefined ? limits.pageSizeDefault : Number(match[1])
  return limit <= limits.pageSize ? limit : undefined
}

/** The headers that matter; `undefined` when there is one that is not plain, or that may be there once and is there again. */
function headersOf(raw: readonly string[], hasCorsOrigins: boolean) {
  if (raw.length > headersMax * 2) return undefined
  let authorization: string | undefined
  let acceptLanguage: string | undefined
  let hosts = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (name === 'host') hosts++
    else if (name === 'authorization') {
      if (authorization !== undefined) return undefined
      authorization = raw[i + 1] as string
    } else if (name === 'accept-language') {
      if (acceptLanguage !== undefined) return undefined
      acceptLanguage = raw[i + 1] as string
    } else if (!plainHeaders.has(name) && (name !== 'origin' || hasCorsOrigins)) return undefined
  }
  return authorization !== undefined && hosts === 1 ? { authorization, acceptLanguage } : undefined
}
