import type { Partition } from '../../model/ids.ts'

/** A worker that shares the partitions. */
export interface Worker {
  /** Monotonic milliseconds of its last call. */
  calledAt: number
  /** It is inside a call that waits, so it is not silent. */
  waits: boolean
}

/** Who has a partition, and who is to have it. */
export interface Share {
  readonly partition: Partition
  /** May fold and commit; told of it by its next poll. */
  holder: Worker | undefined
  /** Differs from the holder while the holder is asked to let go. */
  heir: Worker | undefined
  /** Since when the holder is asked, monotonic milliseconds. */
  askedAt: number
  /** Grows whenever the holder changes. */
  term: number
}

/**
 * Which worker has which partition. Everyone's number of partitions differs by at most one, and what has a holder moves
 * only as far as that needs. A partition moves when its holder lets go; one that does not within `patienceMs`, or that
 * does not call for so long while others wait, is passed over.
 */
export class LogShares {
  readonly shares: readonly Share[]
  readonly #workers = new Set<Worker>()
  readonly #patienceMs: number

  constructor(partitions: number, patienceMs: number) {
    this.#patienceMs = patienceMs
    this.shares = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      holder: undefined,
      heir: undefined,
      askedAt: 0,
      term: 0,
    }))
  }

  has(worker: Worker): boolean {
    return this.#workers.has(worker)
  }

  join(worker: Worker, now: number): void {
    this.#workers.add(worker)
    this.#deal(now)
  }

  leave(worker: Worker, now: number): void {
    this.#workers.delete(worker)
    for (const share of this.shares) if (share.holder === worker) this.letGo(share)
    this.#deal(now)
  }

  letGo(share: Share): void {
    share.holder = undefined
    share.term++
  }

  /** Lets those go who are due and hands over what is free; gives what changed hands. */
  settle(now: number): readonly Share[] {
    const silent = [...this.#workers].filter((worker) => !worker.waits && now - worker.calledAt > this.#patienceMs)
    // The last one is not passed over: there is nobody to go on in its place.
    for (const worker of silent) if (this.#workers.size > 1) this.leave(worker, now)
    const moved: Share[] = []
    for (const share of this.shares) {
      if (share.holder === share.heir) continue
      if (share.holder && now - share.askedAt <= this.#patienceMs) continue
      this.letGo(share)
      share.holder = share.heir
      moved.push(share)
    }
    return moved
  }

  /** Names the heirs. */
  #deal(now: number): void {
    const counts = new Map([...this.#workers].map((worker) => [worker, 0]))
    const count = (worker: Worker | undefined, by: number) => {
      if (worker) counts.set(worker, (counts.get(worker) ?? 0) + by)
    }
    for (const share of this.shares) {
      if (share.heir && !this.#workers.has(share.heir)) share.heir = undefined
      count(share.heir, 1)
    }
    const bequeath = (share: Share, heir: Worker | undefined) => {
      count(share.heir, -1)
      count(heir, 1)
      share.heir = heir
      share.askedAt = now
    }
    for (const share of this.shares)
      if (!share.heir)
        bequeath(
          share,
          extreme(counts, (a, b) => a < b),
        )
    for (;;) {
      const least = extreme(counts, (a, b) => a < b)
      const most = extreme(counts, (a, b) => a > b)
      if (!least || !most || (counts.get(most) ?? 0) - (counts.get(least) ?? 0) <= 1) return
      const theirs = this.shares.filter((share) => share.heir === most)
      const free = theirs.find((share) => share.holder !== most) ?? theirs.at(-1)
      if (!free) return
      bequeath(free, least)
    }
  }
}

function extreme(counts: ReadonlyMap<Worker, number>, before: (a: number, b: number) => boolean): Worker | undefined {
  let found: [Worker, number] | undefined
  for (const entry of counts) if (!found || before(entry[1], found[1])) found = entry
  return found?.[0]
}
