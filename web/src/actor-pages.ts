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

/** A group that grows all the time is not asked about all the time. */
const restMs = 2_000

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
  #pageCount = 0
  /** The version of the group as of which the first page is, or is on its way. */
  #version = -1
  #newest = -1
  #rest: ReturnType<typeof setTimeout> | undefined

  constructor(read: (cursor: string | null) => Promise<ActorsPage>, changed: (shown: ShownActors) => void) {
    this.#read = read
    this.#changed = changed
  }

  /**
   * The group has got to this version: begins anew if the list is not of it, at most every two seconds. Not when further
   * pages are shown: whoever reads on there would lose the place.
   */
  keepUp(version: number): void {
    this.#newest = version
    if (this.#rest !== undefined || version === this.#version || this.#pageCount > 1) return
    this.#rest = setTimeout(() => {
      this.#rest = undefined
      this.keepUp(this.#newest)
    }, restMs)
    if (this.#shown.isLoading) return
    this.#version = version
    void this.loadFirst()
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
    clearTimeout(this.#rest)
    this.#rest = undefined
    this.#version = -1
    if (this.#shown.isLoading) this.#show({ isLoading: false })
  }

  async #load(cursor: string | null): Promise<void> {
    const generation = ++this.#generation
    this.#show({ isLoading: true, failure: '' })
    try {
      const page = await this.#read(cursor)
      if (generation !== this.#generation) return
      const before = cursor === null ? [] : (this.#shown.actors ?? [])
      this.#pageCount = cursor === null ? 1 : this.#pageCount + 1
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
