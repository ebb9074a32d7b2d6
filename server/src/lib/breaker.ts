import { HeadwaterError } from './error.ts'
import type { Seams } from './seams.ts'

export interface BreakerSettings {
  /** Failures in a row after which nobody is let through. */
  readonly failures: number
  /** How long at first, milliseconds; twice as long after each trial that fails. */
  readonly firstMs: number
  readonly longestMs: number
  /** What speaks against the other side rather than against the call. */
  readonly isFailure: (error: unknown) => boolean
}

export interface Breaker {
  /** Runs, or rejects at once with `store_unavailable` while the other side is taken to be down. */
  run<T>(work: () => Promise<T>): Promise<T>
  readonly isOpen: boolean
}

/**
 * Spares callers the wait for a part that is down, and spares the part the callers when it comes back: after some
 * failures in a row calls are refused for a while, then one at a time is let through (half-open) until one succeeds. The
 * pauses have jitter, so that many processes do not come back at the same moment.
 */
export function createBreaker(
  { failures, firstMs, longestMs, isFailure }: BreakerSettings,
  { clock, random }: Pick<Seams, 'clock' | 'random'>,
): Breaker {
  let inARow = 0
  let pauseMs = firstMs
  let refusedUntil = Number.NEGATIVE_INFINITY
  let trying = false
  const isOpen = () => inARow >= failures

  const failed = (wasTrial: boolean): void => {
    inARow++
    // Only the failure that opens it, or a trial, moves the time: those that began earlier say nothing new.
    if (!wasTrial && inARow !== failures) return
    pauseMs = wasTrial ? Math.min(longestMs, pauseMs * 2) : firstMs
    refusedUntil = clock.monotonic() + pauseMs * (0.5 + random.next() / 2)
  }

  return {
    get isOpen() {
      return isOpen()
    },
    async run(work) {
      const isTrial = isOpen()
      if (isTrial) {
        const waitMs = refusedUntil - clock.monotonic()
        if (trying || waitMs > 0) {
          throw new HeadwaterError('store_unavailable', { retryAfterS: Math.max(1, Math.ceil(waitMs / 1_000)) })
        }
        trying = true
      }
      try {
        const result = await work()
        inARow = 0
        return result
      } catch (error) {
        if (isFailure(error)) failed(isTrial)
        else inARow = 0
        throw error
      } finally {
        if (isTrial) trying = false
      }
    },
  }
}
