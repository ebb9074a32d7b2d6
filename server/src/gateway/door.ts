import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { bearerOf } from '../access/bearer.ts'
import { isUserId } from '../access/principal.ts'
import { headersMax, repeatedHeader } from '../lib/header-lines.ts'
import type { Clock } from '../lib/seams.ts'
import type { SocketAccess, SocketPrincipal, SocketRefusal } from './access.ts'
import { isOriginAllowed } from './origin.ts'
import type { Refusal } from './refusal.ts'
import type { GatewaySettings } from './settings.ts'
import { TokenBucket } from './token-bucket.ts'

const refusals: Readonly<Record<SocketRefusal, Refusal>> = {
  unauthenticated: { code: 'unauthenticated' },
  token_expired: { code: 'unauthenticated', detail: 'The token has expired.' },
  token_revoked: { code: 'unauthenticated', detail: 'The token was revoked.' },
  user_required: { code: 'user_required' },
  forbidden: { code: 'forbidden', detail: 'Only an API key may act for another user.' },
}

/** Decides, before a stream is opened, whether its request may have one. */
export class Door {
  readonly #access: SocketAccess
  readonly #settings: GatewaySettings
  readonly #clock: Clock
  readonly #upgrades: TokenBucket
  open = true

  constructor(access: SocketAccess, settings: GatewaySettings, clock: Clock) {
    this.#access = access
    this.#settings = settings
    this.#clock = clock
    this.#upgrades = new TokenBucket(settings.upgradesPerS, settings.upgradeBurst, clock.monotonic())
  }

  /** What is wrong with the request, whoever sends it; nothing when it may go on. `parameters` are the query's allowed ones. */
  check(request: IncomingMessage, sockets: number, parameters: readonly string[]): Refusal | undefined {
    if (!this.open) return { code: 'overloaded', detail: 'The server is closing.', retryAfterS: 1 }
    const wrong = wrongHeaders(request)
    if (wrong) return wrong
    const { origin, host } = request.headers
    if (!isOriginAllowed(origin, host, this.#settings.allowedOrigins)) {
      return { code: 'forbidden', detail: 'Pages of this origin may not open a stream here.' }
    }
    for (const name of new URLSearchParams(queryOf(request)).keys()) {
      if (parameters.includes(name)) continue
      const detail = 'There is no such parameter. Tokens belong in the Authorization header or the auth frame.'
      return {
        code: 'invalid_request',
        detail,
        errors: [{ path: name.slice(0, 64), code: 'unknown_field', detail }],
      }
    }
    if (sockets >= this.#settings.maxSockets)
      return { code: 'overloaded', detail: 'Too many open sockets.', retryAfterS: 5 }
    if (!this.#upgrades.take(this.#clock.monotonic())) {
      return { code: 'overloaded', detail: 'Too many new sockets at once.', retryAfterS: 1 }
    }
    return undefined
  }

  /** Whom the header names; `null` when there is none. */
  bearer(headers: IncomingHttpHeaders): { readonly principal: SocketPrincipal } | Refusal | null {
    if (headers.authorization === undefined) return null
    const token = bearerOf(headers.authorization)
    if (token === undefined) return refusals.unauthenticated
    const verdict = this.#access.verifyBearer(token, actingAs(headers))
    if (!('refused' in verdict)) return verdict
    const { refused, detail } = verdict
    return { ...refusals[refused], ...(detail !== undefined && { detail }) }
  }

  /** Whom the header or a ticket names. */
  async entry(request: IncomingMessage): Promise<{ readonly principal: SocketPrincipal } | Refusal> {
    const tickets = new URLSearchParams(queryOf(request)).getAll('ticket')
    if (tickets.length > 1) return { code: 'invalid_request', detail: 'More than one ticket was sent.' }
    const [ticket] = tickets
    return ticket === undefined ? (this.bearer(request.headers) ?? refusals.unauthenticated) : this.#redeem(ticket)
  }

  async #redeem(ticket: string): Promise<{ readonly principal: SocketPrincipal } | Refusal> {
    try {
      const principal = await this.#access.redeemTicket(ticket)
      if (!principal) return { code: 'unauthenticated', detail: 'The ticket is unknown, used or too old.' }
      return this.#access.isRevoked(principal) ? refusals.token_revoked : { principal }
    } catch {
      // The part that failed is told of by whoever watches it.
      return { code: 'store_unavailable', detail: 'It is not known whether the ticket was used.', retryAfterS: 1 }
    }
  }
}

/** Upgrades do not pass where other requests are checked. */
function wrongHeaders({ rawHeaders, headers }: IncomingMessage): Refusal | undefined {
  if (rawHeaders.length > headersMax * 2) return { code: 'headers_too_large' }
  const repeated = repeatedHeader(rawHeaders)
  if (repeated !== undefined) {
    return { code: 'invalid_request', detail: `The header ${repeated} was sent more than once.` }
  }
  const user = actingAs(headers)
  if (user === null || isUserId(user)) return undefined
  const detail = 'X-User-Id must be one user id.'
  return { code: 'invalid_request', detail, errors: [{ path: 'X-User-Id', code: 'invalid_id', detail }] }
}

export function actingAs(headers: IncomingHttpHeaders): string | null {
  const user = headers['x-user-id']
  return typeof user === 'string' && user !== '' ? user : null
}

export const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] ?? '/'

const queryOf = (request: IncomingMessage): string => {
  const url = request.url ?? '/'
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}
