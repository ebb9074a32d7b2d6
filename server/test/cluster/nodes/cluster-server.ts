import { setTimeout as sleep } from 'node:timers/promises'
import { tokenSecret as signingKey, signToken } from '../../../src/access/jwt.ts'
import type { Config } from '../../../src/config/secrets.ts'
import { ask } from '../../../src/http/testing/ask.ts'
import type { TestServer } from '../../../src/testing.ts'
import type { ClusterLog } from './cluster-log.ts'

const settleMs = 30_000

/** One address of a cluster, as tests of whole servers call it; time is the world's. */
export class ClusterServer implements TestServer {
  readonly url: string
  readonly apiKey: string
  readonly #config: Config
  readonly #log: ClusterLog

  constructor(url: string, config: Config, log: ClusterLog) {
    this.url = url
    this.#log = log
    this.apiKey = config.access.apiKeys[0] as string
    this.#config = config
  }

  now(): number {
    return Date.now()
  }

  /** Everything that is in the log by now is folded, written and told. */
  async settle(): Promise<void> {
    const until = performance.now() + settleMs
    for (let lag = await this.#log.lag(); lag > 0; lag = await this.#log.lag()) {
      if (performance.now() > until)
        throw new Error(`${lag} records are not folded after ${settleMs} ms: ${await this.#log.standing()}`)
      await sleep(50)
    }
  }

  advance(): Promise<void> {
    throw new Error('the time of a cluster passes by itself')
  }

  async token(user: string, { ttlS = 3_600 } = {}): Promise<string> {
    const iat = Date.now() / 1_000
    return signToken({ sub: user, iat, exp: iat + ttlS }, signingKey(this.#config.access.tokenSecrets[0] as string))
  }

  request: TestServer['request'] = (method, path, request) =>
    ask(this, method, path, { ...request, headers: { connection: 'close', ...request?.headers } })

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
