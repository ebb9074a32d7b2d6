import { HeadwaterError } from '../../lib/error.ts'
import type { Random, Seams } from '../../lib/seams.ts'
import type { RedisLimits, RedisSettings } from './settings.ts'

type Driver = typeof import('@redis/client')
type Client = ReturnType<Driver['createClient']>

/** Answers that stay away in a row until Redis counts as stuck. */
const silencesMax = 3
/** A stuck Redis is tried with one command so often. */
const probeMs = 500
/** A server that only reads is left so often. */
const leaveMs = 1_000
const firstRetryMs = 25
const longestRetryMs = 2_000

/**
 * One connection that heals by itself. A command is answered within its deadline or fails as `store_unavailable`: at once
 * while there is no connection or Redis is stuck, so that nothing piles up behind a cache that is away. A command whose
 * answer stayed away may have been carried out; all that is kept here bears that, and none is sent twice.
 */
export class RedisConnection implements AsyncDisposable {
  readonly #client: Client
  readonly #seams: Seams
  readonly #limits: RedisLimits
  readonly #onReady = new Set<() => void>()
  #underWay = 0
  #awaiting = 0
  #silences = 0
  #triedAt = 0
  #leftAt = Number.NEGATIVE_INFINITY
  #lostAt: number | null
  #cause: unknown
  #closed = false

  constructor(driver: Driver, settings: RedisSettings, limits: RedisLimits, seams: Seams, name: string) {
    const { host, port, username, password, tls, database } = settings
    const { commandMs, onFailure } = limits
    this.#seams = seams
    this.#limits = limits
    this.#lostAt = seams.clock.monotonic()
    this.#client = driver.createClient({
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(database === undefined ? {} : { database }),
      name,
      socket: {
        host,
        port,
        ...(tls === true ? { tls: true as const } : {}),
        connectTimeout: 2 * commandMs,
        // With the ping below: a connection that is dead without a word is noticed and made anew.
        socketTimeout: 5 * commandMs,
        reconnectStrategy: (retries: number) => retryMs(retries, seams.random),
      },
      pingInterval: 2 * commandMs,
      // Commands for a cache are not worth keeping until it is back.
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    })
    this.#client.on('error', (error: unknown) => {
      this.#lost(error)
      onFailure(error)
    })
    this.#client.on('ready', () => {
      this.#lostAt = null
      this.#silences = 0
      for (const run of this.#onReady) run()
    })
  }

  /** Begins to connect, and resolves when that has succeeded or its time is up. It is tried on and on. */
  async start(): Promise<void> {
    this.#client.connect().catch((error: unknown) => this.#lost(error))
    await this.#ready(this.#limits.commandMs)
  }

  get isReady(): boolean {
    return this.#client.isReady && this.#silences < silencesMax
  }

  /** Runs at every connection that is made. */
  onReady(run: () => void): void {
    this.#onReady.add(run)
  }

  async call<Answer>(args: readonly string[]): Promise<Answer> {
    // Without a wait nothing comes between a call and its command: commands go out in the order of the calls.
    const waiting = this.#admit()
    if (waiting) await waiting
    const answer = this.#client.sendCommand<Answer>(args)
    this.#underWay++
    answer.then(this.#answered, this.#refused)
    return this.#within(answer)
  }

  /** Resolves when messages of these channels are heard; the driver renews that with the connection. */
  async listen(channels: readonly string[], message: (text: string, channel: string) => void): Promise<void> {
    await this.#admit()
    await this.#within(this.#client.sSubscribe([...channels], message))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#onReady.clear()
    if (this.#client.isOpen) this.#client.destroy()
  }

  #admit(): Promise<void> | null {
    if (this.#closed) throw unavailable('the connection is closed')
    if (this.#underWay >= this.#limits.maxInFlight) throw unavailable('too many commands are under way')
    const now = this.#seams.clock.monotonic()
    if (!this.#client.isReady) return this.#awaitReady((this.#lostAt ?? now) + this.#limits.graceMs - now)
    if (this.#silences < silencesMax) return null
    if (now - this.#triedAt < probeMs) throw unavailable('Redis does not answer')
    this.#triedAt = now
    return null
  }

  async #awaitReady(ms: number): Promise<void> {
    if (ms <= 0 || this.#awaiting >= this.#limits.maxInFlight) throw unavailable(this.#cause ?? 'not connected')
    this.#awaiting++
    try {
      if (!(await this.#ready(ms))) throw unavailable(this.#cause ?? 'not connected')
    } finally {
      this.#awaiting--
    }
  }

  readonly #answered = (): void => {
    this.#underWay--
    this.#silences = 0
  }

  readonly #refused = (error: unknown): void => {
    this.#underWay--
    if (isOfReplica(error)) this.#leave()
  }

  /** It was the primary, and is a replica since a failover: whoever asks the address anew may find the new one there. */
  #leave(): void {
    const now = this.#seams.clock.monotonic()
    if (now - this.#leftAt < leaveMs) return
    this.#leftAt = now
    // The server hangs up, and the driver connects as it does after every loss.
    this.#client.sendCommand(['QUIT']).catch(() => {})
  }

  async #within<Answer>(answer: Promise<Answer>): Promise<Answer> {
    let late: (error: Error) => void = () => {}
    const deadline = new Promise<never>((_, reject) => {
      late = reject
    })
    using _timer = this.#seams.scheduler.after(this.#limits.commandMs, () => {
      this.#silences++
      this.#triedAt = this.#seams.clock.monotonic()
      late(unavailable('no answer in time'))
    })
    try {
      return await Promise.race([answer, deadline])
    } catch (error) {
      throw HeadwaterError.is(error) ? error : unavailable(error)
    }
  }

  #lost(error: unknown): void {
    this.#cause = error
    if (!this.#client.isReady) this.#lostAt ??= this.#seams.clock.monotonic()
  }

  #ready(ms: number): Promise<boolean> {
    if (this.#client.isReady) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (isReady: boolean) => {
        timer[Symbol.dispose]()
        this.#onReady.delete(ready)
        resolve(isReady)
      }
      const ready = () => end(true)
      const timer = this.#seams.scheduler.after(ms, () => end(false))
      this.#onReady.add(ready)
    })
  }
}

const isOfReplica = (error: unknown): boolean => error instanceof Error && error.message.startsWith('READONLY')

const unavailable = (cause: unknown): HeadwaterError =>
  new HeadwaterError('store_unavailable', {
    retryAfterS: 1,
    cause: typeof cause === 'string' ? new Error(cause) : cause,
  })

/** Twice as long each time, half of it by chance, so that a thousand servers do not come at once. */
function retryMs(retries: number, random: Random): number {
  const full = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(retries, 20))
  return Math.ceil(full / 2 + (random.next() * full) / 2)
}
