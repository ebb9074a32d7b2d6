import { ceilingMs } from './backoff.ts'
import type { HeadwaterError } from './error.ts'
import type { ClientSeams } from './seams.ts'

export interface RetryLimits {
  /** Tries of one call, the first one included. */
  readonly attempts: number
  /** No wait of one call may end later than this after its start. */
  readonly totalMs: number
  readonly firstMs: number
  readonly lastMs: number
  /** Retries that the whole client may make while nothing succeeds. */
  readonly budget: number
  /** What a success gives back to the budget. */
  readonly refill: number
}

export const retryLimits: RetryLimits = {
  attempts: 4,
  totalMs: 30_000,
  firstMs: 250,
  lastMs: 4_000,
  budget: 10,
  refill: 0.2,
}

/** Answers after which the same request is worth sending again: it was not carried out, or doing it twice is as once. */
const passingStatuses = new Set([0, 408, 429, 502, 503, 504])

export function isWorthRetrying(error: HeadwaterError): boolean {
  return error.retryable && (passingStatuses.has(error.status) || error.code === 'idempotency_in_progress')
}

/**
 * Decides whether and when a failed call is sent again. The budget belongs to the whole client: when the server is
 * down, many callers that each retry three times would multiply its load just as it comes back.
 */
export class RetryPolicy {
  readonly #seams: ClientSeams
  readonly #limits: RetryLimits
  #budget: number

  constructor(seams: ClientSeams, limits: RetryLimits = retryLimits) {
    this.#seams = seams
    this.#limits = limits
    this.#budget = limits.budget
  }

  succeeded(): void {
    this.#budget = Math.min(this.#limits.budget, this.#budget + this.#limits.refill)
  }

  /**
   * Milliseconds until the next try, or `null` when there is none. `tries` counts those made, `elapsedMs` the time
   * since the first one. The wait is never shorter than what the server asked for.
   */
  nextDelay(error: HeadwaterError, tries: number, elapsedMs: number): number | null {
    const { attempts, totalMs, firstMs, lastMs } = this.#limits
    if (!isWorthRetrying(error) || tries >= attempts || this.#budget < 1) return null
    const jitterMs = this.#seams.random.next() * ceilingMs(tries - 1, firstMs, lastMs)
    const delayMs = (error.retryAfterMs ?? 0) + jitterMs
    if (elapsedMs + delayMs > totalMs) return null
    this.#budget--
    return delayMs
  }
}
