import { type Assembled, assemble } from './assemble.ts'
import { settingsWith } from './config/load.ts'
import type { Config } from './config/secrets.ts'
import { isInMemory, openEnginesForTests } from './engines/testing/engines-for-tests.ts'
import { ask } from './http/testing/ask.ts'
import { silentLog } from './lib/log.ts'
import { systemSeams } from './lib/system-seams.ts'
import type { VirtualTime } from './lib/virtual-seams.ts'

const hourMs = 3_600_000

export interface TestServerOptions {
  /** Wall time at the start, milliseconds since 1970. Default: 1 January 2026, 00:00 UTC. */
  readonly now?: number
  /** Decides every id and everything else that is left to chance. Default 1. */
  readonly seed?: number
  /** With the demo users and their routes. Default: without. */
  readonly demo?: boolean
  /** Configuration by key, as in `{ 'activity.flushMs': 0 }`. */
  readonly config?: Readonly<Record<string, unknown>>
}

export interface TestRequest {
  /** Acts for this user with the API key. */
  readonly user?: string
  /** A user token instead of the API key; `null` sends no credential. */
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

/** A whole server in this process, in memory, with a clock that stands still. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  /** Wall time by the server's clock, milliseconds since 1970. */
  now(): number
  /** Moves the clock on, runs what falls due, and folds what came of it. */
  advance(ms: number): Promise<void>
  /** Resolves when everything accepted so far is folded, stored and told to open sockets. */
  settle(): Promise<void>
  /** A token for a user, as `POST /v1/tokens` makes it. Default: valid for an hour. */
  token(user: string, options?: { readonly ttlS?: number; readonly deviceId?: string }): Promise<string>
  request(method: string, path: string, request?: TestRequest): Promise<TestAnswer>
  close(): Promise<void>
}

/** The parts of a test server, for the tests of this project. */
export interface TestInside {
  readonly server: Assembled
  readonly time: VirtualTime
}

const insides = new WeakMap<TestServer, TestInside>()

/** What is behind a test server. */
export function insideOf(server: TestServer): TestInside {
  const inside = insides.get(server)
  if (!inside) throw new Error('not a server that startHeadwater made')
  return inside
}

/**
 * Starts a server for tests: the real program on memory engines, listening on a free port of 127.0.0.1, with a virtual
 * clock and deterministic ids. Nothing happens by waiting: call `settle()` before you look, `advance()` to let time pass.
 *
 * ```ts
 * await using server = await startHeadwater()
 * await server.request('POST', '/v1/events', { body: { event_type: 'LIKE', actor_id: 'mia', … } })
 * await server.settle()
 * ```
 */
export async function startHeadwater(options: TestServerOptions = {}): Promise<TestServer> {
  const settings = settingsWith({
    'http.port': 0,
    'http.rateLimits': 'off',
    // Services work by their own clock: the time that a test lets pass at once is none in which they could get on.
    ...(!isInMemory() && { 'log.maxLagMs': 0 }),
    ...options.config,
  })
  const apiKey = 'test-api-key'
  const config: Config = {
    ...settings,
    access: { apiKeys: [apiKey], tokenSecrets: ['a secret that only this test server has'] },
    isDevelopment: options.demo === true,
  }
  const engines = await openEnginesForTests({
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    partitions: settings.log.partitions ?? 4,
    maxLag: settings.log.maxLag,
  })
  const { seams } = engines
  const server = await assemble(engines.ports, {
    config,
    seams,
    log: silentLog,
    webFolder: null,
    checkEngines: async () => ({}),
  })
  const url = await server.listen()
  await engines.ready()
  const settle = () => engines.settle(server.activity.worker)

  const test: TestServer = {
    url,
    apiKey,
    now: () => seams.clock.now(),
    async advance(ms) {
      let left = ms
      do {
        // What comes round every hour comes to its end before the next time.
        seams.time.advance(Math.min(left, hourMs))
        await settle()
        left -= hourMs
      } while (left > 0)
    },
    settle,
    async token(userId, { ttlS = 3_600, deviceId = null } = {}) {
      return (await server.access.issue({ userId, ttlS, deviceId })).token
    },
    request: (method, path, request) => ask({ url, apiKey }, method, path, request),
    close,
    [Symbol.asyncDispose]: close,
  }
  insides.set(test, { server, time: seams.time })
  return test

  async function close(): Promise<void> {
    let isClosed = false
    const closing = server.close().finally(() => {
      isClosed = true
    })
    // Open sockets are given a while to say goodbye, by the clock that nobody else moves now.
    while (!isClosed) {
      await systemSeams.scheduler.sleep(1)
      seams.time.advance(100)
    }
    await closing
    await engines[Symbol.asyncDispose]()
  }
}
