import type { Offset, Partition } from '../model/ids.ts'
import type { EventLog } from '../ports/event-log.ts'

interface Waiter {
  /** Where the log ended when it was looked at for this one; until then nothing. */
  ends: ReadonlyMap<Partition, Offset> | null
  readonly resolve: () => void
}

type Committed = ReadonlyMap<Partition, { readonly committed: Offset }>

/** Who waits until a worker is as far as the log went when they asked, however much comes in meanwhile. */
export class Settling {
  readonly #log: Pick<EventLog, 'bounds'>
  readonly #waiters = new Set<Waiter>()

  constructor(log: Pick<EventLog, 'bounds'>) {
    this.#log = log
  }

  get isWanted(): boolean {
    return this.#waiters.size > 0
  }

  /** Resolves when all that was asked for is done, or when the signal says that nobody waits any more. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiter: Waiter = { ends: null, resolve }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', () => this.#letGo(waiter), { once: true })
    })
  }

  /** Looks where the log ends for those who asked since the last look. */
  async look(owned: Committed): Promise<void> {
    const asking = [...this.#waiters].filter(({ ends }) => ends === null)
    if (asking.length === 0) return
    // Together: a log behind a network answers many questions in one request.
    const partitions = [...owned.keys()]
    const bounds = await Promise.all(partitions.map((partition) => this.#log.bounds(partition)))
    const ends = new Map(partitions.map((partition, i) => [partition, bounds[i]?.end ?? 0]))
    for (const waiter of asking) waiter.ends = ends
  }

  /** Lets those go whose wait is over. A partition that went to another worker is that one's. */
  release(owned: Committed): void {
    for (const waiter of this.#waiters) {
      const isOver = waiter.ends && [...waiter.ends].every(([at, end]) => (owned.get(at)?.committed ?? end) >= end)
      if (isOver) this.#letGo(waiter)
    }
  }

  releaseAll(): void {
    for (const waiter of this.#waiters) this.#letGo(waiter)
  }

  #letGo(waiter: Waiter): void {
    if (this.#waiters.delete(waiter)) waiter.resolve()
  }
}
