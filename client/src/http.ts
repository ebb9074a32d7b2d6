import { HeadwaterError } from './error.ts'
import { problemOf, readAnswer } from './response.ts'
import type { RetryPolicy } from './retry.ts'
import { type ClientSeams, cancel } from './seams.ts'
import type { TokenSource } from './token.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type QueryValue = string | number | boolean | readonly (string | number)[] | null | undefined

/** What goes with a request. */
export interface RequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown
  /** Left out where the value is null or undefined; a list is joined with commas. */
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** What goes with a request of this package's own. */
export interface CallOptions extends RequestOptions {
  /** A POST that may be done twice as it is: without a key it also works while the server can keep none. */
  readonly isRepeatable?: boolean
}

export interface Http {
  /**
   * Sends one request and gives the JSON of the answer, `undefined` for an empty one. Throws a `HeadwaterError`.
   * GET, PUT and DELETE are sent again within a budget when the server was not reached or refused for now, and so is
   * POST, which carries an `Idempotency-Key` for it unless it needs none. PATCH is not.
   */
  request<T = unknown>(method: Method, path: string, options?: CallOptions): Promise<T>
  /** Opens a streamed answer with a user token. Neither retried nor timed. Throws a `HeadwaterError` if it is not a 200. */
  stream(path: string, token: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>
}

export interface HttpConfig {
  readonly url: string
  readonly tokens: TokenSource
  readonly apiKey?: string | undefined
  readonly userId?: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly seams: ClientSeams
  readonly retries: RetryPolicy
  /** How long one try may take, in milliseconds. */
  readonly timeoutMs: number
}

interface Prepared {
  readonly url: string
  readonly method: Method
  readonly headers: Headers
  readonly body: string | null
  readonly signal: AbortSignal | undefined
}

export function createHttp(config: HttpConfig): Http {
  return new FetchHttp(config)
}

class FetchHttp implements Http {
  readonly #config: HttpConfig

  constructor(config: HttpConfig) {
    this.#config = config
  }

  async request<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
    const request = this.#prepare(method, path, options)
    const { clock } = this.#config.seams
    const startedAt = clock.monotonic()
    let renewed = false
    for (let tries = 1; ; tries++) {
      let token: string | null = null
      try {
        token = this.#config.apiKey ?? (await this.#config.tokens.get())
        const answer = await this.#attempt(request, token)
        this.#config.retries.succeeded()
        return answer as T
      } catch (thrown) {
        const error = failureOf(thrown, request.signal)
        if (error.status === 401 && token !== null && !renewed && this.#renew(token)) {
          renewed = true
          continue
        }
        const delayMs = this.#mayRetry(request)
          ? this.#config.retries.nextDelay(error, tries, clock.monotonic() - startedAt)
          : null
        if (delayMs === null) throw error
        await this.#wait(delayMs, request.signal)
      }
    }
  }

  async stream(
    path: string,
    token: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const { fetch, url, seams } = this.#config
    try {
      const response = await fetch(joinUrl(url, path), {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, ...headers },
        cache: 'no-store',
        signal,
      })
      if (response.ok && response.body) return response
      throw problemOf(response, await response.text(), seams.clock.now())
    } catch (thrown) {
      throw failureOf(thrown, signal)
    }
  }

  #prepare(method: Method, path: string, options: CallOptions): Prepared {
    // Anything else could name another host, which would then get the credentials.
    if (!path.startsWith('/')) throw wrongArgument(`A path starts with "/": ${path}`)
    try {
      return this.#compose(method, path, options)
    } catch (cause) {
      throw wrongArgument('The headers, the query or the body cannot be sent', cause)
    }
  }

  #compose(method: Method, path: string, options: CallOptions): Prepared {
    const { body, query, headers: given, signal, isRepeatable = false } = options
    const headers = new Headers(given)
    if (!headers.has('accept')) headers.set('accept', 'application/json')
    if (body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
    const lacksKey = method === 'POST' && !isRepeatable && !headers.has('idempotency-key')
    if (lacksKey) headers.set('idempotency-key', this.#newKey())
    if (this.#config.apiKey && this.#config.userId && !headers.has('x-user-id'))
      headers.set('x-user-id', this.#config.userId)
    const url = joinUrl(this.#config.url, path) + queryText(query)
    return { url, method, headers, body: body === undefined ? null : JSON.stringify(body), signal }
  }

  async #attempt(request: Prepared, token: string): Promise<unknown> {
    const { fetch, seams, timeoutMs } = this.#config
    const controller = new AbortController()
    const abort = () => controller.abort(new HeadwaterError('aborted', { cause: request.signal?.reason }))
    if (request.signal?.aborted) abort()
    request.signal?.addEventListener('abort', abort)
    const timer = seams.scheduler.after(timeoutMs, () => controller.abort(new HeadwaterError('timeout')))
    const headers = new Headers(request.headers)
    headers.set('authorization', `Bearer ${token}`)
    try {
      const { url, method, body } = request
      const response = await fetch(url, { method, headers, body, cache: 'no-store', signal: controller.signal })
      return await readAnswer(response, seams.clock.now())
    } finally {
      cancel(timer)
      request.signal?.removeEventListener('abort', abort)
    }
  }

  #renew(token: string): boolean {
    if (this.#config.apiKey || !this.#config.tokens.renewable) return false
    this.#config.tokens.refused(token)
    return true
  }

  #mayRetry(request: Prepared): boolean {
    return request.method !== 'PATCH' && !request.signal?.aborted
  }

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        cancel(timer)
        reject(new HeadwaterError('aborted', { cause: signal?.reason }))
      }
      const timer = this.#config.seams.scheduler.after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  #newKey(): string {
    return Array.from(this.#config.seams.random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}

function failureOf(thrown: unknown, signal: AbortSignal | undefined): HeadwaterError {
  if (HeadwaterError.is(thrown)) return thrown
  if (signal?.aborted) return new HeadwaterError('aborted', { cause: thrown })
  return new HeadwaterError('network', { cause: thrown })
}

/** `base` may have a path of its own, for a server behind a prefix. */
export function joinUrl(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path
}

/** An id as a part of a path. Throws `invalid_argument` where it is no text that can be sent. */
export function segmentOf(id: string): string {
  try {
    return encodeURIComponent(id)
  } catch (cause) {
    throw wrongArgument('An id holds half a character', cause)
  }
}

function wrongArgument(detail: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError('invalid_argument', { detail, cause })
}

function queryText(query: RequestOptions['query']): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined)
      parameters.append(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  const text = parameters.toString()
  return text && `?${text}`
}
