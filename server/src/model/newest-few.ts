import { appended } from '../lib/appended.ts'
import type { UserId } from './ids.ts'
import { newestFirst } from './register.ts'

type Placed = Parameters<typeof newestFirst>[0]

/** The newest few things that actors did, at most one of each. Whoever comes again is to be removed first. */
export class NewestFew<T extends Placed> {
  readonly #most: number
  /** Oldest first. Some at the beginning may have fallen out already, so that nearly all that come are only put at the end. */
  #kept: T[]

  /** `kept`: newest first, at most `most`. */
  constructor(most: number, kept: readonly T[]) {
    this.#most = most
    this.#kept = kept.toReversed()
  }

  get length(): number {
    return Math.min(this.#kept.length, this.#most)
  }

  /** `unlessLast`: what is older than all that are here stays out. */
  add(one: T, unlessLast = false): void {
    const kept = this.#kept
    const first = kept.length - this.length
    let at = kept.length
    while (at > first && newestFirst(one, kept[at - 1] as T) >= 0) at--
    if (at === first && (unlessLast || this.length === this.#most)) return
    if (at === kept.length) this.#kept = appended(kept, one)
    else kept.splice(at, 0, one)
    if (this.#kept.length >= 2 * this.#most) this.#forgetOthers()
  }

  /** As `add` does with what is newer than everything that ever was here. */
  addNewest(one: T): void {
    this.#kept = appended(this.#kept, one)
    if (this.#kept.length >= 2 * this.#most) this.#forgetOthers()
  }

  of(actor: UserId): T | undefined {
    return this.#kept.findLast((one, i) => one.actor === actor && i >= this.#kept.length - this.length)
  }

  remove(actor: UserId): void {
    this.#forgetOthers()
    const at = this.#kept.findIndex((one) => one.actor === actor)
    if (at >= 0) this.#kept.splice(at, 1)
  }

  /** Newest first. */
  list(): T[] {
    return this.#kept.slice(-this.#most).reverse()
  }

  /** What fell out must not come back when one of those that are here is removed. */
  #forgetOthers(): void {
    this.#kept.splice(0, this.#kept.length - this.length)
  }
}
