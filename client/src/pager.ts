import type { ActivityPage, StreamPosition } from '@headwater/protocol'
import type { ActivityModel } from './activity-model.ts'
import { Backoff, longestWaitMs } from './backoff.ts'
import { HeadwaterError } from './error.ts'
import { comparePlaces, type GroupList, type GroupPlace } from './group-list.ts'
import type { Http } from './http.ts'
import { NamesAgain } from './names-again.ts'
import { type ClientSeams, cancel } from './seams.ts'

export type PagerStatus = 'idle' | 'loading' | 'ready' | 'error'

export interface PagerConfig {
  readonly http: Http
  readonly seams: ClientSeams
  readonly model: ActivityModel
  /** Groups a page, 1–100. */
  readonly pageSize: number
  /** Groups to keep that came live, when nobody pages. */
  readonly maxGroups: number
  /** The epoch of the open stream, `null` when there is none. */
  readonly streamEpoch: () => string | null
  /** Whether a refused token may be followed by one that is not. */
  readonly canRenewToken: boolean
  /** Called when there may be something new to show. */
  readonly changed: () => void
}

/** The largest page: for walks that only want to get somewhere. */
const walkSize = 100

/** `null`: there is no more. `lost`: there is, but no cursor points behind the last group, so one has to walk there. */
type Cursor = { readonly next: string } | null | 'lost'

/**
 * Fills the list from pages. One first page and one further page at most are on their way; a first page that is asked
 * for makes everything older void. A page that is older than where the stream began could hide what happened between
 * the two, so it is shown and asked for again.
 */
export class Pager {
  readonly #config: PagerConfig
  readonly #backoff: Backoff
  readonly #names: NamesAgain
  #status: PagerStatus = 'idle'
  #error: HeadwaterError | null = null
  #cursor: Cursor = null
  #generation = 0
  #first: Promise<void> | null = null
  #more: Promise<void> | null = null
  /** A page must not be older than this, where the stream began. */
  #floorSeq = -1
  #pageSeq = -1
  /** The list that a first page of the filter that is set has begun; a model that forgets has another one. */
  #begun: GroupList | null = null
  #pagedCount = 0
  #again: Disposable | null = null
  #keepsTrying = false
  #failedAtFirst = false
  /** The server asked not to be asked before this moment (of the steady clock), after which a timer asks. */
  #notBefore = 0

  constructor(config: PagerConfig) {
    this.#config = config
    this.#backoff = new Backoff(config.seams.random)
    this.#names = new NamesAgain(config.seams, () => this.#readAgain())
  }

  get status(): PagerStatus {
    return this.#status
  }

  get error(): HeadwaterError | null {
    return this.#error
  }

  get hasMore(): boolean {
    return this.#cursor !== null
  }

  /** Whether a failed or outdated first page is asked for again without being told to. */
  keepTrying(on: boolean): void {
    this.#keepsTrying = on
    this.#names.keepTrying(on)
    if (!on) this.#stopAgain()
  }

  /** Loads the first page; callers at the same time share it. Never rejects: see `status` and `error`. */
  load(): Promise<void> {
    this.#first ??= this.#loadFirst(++this.#generation)
    return this.#first
  }

  /** The list is about something else now: what is on its way is void. */
  startOver(): Promise<void> {
    this.#first = null
    this.#forgetPages()
    return this.load()
  }

  /**
   * The stream begins at a position: pages must be as new as that. Loads one where that is not certain, and in any
   * case when the server has reset the stream.
   */
  streamBegan({ seq }: StreamPosition, isReset: boolean): void {
    this.#floorSeq = seq
    const isVoid = !this.#fits
    if (isVoid) this.#forgetPages()
    if (isVoid && this.#status === 'ready') this.#status = this.#error ? 'error' : 'loading'
    // One that is on its way is looked at when it comes.
    if (!this.#first && (isReset || isVoid || this.#pageSeq < seq)) this.#loadUnlessToldToWait()
  }

  /** The server can be reached again: a first page that failed is tried at once. */
  nudge(): void {
    if (this.#failedAtFirst && !this.#first) this.#loadUnlessToldToWait()
  }

  /** Loads the next page. Never rejects: see `error`. */
  loadMore(): Promise<void> {
    if (this.#first) return this.#first
    if (this.#cursor === null) return Promise.resolve()
    if (!this.#more) {
      const more = this.#loadMore(this.#generation).finally(() => {
        if (this.#more === more) this.#more = null
      })
      this.#more = more
    }
    return this.#more
  }

  /** Keeps the list within its bound. Not while a further page is on its way, which has to fit on to its end. */
  trim(): void {
    if (this.#more) return
    const { model, maxGroups } = this.#config
    // Whoever paged that deep keeps what was paged, and as much again as may come live.
    const max = this.#pagedCount > maxGroups ? this.#pagedCount + maxGroups : maxGroups
    if (model.trim(max) && this.#fits) this.#cursor = 'lost'
  }

  get #fits(): boolean {
    return this.#begun === this.#config.model.list
  }

  /** No further page fits on to what is listed now, be it on its way. A first page is looked at when it comes. */
  #forgetPages(): void {
    if (!this.#first) this.#generation++
    this.#more = null
    this.#cursor = null
    this.#begun = null
  }

  async #loadFirst(generation: number): Promise<void> {
    this.#stopAgain()
    this.#more = null
    if (!this.#fits || !this.#config.model.list.started) this.#status = 'loading'
    this.#config.changed()
    try {
      const page = await this.#fetch(null, this.#config.pageSize)
      if (generation === this.#generation) {
        if (this.#isOfThisStream(page)) this.#takeFirst(page)
        else this.#tryAgain(0)
      }
    } catch (thrown) {
      if (generation === this.#generation) this.#failed(HeadwaterError.from(thrown))
    } finally {
      if (generation === this.#generation) this.#first = null
    }
    this.#config.changed()
  }

  /** While the stream is open, it knows best which epoch it is. */
  #isOfThisStream(page: ActivityPage): boolean {
    const epoch = this.#config.streamEpoch()
    return epoch === null || epoch === page.epoch
  }

  #takeFirst(page: ActivityPage): void {
    const { model } = this.#config
    if (page.epoch !== model.epoch) this.#floorSeq = -1
    model.firstPage(page)
    this.#status = 'ready'
    this.#error = null
    this.#failedAtFirst = false
    this.#begun = model.list
    this.#cursor = cursorOf(page.next_cursor)
    this.#pagedCount = page.activity_groups.length
    this.#pageSeq = page.seq
    this.#names.begin(page)
    if (page.seq < this.#floorSeq) this.#tryAgain(0)
    else this.#backoff.reset()
  }

  #failed(error: HeadwaterError): void {
    this.#error = error
    this.#failedAtFirst = true
    this.#status = this.#fits ? 'ready' : 'error'
    if (error.badge) this.#config.model.lastKnown(error.badge)
    if (error.code === 'token_unavailable') {
      // Without a token there is nothing to try. A stream that is not open asks for one by itself, and its `hello` comes
      // here; one that is open asks for none.
      if (error.retryable && this.#config.streamEpoch() !== null) this.#tryAgain(error.retryAfterMs ?? 0)
    } else if (error.retryable) this.#tryAgain(error.retryAfterMs ?? 0)
    // Two tokens in a row were refused, as by a server whose clock is wrong. The stream may be open all the same, and
    // then no `hello` would come.
    else if (error.code === 'unauthenticated' && this.#config.canRenewToken) this.#tryAgain(0, 'auth')
  }

  #tryAgain(afterMs: number, kind: 'lost' | 'auth' = 'lost'): void {
    if (!this.#keepsTrying) return
    this.#stopAgain()
    const { clock, scheduler } = this.#config.seams
    const leastMs = Math.min(afterMs, longestWaitMs)
    this.#notBefore = clock.monotonic() + leastMs
    this.#again = scheduler.after(leastMs + this.#backoff.next(kind), () => void this.load())
  }

  /** Where the server asked for patience, a timer is running already. */
  #loadUnlessToldToWait(): void {
    if (this.#config.seams.clock.monotonic() >= this.#notBefore) void this.load()
  }

  async #loadMore(generation: number): Promise<void> {
    try {
      const cursor = this.#cursor
      if (cursor === 'lost') await this.#walk(generation)
      else if (cursor) await this.#loadNext(generation, cursor.next)
      if (generation === this.#generation) this.#error = null
    } catch (thrown) {
      if (generation === this.#generation) this.#error = HeadwaterError.from(thrown)
    }
    this.#config.changed()
  }

  async #loadNext(generation: number, cursor: string): Promise<void> {
    const { model, pageSize } = this.#config
    const after = model.list.end
    try {
      const page = await this.#fetch(cursor, pageSize)
      if (generation === this.#generation) this.#takeMore(page, after)
    } catch (thrown) {
      const isStale = HeadwaterError.is(thrown) && (thrown.code === 'cursor_expired' || thrown.code === 'bad_cursor')
      if (!isStale || generation !== this.#generation) throw thrown
      await this.#walk(generation)
    }
  }

  /** Goes from the top to below the last group of the list, where no cursor leads any more. */
  async #walk(generation: number): Promise<void> {
    const { model } = this.#config
    const end = model.list.end
    let after: GroupPlace | null = null
    let cursor: string | null = null
    do {
      const page: ActivityPage = await this.#fetch(cursor, walkSize)
      if (generation !== this.#generation) return
      if (page.epoch !== model.epoch) {
        void this.load()
        return
      }
      model.page(page, after)
      this.#names.look(page)
      const last: GroupPlace | undefined = page.activity_groups.at(-1)
      after = last ?? after
      cursor = page.next_cursor
    } while (cursor !== null && end && after && comparePlaces(after, end) <= 0)
    this.#cursor = cursorOf(cursor)
    this.#pagedCount = model.list.visible().length
  }

  #takeMore(page: ActivityPage, after: GroupPlace | null): void {
    const { model } = this.#config
    if (page.epoch !== model.epoch) {
      void this.load()
      return
    }
    model.page(page, after)
    this.#names.look(page)
    this.#cursor = cursorOf(page.next_cursor)
    this.#pagedCount = model.list.visible().length
  }

  /** What is listed, once more, up to the largest page; `null` when the list is about something else by then. */
  async #readAgain(): Promise<ActivityPage | null> {
    const { model, pageSize, changed } = this.#config
    const generation = this.#generation
    const page = await this.#fetch(null, Math.min(walkSize, Math.max(pageSize, model.list.visible().length)))
    if (generation !== this.#generation || page.epoch !== model.epoch) return null
    model.again(page)
    changed()
    return page
  }

  #fetch(cursor: string | null, limit: number): Promise<ActivityPage> {
    const { http, model } = this.#config
    return http.request<ActivityPage>('GET', '/v1/activities', { query: { cursor, limit, filter: model.filter } })
  }

  #stopAgain(): void {
    cancel(this.#again)
    this.#again = null
    this.#notBefore = 0
  }
}

function cursorOf(next: string | null): Cursor {
  return next === null ? null : { next }
}
