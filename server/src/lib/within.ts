import type { Scheduler } from './seams.ts'

/**
 * What comes within a time; `undefined` when it does not. It goes on all the same, and a failure that comes later is
 * nobody's.
 */
export async function within<T>(asked: Promise<T>, ms: number, scheduler: Scheduler): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  using _timer = scheduler.after(ms, () => resolve(undefined))
  asked.catch(() => {})
  // Awaited here: the timer ends with this function.
  return await Promise.race([asked, late])
}
