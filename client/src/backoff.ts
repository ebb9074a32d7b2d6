import type { Random } from './seams.ts'

export interface BackoffLimits {
  readonly firstMs: number
  readonly lastMs: number
  /** The ceiling after refused credentials, which asking again rarely mends. */
  readonly authLastMs: number
  /** A connection must have held this long before the next failure starts from the beginning. */
  readonly stableMs: number
}

/** The reconnect contract of this SDK. */
export const backoffLimits: BackoffLimits = { firstMs: 500, lastMs: 20_000, authLastMs: 600_000, stableMs: 30_000 }

/** However long a server, or something in front of it, asks a client to stay away: it comes back after so long. */
export const longestWaitMs = 600_000

/** The longest wait before try number `attempt` (from 0): doubles up to `lastMs`. */
export function ceilingMs(attempt: number, firstMs: number, lastMs: number): number {
  return Math.min(lastMs, firstMs * 2 ** Math.min(attempt, 40))
}

/**
 * Full jitter: each wait is evenly spread between nothing and a ceiling that doubles, so that clients which were cut
 * off together do not come back together. Refused credentials count for themselves and may grow to ten minutes.
 */
export class Backoff {
  readonly #random: Random
  readonly #limits: BackoffLimits
  #failures = 0
  #authFailures = 0

  constructor(random: Random, limits: BackoffLimits = backoffLimits) {
    this.#random = random
    this.#limits = limits
  }

  /** Milliseconds to wait after one more failure. `heldMs` is how long the connection held that ended with it. */
  next(kind: 'lost' | 'auth', heldMs = 0): number {
    if (heldMs >= this.#limits.stableMs) this.reset()
    const { firstMs, lastMs, authLastMs } = this.#limits
    const ceiling =
      kind === 'auth'
        ? ceilingMs(this.#authFailures++, firstMs, authLastMs)
        : ceilingMs(this.#failures++, firstMs, lastMs)
    return this.#random.next() * ceiling
  }

  reset(): void {
    this.#failures = 0
    this.#authFailures = 0
  }
}
