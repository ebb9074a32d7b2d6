import { HeadwaterError } from './error.ts'

export interface CoalesceLimits {
  /** Runs under way at a time. */
  readonly lanes: number
  /** Items in one run. A call's items stay together, so a call with more has a run of its own. */
  readonly maxItems: number
  /** Items that may wait before callers are told `overloaded`. */
  readonly maxWaiting: number
}

interface Call<Item, Result> {
  readonly items: readonly Item[]
  readonly resolve: (results: readonly Result[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Calls that come while all lanes are taken wait and go together in one run: nobody waits for a timer, and under load one
 * trip to a server serves many. `run` gives one result for each item, in order. A run begins after the calls in it did, so
 * a read through it sees every write that had returned by then.
 */
export function coalescing<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  { lanes, maxItems, maxWaiting }: CoalesceLimits,
): (items: readonly Item[]) => Promise<readonly Result[]> {
  const waiting: Call<Item, Result>[] = []
  let waitingItems = 0
  let running = 0

  return (items) => {
    if (items.length === 0) return Promise.resolve([])
    if (waitingItems > 0 && waitingItems + items.length > maxWaiting) {
      return Promise.reject(new HeadwaterError('overloaded', { retryAfterS: 1 }))
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly Result[]>()
    waiting.push({ items, resolve, reject })
    waitingItems += items.length
    if (running < lanes) void drain()
    return promise
  }

  async function drain(): Promise<void> {
    running++
    while (waiting.length > 0) await runTogether(next())
    running--
  }

  function next(): readonly Call<Item, Result>[] {
    let items = 0
    let count = 0
    for (const call of waiting) {
      if (count > 0 && items + call.items.length > maxItems) break
      items += call.items.length
      count++
    }
    waitingItems -= items
    return waiting.splice(0, count)
  }

  async function runTogether(calls: readonly Call<Item, Result>[]): Promise<void> {
    try {
      const results = await run(calls.flatMap(({ items }) => items))
      let at = 0
      for (const { items, resolve } of calls) {
        resolve(results.slice(at, at + items.length))
        at += items.length
      }
    } catch (error) {
      // What one call asked for may be what the server cannot take: the others shall not fail with it.
      if (calls.length > 1 && HeadwaterError.is(error) && error.code === 'internal') {
        for (const call of calls) await runTogether([call])
      } else for (const { reject } of calls) reject(error)
    }
  }
}
