import { HeadwaterError } from './error.ts'

/**
 * Runs at most `max` tasks at a time; the others wait in the order in which they came, `waitingMax` of them. More are
 * refused as `store_unavailable`.
 */
export function createLimiter(
  max: number,
  waitingMax = Number.POSITIVE_INFINITY,
): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (task) => {
    if (running < max) running++
    else if (waiting.length >= waitingMax) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      // The place is handed on, so that nobody who comes in between takes it.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
