import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { signToken, tokenSecret } from '../../../src/access/jwt.ts'
import { settingsWith } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/secrets.ts'
import { HttpCaller } from './http-caller.ts'
import type { ProbeAnswer, ProbeQuestion, Resources } from './probe-contract.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const apiKey = 'the-key-of-the-stress-suites'
const secret = 'a secret of the stress suites, 32 bytes or more'
const signingKey = tokenSecret(secret)

export type Settings = Readonly<Record<string, string | number>>

/** The program as people start it, in a process of its own, on a folder of its own, with a probe inside. */
export class StressedServer implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'headwater-stress-'))
  readonly #settings: Settings
  readonly #asked = new Map<number, (answer: ProbeAnswer) => void>()
  #child!: ChildProcess
  #ended!: Promise<unknown>
  #http!: HttpCaller
  #questions = 0
  /** What it wrote about itself at the level of warnings and above. */
  readonly complaints: string[] = []
  port = 0

  private constructor(settings: Settings) {
    this.#settings = settings
  }

  static async start(settings: Settings = {}): Promise<StressedServer> {
    const server = new StressedServer(settings)
    await server.#begin()
    return server
  }

  get http(): HttpCaller {
    return this.#http
  }

  /** How the folder is opened once the server is stopped. */
  get config(): Config {
    const settings = settingsWith({ ...this.#settings, 'data.dir': this.folder })
    return { ...settings, access: { apiKeys: [apiKey], tokenSecrets: [secret] }, isDevelopment: false }
  }

  token(user: string, { ttlS = 86_400, issuedAtMs = Date.now() } = {}): string {
    const iat = Math.floor(issuedAtMs / 1_000)
    return signToken({ sub: user, iat, exp: iat + ttlS }, signingKey)
  }

  async metrics(): Promise<ReadonlyMap<string, number>> {
    const { body } = await this.#http.call('GET', '/metrics')
    const lines = String(body).matchAll(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/gm)
    return new Map([...lines].map(([, name, value]) => [String(name), Number(value)]))
  }

  async metric(name: string): Promise<number> {
    const value = (await this.metrics()).get(name)
    if (value === undefined) throw new Error(`the server has no metric ${name}`)
    return value
  }

  async resources(): Promise<Resources> {
    const { resources } = await this.#ask({ ask: 'resources' })
    if (!resources) throw new Error('the probe did not say what it was asked')
    return resources
  }

  stall = async (ms: number): Promise<void> => void (await this.#ask({ ask: 'stall', ms }))
  jump = async (ms: number): Promise<void> => void (await this.#ask({ ask: 'jump', ms }))

  /** Makes something go wrong in it that nobody handles, and waits for its end. */
  async fail(ask: 'throw' | 'reject'): Promise<{ readonly code: number | null; readonly ms: number }> {
    const started = performance.now()
    await this.#ask({ ask })
    await this.#ended
    return { code: this.#child.exitCode, ms: performance.now() - started }
  }

  /** Asks it to stop as an operator would. */
  async stop(): Promise<{ readonly code: number | null; readonly ms: number }> {
    const started = performance.now()
    this.#child.kill('SIGTERM')
    await this.#ended
    return { code: this.#child.exitCode, ms: performance.now() - started }
  }

  /** The next life on the same folder and port, after `stop`. */
  startAgain(): Promise<void> {
    return this.#begin()
  }

  /** A life that ends at once, and the next one on the same folder and port. */
  async killAndStartAgain(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
    await this.#begin()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.#ended
    this.#http[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #begin(): Promise<void> {
    const flags = Object.entries({ 'http.rateLimits': 'off', 'log.level': 'warn', ...this.#settings }).map(
      ([name, value]) => `--${name}=${value}`,
    )
    const main = file('../../../src/main.ts')
    const child = spawn(process.execPath, ['--expose-gc', '--import', file('./probe.ts'), main, 'start', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        HEADWATER_DATA: this.folder,
        PORT: String(this.port),
        HEADWATER_API_KEY: apiKey,
        HEADWATER_TOKEN_SECRET: secret,
      },
    })
    this.#child = child
    this.#ended = once(child, 'close')
    child.on('message', (answer: ProbeAnswer) => {
      this.#asked.get(answer.id)?.(answer)
      this.#asked.delete(answer.id)
    })
    createInterface({ input: child.stderr as NonNullable<typeof child.stderr> }).on('line', (line) => {
      if (this.complaints.length < 100) this.complaints.push(line)
    })
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
    const ready = new Promise<string>((resolve) => {
      lines.on('line', (line) => {
        const [, url] = /listening on (http:\S+)/.exec(line) ?? []
        if (url) resolve(url)
      })
    })
    const url = await Promise.race([ready, this.#ended.then(() => undefined)])
    if (!url) throw new Error(`the server did not start: ${this.complaints.join('\n')}`)
    this.port = Number(new URL(url).port)
    this.#http?.[Symbol.dispose]()
    this.#http = new HttpCaller(this.port, apiKey)
  }

  #ask(question: ProbeQuestion): Promise<ProbeAnswer> {
    const id = ++this.#questions
    return new Promise((resolve, reject) => {
      this.#asked.set(id, resolve)
      this.#child.send({ ...question, id }, (error) => error && reject(error))
    })
  }
}
