import type { ActorsPage, GroupActor } from '@headwater/client'
import { messageOf } from './message-of.ts'

export interface ShownActors {
  /** `null` until the first page is there. */
  readonly actors: readonly GroupActor[] | null
  /** Where the next page begins, `null` at the end. */
  readonly next: string | null
  readonly isLoading: boolean
  /** Why the last page did not come; empty when it did. */
  readonly failure: string
}

export const noActors: ShownActors = { actors: null, next: null, isLoading: false, failure: '' }

/**
 * The actors of one group, page by page. A further page is asked for only while nothing else is on its way, and a first
 * page makes void what is: so everybody is listed once, whatever is clicked and whichever answer is late.
 */
export class ActorPages {
  readonly #read: (cursor: string | null) => Promise<ActorsPage>
  readonly #changed: (shown: ShownActors) => void
  #shown = noActors
  #generation = 0

  constructor(read: (cursor: string | null) => Promise<ActorsPage>, changed: (shown: ShownActors) => void) {
    this.#read = read
    this.#changed = changed
  }

  /** Begins anew. What is shown stays until the page is there. Never rejects: see `failure`. */
  loadFirst(): Promise<void> {
    return this.#load(null)
  }

  /** Never rejects: see `failure`. */
  async loadMore(): Promise<void> {
    const { next, isLoading } = this.#shown
    if (next !== null && !isLoading) await this.#load(next)
  }

  /** What is on its way is not wanted any more. */
  stop(): void {
    this.#generation++
  }

  async #load(cursor: string | null): Promise<void> {
    const generation = ++this.#generation
    this.#show({ isLoading: true, failure: '' })
    try {
      const page = await this.#read(cursor)
      if (generation !== this.#generation) return
      const before = cursor === null ? [] : (this.#shown.actors ?? [])
      this.#show({ actors: [...before, ...page.actors], next: page.next_cursor, isLoading: false })
    } catch (error) {
      if (generation === this.#generation) this.#show({ isLoading: false, failure: messageOf(error) })
    }
  }

  #show(change: Partial<ShownActors>): void {
    this.#shown = { ...this.#shown, ...change }
    this.#changed(this.#shown)
  }
}
