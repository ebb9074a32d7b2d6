import { HeadwaterError } from '../../lib/error.ts'
import type { Timing } from './settings.ts'

export interface TurnLimits {
  readonly inFlight: number
  readonly waiting: number
  /** A request that has not had its turn by then was not sent. */
  readonly waitMs: number
}

interface Waiter {
  readonly since: number
  start(): void
  refuse(error: HeadwaterError): void
}

/** Bounds how many requests are under way, and how many wait for that. First come, first served. */
export class Turns {
  readonly #timing: Timing
  readonly #limits: TurnLimits
  readonly #waiting: Waiter[] = []
  #first = 0
  #running = 0

  constructor(timing: Timing, limits: TurnLimits) {
    this.#timing = timing
    this.#limits = limits
  }

  async take<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.inFlight) await this.#turn()
    else this.#running++
    try {
      return await run()
    } finally {
      this.#next()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length - this.#first >= this.#limits.waiting) {
      throw new HeadwaterError('overloaded', { detail: 'Too many requests wait for the store', retryAfterS: 1 })
    }
    return new Promise((start, refuse) => {
      this.#waiting.push({ since: this.#timing.clock.monotonic(), start, refuse })
    })
  }

  /** Hands the turn on; whoever has waited too long is told so instead. Requests end in bounded time, so all are asked. */
  #next(): void {
    const oldest = this.#timing.clock.monotonic() - this.#limits.waitMs
    for (;;) {
      const waiter = this.#waiting[this.#first]
      if (!waiter) {
        this.#running--
        return
      }
      this.#first++
      this.#shorten()
      if (waiter.since >= oldest) {
        waiter.start()
        return
      }
      waiter.refuse(new HeadwaterError('store_unavailable', { detail: 'The store is too slow', retryAfterS: 1 }))
    }
  }

  #shorten(): void {
    if (this.#first < 1_000 || this.#first * 2 < this.#waiting.length) return
    this.#waiting.splice(0, this.#first)
    this.#first = 0
  }
}
