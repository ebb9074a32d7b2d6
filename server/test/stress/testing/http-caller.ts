import { Agent, type IncomingMessage, request } from 'node:http'

export interface CallOptions {
  /** Whom the API key acts for. */
  readonly user?: string
  readonly token?: string
  /** Text and bytes go out as they are, anything else as JSON. */
  readonly body?: unknown
}

export interface CallAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: scenarios look into answers of every shape
  readonly body: any
  readonly ms: number
}

/** An answer takes longer than this only when the server hangs. */
const deadlineMs = 60_000

/** Calls one server over connections that are kept. */
export class HttpCaller implements Disposable {
  readonly #port: number
  readonly #apiKey: string
  readonly #agent: Agent

  constructor(port: number, apiKey: string, maxSockets = 2_000) {
    this.#port = port
    this.#apiKey = apiKey
    this.#agent = new Agent({ keepAlive: true, maxSockets })
  }

  async call(method: string, path: string, { user, token, body }: CallOptions = {}): Promise<CallAnswer> {
    const started = performance.now()
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const payload = body === undefined || isRaw ? body : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${token ?? this.#apiKey}`,
      ...(user !== undefined && { 'x-user-id': user }),
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload as string),
      }),
    }
    const options = { host: '127.0.0.1', port: this.#port, method, path, headers, agent: this.#agent }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = request({ ...options, timeout: deadlineMs }, resolve)
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)))
    sent.on('error', reject)
    sent.end(payload)
    const response = await promise
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const isJson = response.headers['content-type']?.includes('json') === true && text !== ''
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
      ms: performance.now() - started,
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
