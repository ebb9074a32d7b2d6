import { appended } from '../lib/appended.ts'
import type { UserId } from './ids.ts'
import { newestFirst } from './register.ts'

type Placed = Parameters<typeof newestFirst>[0]

/** The newest few things that actors did, at most one of each. Whoever comes again is to be removed first. */
export class NewestFew<T extends Placed> {
  readonly #most: number
  /** A ring, once it is full: what is new takes the place of the oldest. */
  #kept: T[]
  /** Where the oldest is; the others follow it, and go on at the beginning. */
  #oldest = 0

  /** `kept`: newest first, at most `most`. */
  constructor(most: number, kept: readonly T[]) {
    this.#most = most
    this.#kept = kept.toReversed()
  }

  get length(): number {
    return this.#kept.length
  }

  /** Of those that are here. */
  get newest(): T | undefined {
    return this.#kept[(this.#oldest === 0 ? this.#kept.length : this.#oldest) - 1]
  }

  /** `unlessLast`: what is older than all that are here stays out. */
  add(one: T, unlessLast = false): void {
    const kept = this.#straight()
    let at = kept.length
    while (at > 0 && newestFirst(one, kept[at - 1] as T) >= 0) at--
    if (at === 0 && (unlessLast || kept.length === this.#most)) return
    kept.splice(at, 0, one)
    if (kept.length > this.#most) kept.shift()
  }

  /** As `add` does with what is newer than everything that ever was here. */
  addNewest(one: T): void {
    if (this.#kept.length < this.#most) this.#kept = appended(this.#kept, one)
    else {
      this.#kept[this.#oldest] = one
      this.#oldest = this.#oldest + 1 === this.#most ? 0 : this.#oldest + 1
    }
  }

  of(actor: UserId): T | undefined {
    return this.#kept.find((one) => one.actor === actor)
  }

  remove(actor: UserId): void {
    if (!this.of(actor)) return
    const kept = this.#straight()
    kept.splice(
      kept.findIndex((one) => one.actor === actor),
      1,
    )
  }

  /** Newest first. */
  list(): T[] {
    const kept = this.#kept
    // A list that grew by what is pushed to it would weigh twice as much.
    const list = kept.slice()
    let from = this.#oldest
    for (let to = 0; to < list.length; to++) {
      from = from === 0 ? kept.length - 1 : from - 1
      list[to] = kept[from] as T
    }
    return list
  }

  /** Oldest first, from the beginning on. */
  #straight(): T[] {
    if (this.#oldest > 0) {
      this.#kept = [...this.#kept.slice(this.#oldest), ...this.#kept.slice(0, this.#oldest)]
      this.#oldest = 0
    }
    return this.#kept
  }
}
