import type { EventInput, EventsAccepted, IssuedToken, JsonObject, User } from '@headwater/protocol'
import { type ActivitiesOptions, ActivitiesStore } from './activities.ts'
import { HeadwaterError } from './error.ts'
import { createHttp, type Http, type Method, type RequestOptions, segmentOf } from './http.ts'
import { checkOptions } from './options.ts'
import { RetryPolicy } from './retry.ts'
import { type ClientSeams, systemSeams } from './seams.ts'
import { socketTransport, type WebSocketConstructor } from './socket.ts'
import { sseTransport } from './sse.ts'
import { createTokenSource, type TokenOption } from './token.ts'

/** What `createClient` takes. */
export interface ClientOptions {
  /** Where the server is, with `http://` or `https://`; a path in front of its routes is kept. */
  readonly url: string
  /**
   * A user token, or a function that gets one. The function is called when a token is first needed, and again after the
   * server has refused the last one (expired, revoked). May be left out with an `apiKey`: live activities then make
   * their own token for `userId`.
   */
  readonly token?: TokenOption | undefined
  /** For servers only: requests are made with it instead of the token. Never ship it to a browser. */
  readonly apiKey?: string | undefined
  /** With an `apiKey`: the user for whom requests are made. */
  readonly userId?: string | undefined
  /** Names this installation, so that the server knows it again. 1–128 characters. */
  readonly deviceId?: string | undefined
  /** How long one try of a request may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** How the list of activity groups is kept. */
  readonly activities?: ActivitiesOptions | undefined
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Default: the global one; `null` to use server-sent events only. */
  readonly WebSocket?: WebSocketConstructor | null | undefined
  /** Clock, timers, chance and page, for tests. */
  readonly seams?: Partial<ClientSeams> | undefined
}

/** What `users.put` takes. */
export interface UserInput {
  readonly name: string
  readonly avatar_url?: string | null
  /** A BCP 47 tag such as `de`; the language of summaries. */
  readonly locale?: string | null
  readonly properties?: JsonObject
}

/** What `tokens.create` takes. */
export interface TokenInput {
  readonly user_id: string
  /** Seconds, 1–2,592,000. Default 3,600. */
  readonly ttl_s?: number
  readonly device_id?: string
}

/** A user who has an open socket. */
export interface OnlineUser {
  readonly user_id: string
  readonly devices: readonly string[]
}

/** The Headwater client. Every call that fails throws a `HeadwaterError`. */
export interface HeadwaterClient {
  /** The live activity stream of the user. */
  readonly activities: ActivitiesStore
  readonly events: {
    /**
     * Sends one event or up to 1,000 (API key). What the answer counts as accepted is durable; `rejected` names the
     * others. Throws when nothing was accepted. Retries by itself, and your own retries count once as well where each
     * event has an `event_id`, or with `idempotencyKey` (1–255 characters). Events without an id are sent with a key
     * in any case, and so are refused while the server cannot keep keys.
     */
    send(
      events: EventInput | readonly EventInput[],
      options?: { readonly idempotencyKey?: string },
    ): Promise<EventsAccepted>
  }
  readonly users: {
    /** Creates or replaces a user (API key, or that user). */
    put(id: string, user: UserInput): Promise<User>
    get(id: string): Promise<User>
    /** Deletes a user (API key). Name and avatar vanish at once, memberships of groups within 24 h. */
    delete(id: string): Promise<void>
  }
  readonly tokens: {
    /** Makes a user token (API key). `expires_at` is in milliseconds since 1970. */
    create(token: TokenInput): Promise<IssuedToken>
    /** Refuses tokens made until now: one, or all of a user (API key). Open sockets close within 5 s. */
    revoke(which: { readonly user_id: string } | { readonly token_id: string }): Promise<void>
  }
  /** Which of up to 500 users have a socket open (API key). */
  presence(userIds: readonly string[]): Promise<readonly OnlineUser[]>
  /**
   * Calls any route; `path` starts with a slash. Gives the JSON of the answer, `undefined` for an empty one. Throws a
   * `HeadwaterError`. Retries what is safe to retry, which includes every POST made with this: it gets an
   * `Idempotency-Key`.
   */
  request<T = unknown>(method: Method, path: string, options?: RequestOptions): Promise<T>
  /** Ends the live connection. */
  close(): void
}

const defaultTimeoutMs = 30_000

/** Makes a client. Nothing is sent before the first call. Throws `invalid_option` for one that no server could take. */
export function createClient(options: ClientOptions): HeadwaterClient {
  checkOptions(options)
  const url = options.url.replace(/\/+$/, '')
  const { apiKey, userId } = options
  const seams: ClientSeams = { ...systemSeams, ...options.seams }
  const canMint = apiKey !== undefined && userId !== undefined
  const mint = () => tokens.create({ user_id: userId ?? '' }).then(({ token }) => token)
  const source = createTokenSource(options.token ?? (canMint ? mint : undefined), seams)
  const http = createHttp({
    url,
    apiKey,
    userId,
    tokens: source,
    fetch: wrapFetch(options.fetch ?? globalThis.fetch),
    seams,
    retries: new RetryPolicy(seams),
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
  })
  const tokens = tokenCalls(http)
  const Socket = options.WebSocket === undefined ? globalThis.WebSocket : options.WebSocket
  const activities = new ActivitiesStore({
    ...options.activities,
    http,
    seams,
    tokens: source,
    canRenew: apiKey === undefined && source.renewable,
    deviceId: options.deviceId,
    transports: { socket: Socket ? socketTransport(Socket, url) : null, sse: sseTransport(http) },
  })
  return {
    activities,
    events: eventCalls(http),
    users: userCalls(http),
    tokens,
    presence: (userIds) => presence(http, userIds),
    request: (method, path, request) => http.request(method, path, request),
    close: activities.close,
  }
}

function eventCalls(http: Http): HeadwaterClient['events'] {
  return {
    send: async (events, { idempotencyKey } = {}) =>
      http.request('POST', '/v1/events', {
        body: Array.isArray(events) ? { events } : events,
        isRepeatable: [events].flat().every((event: EventInput | null) => typeof event?.event_id === 'string'),
        ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
      }),
  }
}

function userCalls(http: Http): HeadwaterClient['users'] {
  const pathOf = (id: string) => `/v1/users/${segmentOf(id)}`
  return {
    put: async (id, user) => (await http.request<{ user: User }>('PUT', pathOf(id), { body: user })).user,
    get: async (id) => (await http.request<{ user: User }>('GET', pathOf(id))).user,
    delete: async (id) => void (await http.request('DELETE', pathOf(id))),
  }
}

function tokenCalls(http: Http): HeadwaterClient['tokens'] {
  return {
    create: (token) => http.request('POST', '/v1/tokens', { body: token }),
    revoke: async (which) => void (await http.request('POST', '/v1/tokens/revoke', { body: which })),
  }
}

async function presence(http: Http, userIds: readonly string[]): Promise<readonly OnlineUser[]> {
  const body = { user_ids: userIds }
  return (await http.request<{ online: OnlineUser[] }>('POST', '/v1/presence', { body, isRepeatable: true })).online
}

/** Browsers refuse a `fetch` that is called as the method of another object. */
function wrapFetch(fetch: typeof globalThis.fetch | undefined): typeof globalThis.fetch {
  if (!fetch) return () => Promise.reject(new HeadwaterError('network', { detail: 'There is no fetch here: pass one' }))
  return (input, init) => fetch(input, init)
}
