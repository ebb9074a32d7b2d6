import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import type { Seams } from '../lib/seams.ts'

/**
 * Repeats what stores are asked for until its outcome is known; a write whose outcome is unknown is safe to repeat. `name`
 * says which part it is of, for people.
 */
export type Persist = <T>(name: string, write: () => Promise<T>) => Promise<T>

/** Tries again for `retryBudgetMs`, after pauses that grow; then, or when `stop` is aborted, the failure is the caller's. */
export function createPersist(
  retryBudgetMs: number,
  { clock, random, scheduler }: Pick<Seams, 'clock' | 'random' | 'scheduler'>,
  stop: AbortSignal,
  onFailure: (name: string, error: unknown) => void,
): Persist {
  return async (name, write) => {
    const started = clock.monotonic()
    for (let attempt = 1; ; attempt++) {
      try {
        return await write()
      } catch (error) {
        if (!isPassing(error) || stop.aborted || clock.monotonic() - started > retryBudgetMs) throw error
        onFailure(name, error)
        const backoff = Math.min(1_000, 10 * 2 ** attempt) * (0.5 + random.next() / 2)
        await scheduler.sleep(backoff, stop)
      }
    }
  }
}

/** A store is down or slow. One that refuses a request for good (`internal`) may do so for what is in it. */
export const isOfStore = (error: unknown): boolean =>
  UnknownOutcome.is(error) || (HeadwaterError.is(error) && error.code !== 'internal')

/** Worth another try: the outcome is unknown, or the store says that it will do later. */
const isPassing = (error: unknown): boolean =>
  UnknownOutcome.is(error) || (HeadwaterError.is(error) && isOfStore(error) && error.retryable)
