import type { Seams } from '../lib/seams.ts'
import { Aggregator, type AggregatorMetrics } from './aggregate.ts'
import type { FlushPorts } from './flush.ts'
import { Poison } from './poison.ts'
import type { ActivitySettings } from './settings.ts'

/** Whoever folds the log into the views, in this process or in others. */
export interface StreamWorker extends AsyncDisposable {
  readonly openWindows: number
  /** What is wrong with it, for people; null = nothing, or it runs elsewhere. */
  readonly wrong: string | null
  /** Resolves when everything that is in the log by now is folded, written and told. */
  settle(): Promise<void>
  /** The same, but gives up after `ms`; for answers that are nicer when they come after the fold. */
  settleWithin(ms: number): Promise<void>
}

const pauseMs = 100
const pauseMaxMs = 10_000
/** Who worked for so long, beside what it tried again at its end, had left the failures before behind. */
const soundMs = 60_000
/** So long it is said that it failed: whoever looks now and then is to see it. */
const toldMs = 60_000

/**
 * Keeps an aggregator running: when a store fails for longer than the retry budget, the aggregator dies, and a new one
 * starts over from the log after a pause that grows with each failure in a row that is not a record's.
 */
export class ActivityWorker implements StreamWorker {
  readonly #create: () => Aggregator
  readonly #poison = new Poison()
  readonly #seams: Seams
  readonly #retryBudgetMs: number
  readonly #onFailure: (error: unknown) => void
  readonly #stop = new AbortController()
  #aggregator: Aggregator
  #failedAt = Number.NEGATIVE_INFINITY
  readonly #running: Promise<void>

  constructor(
    ports: FlushPorts,
    settings: ActivitySettings,
    seams: Seams,
    metrics: AggregatorMetrics,
    onFailure: (error: unknown) => void,
  ) {
    this.#create = () => new Aggregator(ports, settings, seams, metrics, this.#poison)
    this.#seams = seams
    this.#retryBudgetMs = settings.retryBudgetMs
    this.#onFailure = onFailure
    this.#aggregator = this.#create()
    this.#running = this.#run()
  }

  get openWindows(): number {
    return this.#aggregator.openWindows
  }

  get wrong(): string | null {
    const isRecent = this.#seams.clock.monotonic() - this.#failedAt < toldMs
    return isRecent ? 'It failed less than a minute ago, and started over from the log' : null
  }

  /** How long the record that is folded next has been waiting, milliseconds, by the clock of this process. */
  get behindMs(): number {
    return this.#aggregator.behindMs
  }

  settle(): Promise<void> {
    return this.#aggregator.settle()
  }

  async settleWithin(ms: number): Promise<void> {
    const done = new AbortController()
    const settled = this.#aggregator.settle(done.signal)
    await Promise.race([settled, this.#seams.scheduler.sleep(ms, done.signal)])
    done.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#aggregator[Symbol.asyncDispose]()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, scheduler } = this.#seams
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      const startedAt = clock.monotonic()
      const { found } = this.#poison
      try {
        await this.#aggregator.run()
        return
      } catch (error) {
        this.#onFailure(error)
        this.#failedAt = clock.monotonic()
        const wasSound = clock.monotonic() - startedAt > this.#retryBudgetMs + soundMs
        // Of what lies in records there is an end soon, and everybody waits for it.
        if (wasSound || this.#poison.found > found) failures = 0
        await scheduler.sleep(Math.min(pauseMaxMs, pauseMs * 2 ** Math.min(failures, 10)), this.#stop.signal)
        this.#aggregator = this.#create()
      }
    }
  }
}
