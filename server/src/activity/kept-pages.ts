import { LRUCache } from 'lru-cache'
import { fnv1a } from '../lib/fnv.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { ObjectRef } from '../ports/object-index.ts'
import type { WriteListener } from '../wrapped/told-writes.ts'

/** What a page was made from, beside the stream of its user. */
export interface PageGrounds {
  /** Everyone whose record is in it, and every object. */
  readonly people: Iterable<UserId>
  readonly objects: Iterable<ObjectRef>
  /** Wall time from which on it may look different though nothing is written. */
  readonly validUntil: number
}

/**
 * First pages as they were sent, until something in them changes. Right only where this process makes all writes and
 * tells of each (see `tellWrites`): a page is dropped when its user's stream is written, when a person or object in it is,
 * and when time alone changes it or its badge. The head is compared each time, since a write of it may be seen by others
 * before it is told of.
 *
 * A write may take effect while a page is being made, before or after its rows are read, and is told of when it is over. So a
 * page begins with a draft: one that anything was told to since is thrown away with what was read.
 */
export class KeptPages implements WriteListener {
  readonly #pages: LRUCache<string, KeptPage>
  /** Of users who have kept pages, or drafts. */
  readonly #stamps = new Map<UserId, Stamp>()
  readonly #news = new News()

  constructor(keptBytes: number) {
    this.#pages = new LRUCache<string, KeptPage>({
      maxSize: Math.max(1, keptBytes),
      sizeCalculation: ({ bytes, about }) => bytes.byteLength + about.byteLength + overheadBytes,
      dispose: ({ stamp }) => this.#letGo(stamp),
    })
  }

  get(user: UserId, variant: string, head: Seq, now: number): Uint8Array | undefined {
    const key = keyOf(user, variant)
    const page = this.#pages.get(key)
    if (!page) return undefined
    const { stamp, madeAt, validUntil } = page
    // A clock that was set back may bring back what was past retention.
    if (page.head === head && !stamp.spoiled && now >= madeAt && now < validUntil && this.#news.areOld(page))
      return page.bytes
    this.#pages.delete(key)
    return undefined
  }

  /** Before anything is read. Ends with `keep`, or with `drop` when there will be no page. */
  draft(user: UserId, now: number): Draft {
    let stamp = this.#stamps.get(user)
    if (!stamp) {
      stamp = { user, spoiled: false, holders: 0 }
      this.#stamps.set(user, stamp)
    }
    stamp.holders++
    return { stamp, madeAt: now, newsRead: this.#news.end }
  }

  keep(draft: Draft, variant: string, bytes: Uint8Array, head: Seq, grounds: PageGrounds): void {
    const about = Uint32Array.from([...[...grounds.people].map(personHash), ...[...grounds.objects].map(objectHash)])
    const page: KeptPage = { ...draft, bytes, about, head, validUntil: grounds.validUntil }
    const tooLarge = bytes.byteLength > this.#pages.maxSize / 16
    if (tooLarge || draft.stamp.spoiled || !this.#news.areOld(page)) this.drop(draft)
    else this.#pages.set(keyOf(draft.stamp.user, variant), page)
  }

  drop({ stamp }: Draft): void {
    this.#letGo(stamp)
  }

  streamWritten(user: UserId): void {
    const stamp = this.#stamps.get(user)
    if (!stamp) return
    stamp.spoiled = true
    this.#stamps.delete(user)
  }

  personWritten(id: UserId): void {
    this.#news.add(personHash(id))
  }

  tombstoneWritten(object: ObjectRef): void {
    this.#news.add(objectHash(object))
  }

  /** How many users have a page or a draft. */
  get users(): number {
    return this.#stamps.size
  }

  #letGo(stamp: Stamp): void {
    stamp.holders--
    if (stamp.holders === 0 && !stamp.spoiled) this.#stamps.delete(stamp.user)
  }
}

/** Shared by the pages and drafts of one user since the last write. */
interface Stamp {
  readonly user: UserId
  spoiled: boolean
  holders: number
}

export interface Draft {
  readonly stamp: Stamp
  readonly madeAt: number
  /** Up to which number the news are known not to be about it. */
  newsRead: number
}

interface KeptPage extends Draft {
  readonly bytes: Uint8Array
  readonly about: Uint32Array
  readonly head: Seq
  readonly validUntil: number
}

const overheadBytes = 600
const newsMax = 2_000

/**
 * People and objects that were written of late, numbered. A page looks only at those since it was last asked for; where there
 * were more than are kept, it counts as changed. Hashes: to take one for another costs a page that is made anew.
 */
class News {
  #recent: number[] = []
  #start = 0

  get end(): number {
    return this.#start + this.#recent.length
  }

  add(hash: number): void {
    this.#recent.push(hash)
    if (this.#recent.length < 2 * newsMax) return
    this.#recent = this.#recent.slice(newsMax)
    this.#start += newsMax
  }

  areOld(page: { readonly about: Uint32Array; newsRead: number }): boolean {
    if (page.newsRead === this.end) return true
    if (page.newsRead < this.#start) return false
    for (let i = page.newsRead - this.#start; i < this.#recent.length; i++) {
      if (page.about.includes(this.#recent[i] as number)) return false
    }
    page.newsRead = this.end
    return true
  }
}

const keyOf = (user: UserId, variant: string): string => `${user}\u001f${variant}`
const personHash = (id: UserId): number => fnv1a(id)
const objectHash = ({ objectType, objectId }: ObjectRef): number => fnv1a(objectId, fnv1a(objectType, 0x01000193))
