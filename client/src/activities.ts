import type { ActivityGroup, EventType, GroupActor, MarkResult } from '@headwater/protocol'
import { limits } from '@headwater/protocol'
import { ActivityModel } from './activity-model.ts'
import { HeadwaterError } from './error.ts'
import { type Http, segmentOf } from './http.ts'
import type { MarkKind, PendingMark } from './optimistic.ts'
import { Pager } from './pager.ts'
import { type ClientSeams, cancel } from './seams.ts'
import { ActivityStream, type Connection, type StreamConfig } from './stream.ts'

/** What to show of a user's activity stream. Never changed: each change makes a new one. */
export interface ActivitiesState {
  /**
   * `idle`: nothing was asked for. `loading`: there is no list for this filter yet. `ready`: there is one; it stays
   * there while it is read again. `error`: there is none, `error` says why.
   */
  readonly status: 'idle' | 'loading' | 'ready' | 'error'
  /** `offline`: closed, given up, or hidden for long. `connecting`: trying, or waiting to. `online`: changes come live. */
  readonly connection: Connection
  /** Newest group first, without holes from the top. */
  readonly groups: readonly ActivityGroup[]
  /** Unread groups of all types, loaded or not. */
  readonly unreadCount: number
  /** Groups that came since the badge was cleared, of all types, loaded or not. */
  readonly unseenCount: number
  /** Whether `loadMore` brings older groups. */
  readonly hasMore: boolean
  /** What failed last and has not been mended since: the list, or the token of the connection. */
  readonly error: HeadwaterError | null
  /** The types that are shown; `null` for all. */
  readonly filter: readonly EventType[] | null
}

/** One page of the actors of a group, newest first, every actor once. */
export interface ActorsPage {
  readonly actors: readonly GroupActor[]
  readonly next_cursor: string | null
}

/** How the list of activity groups is kept. */
export interface ActivitiesOptions {
  /** Groups a page, 1–100. Default 20. */
  readonly pageSize?: number
  /** Groups that are kept at most while nobody pages. Default 500. */
  readonly maxGroups?: number
}

export interface ActivitiesConfig extends ActivitiesOptions, StreamConfig {
  readonly http: Http
  readonly seams: ClientSeams
  /** Whether requests that were refused may be taken with another token. */
  readonly canRenew: boolean
}

/** How long the stream waits for the first page, so that it can go on from there instead of telling everything. */
const pageHeadStartMs = 2_000

/**
 * The activity stream of one user: a list that stays right by itself. Made for `useSyncExternalStore` and its like:
 * `getSnapshot` gives the same object until something changes, `subscribe` tells when. Every method can be passed around
 * without its object.
 */
export class ActivitiesStore {
  readonly #http: Http
  readonly #seams: ClientSeams
  readonly #model = new ActivityModel()
  readonly #pager: Pager
  readonly #stream: ActivityStream
  readonly #listeners = new Set<() => void>()
  #connection: Connection = 'offline'
  #connectionError: HeadwaterError | null = null
  #state: ActivitiesState
  #isOpen = false
  #firstPage: Promise<void> = Promise.resolve()
  #headStart: Disposable | null = null

  constructor(config: ActivitiesConfig) {
    this.#http = config.http
    this.#seams = config.seams
    this.#pager = new Pager({
      http: config.http,
      seams: config.seams,
      model: this.#model,
      pageSize: config.pageSize ?? limits.pageSizeDefault,
      maxGroups: config.maxGroups ?? 500,
      streamEpoch: () => (this.#connection === 'online' ? (this.#stream.position?.epoch ?? null) : null),
      canRenewToken: config.canRenew,
      changed: () => this.#publish(),
    })
    this.#stream = new ActivityStream(config, {
      connection: (connection, error) => this.#setConnection(connection, error),
      hello: (frame) => {
        this.#change(() => this.#model.hello(frame))
        this.#pager.nudge()
      },
      began: (at, isReset) => {
        if (isReset) this.#model.reset(at)
        else this.#model.enterEpoch(at.epoch)
        this.#pager.streamBegan(at, isReset)
      },
      frame: (frame) => this.#change(() => this.#model.frame(frame)),
    })
    this.#state = this.#compose()
  }

  /** What to show now. The same object until something changes. */
  readonly getSnapshot = (): ActivitiesState => this.#state

  /** Calls `listener` after each change. Gives the function that ends this. */
  readonly subscribe = (listener: () => void): (() => void) => {
    // A wrapper of its own, so that subscribing a function twice means being called twice.
    const own = () => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /**
   * Loads the first page and keeps the list live until `close`. Calling it again changes nothing. Resolves when the
   * first page is there or has failed; never rejects: `status`, `connection` and `error` of the state tell.
   */
  readonly connect = (): Promise<void> => {
    if (this.#isOpen) return this.#firstPage
    this.#isOpen = true
    this.#pager.keepTrying(true)
    this.#setConnection('connecting', null)
    this.#firstPage = this.#pager.load()
    const start = () => this.#startStream()
    this.#headStart = this.#seams.scheduler.after(pageHeadStartMs, start)
    void this.#firstPage.then(start)
    return this.#firstPage
  }

  /** Ends the live connection. What is loaded stays; `connect` starts again. */
  readonly close = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#pager.keepTrying(false)
    cancel(this.#headStart)
    this.#stream.stop()
  }

  /** Reads the first page again. Never rejects: see `error` of the state. */
  readonly load = (): Promise<void> => this.#pager.load()

  /** Loads older groups, if `hasMore`. Never rejects: see `error` of the state. */
  readonly loadMore = (): Promise<void> => this.#pager.loadMore()

  /** Shows only these types; `null` or none for all. The counts stay those of all types. Resolves like `load`. */
  readonly setFilter = async (types: readonly EventType[] | null): Promise<void> => {
    const filter = types && types.length > 0 ? [...new Set(types)] : null
    if (String(filter) === String(this.#model.filter)) return
    this.#model.setFilter(filter)
    if (this.#pager.status === 'idle') return this.#publish()
    await this.#pager.startOver()
  }

  /**
   * Marks groups as read, which also marks them as seen. Shows at once; when it fails it is taken back and the
   * `HeadwaterError` is thrown. `not_found` of the answer has the ids that are no group of this user;
   * where all are, `not_found` is thrown.
   */
  readonly markRead = (groupIds: readonly string[]): Promise<MarkResult> => this.#markGroups('read', groupIds)

  /**
   * Marks everything that has been shown so far as read, of all types, loaded or not; nothing newer. Before anything has
   * come, list or counts, that is all there is when the server gets it. Throws like `markRead`.
   */
  readonly markAllRead = (): Promise<MarkResult> => this.#markAll('read')

  /** Marks groups as seen. Never as read. Throws like `markRead`. */
  readonly markSeen = (groupIds: readonly string[]): Promise<MarkResult> => this.#markGroups('seen', groupIds)

  /** Marks everything that has been shown so far, as `markAllRead` does, as seen: clears the badge. Throws like `markRead`. */
  readonly markAllSeen = (): Promise<MarkResult> => this.#markAll('seen')

  /** Removes a group. It vanishes at once; when that fails it comes back and the `HeadwaterError` is thrown. */
  readonly remove = async (groupId: string): Promise<void> => {
    this.#change(() => this.#model.hide(groupId))
    try {
      await this.#http.request('DELETE', `/v1/activities/${segmentOf(groupId)}`)
      this.#change(() => this.#model.removed(groupId, true))
    } catch (error) {
      // Somebody was faster, or it was this very call, whose answer was lost.
      const isGone = isNotFound(error)
      this.#change(() => (isGone ? this.#model.removed(groupId, false) : this.#model.unhide(groupId)))
      if (!isGone) throw error
    }
  }

  /** Who is in a group, newest first, `limit` (1–100) at a time. Throws a `HeadwaterError`. */
  readonly actors = async (
    groupId: string,
    page: { cursor?: string | null; limit?: number } = {},
  ): Promise<ActorsPage> => {
    const query = { cursor: page.cursor, limit: page.limit }
    return this.#http.request<ActorsPage>('GET', `/v1/activities/${segmentOf(groupId)}/actors`, { query })
  }

  #startStream(): void {
    cancel(this.#headStart)
    if (!this.#isOpen) return
    const { epoch, shownSeq } = this.#model
    // From the page that has just come, so that the stream tells only what is newer.
    this.#stream.start(epoch !== null && shownSeq >= 0 ? { epoch, seq: shownSeq } : this.#stream.position)
  }

  async #markGroups(kind: MarkKind, groupIds: readonly string[]): Promise<MarkResult> {
    const { unreadCount, unseenCount } = this.#state
    const { epoch } = this.#model
    let total: MarkResult = {
      updated_unread_count: unreadCount,
      unseen_count: unseenCount,
      ...(epoch === null ? {} : { epoch }),
      seq: this.#model.shownSeq,
      not_found: [],
    }
    const batches = inBatches(groupIds, limits.idsPerMark).map((ids) => ({
      ids,
      mark: this.#model.markGroups(kind, ids),
    }))
    this.#publish()
    let isAnswered = false
    let refusal: unknown
    try {
      for (let batch = batches.shift(); batch; batch = batches.shift()) {
        const result = await this.#mark(batch.mark, { group_ids: batch.ids }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error
          refusal = error
          return null
        })
        isAnswered ||= result !== null
        total = { ...total, ...result, not_found: [...total.not_found, ...(result?.not_found ?? new Set(batch.ids))] }
      }
      // A request is refused when it names no group at all: so is a call, and not for one of its requests.
      if (refusal !== undefined && !isAnswered) throw refusal
      return total
    } finally {
      // After a failure: those that were not even tried.
      this.#change(() => {
        for (const { mark } of batches) this.#model.unmark(mark)
      })
    }
  }

  #markAll(kind: MarkKind): Promise<MarkResult> {
    const upToSeq = this.#model.markAllSeq
    const mark = this.#model.markAll(kind)
    this.#publish()
    return this.#mark(mark, upToSeq < 0 ? { all: true } : { all: true, up_to_seq: upToSeq })
  }

  async #mark(mark: PendingMark, body: object): Promise<MarkResult> {
    try {
      const result = await this.#http.request<MarkResult>('POST', `/v1/activities/${mark.kind}`, {
        body,
        isRepeatable: true,
      })
      this.#change(() => this.#model.marked(mark, result, this.#connection === 'online'))
      return result
    } catch (error) {
      this.#change(() => this.#model.unmark(mark))
      throw error
    }
  }

  #setConnection(connection: Connection, error: HeadwaterError | null): void {
    this.#connection = connection
    this.#connectionError = error
    this.#publish()
  }

  #change(change: () => void): void {
    change()
    this.#publish()
  }

  #compose(): ActivitiesState {
    return {
      status: this.#pager.status,
      connection: this.#connection,
      ...this.#model.view(),
      hasMore: this.#pager.hasMore,
      error: this.#pager.error ?? this.#connectionError,
      filter: this.#model.filter,
    }
  }

  #publish(): void {
    this.#pager.trim()
    const next = this.#compose()
    const names = Object.keys(next) as (keyof ActivitiesState)[]
    if (names.every((name) => next[name] === this.#state[name])) return
    this.#state = next
    for (const listener of [...this.#listeners]) callSafely(listener)
  }
}

const isNotFound = (error: unknown): boolean => HeadwaterError.is(error) && error.code === 'not_found'

/** A listener that throws must not keep the others from hearing; its error surfaces on its own. */
function callSafely(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function inBatches<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}
