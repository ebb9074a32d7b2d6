import type {
  ActivityGroup,
  ActivityPage,
  Counts,
  EventType,
  HelloFrame,
  LastKnownBadge,
  MarkResult,
  MarkScope,
  ReadStateFrame,
  StreamPosition,
} from '@headwater/protocol'
import type { ChainFrame } from './frame.ts'
import { GroupList, type GroupPlace } from './group-list.ts'
import { type MarkKind, OptimisticMarks, type PendingMark } from './optimistic.ts'

/** What is there to show. `groups` is the same array, and each group the same object, until it changes. */
export interface ActivityView {
  readonly groups: readonly ActivityGroup[]
  readonly unreadCount: number
  readonly unseenCount: number
}

/** A group that its user removed never comes back: a later event opens another one. */
const forever = Number.MAX_SAFE_INTEGER

/** Answered marks that may wait for the stream to bring them; a mark that changed nothing waits for ever. */
const answeredMax = 100

/**
 * All that is known of one user's activity stream, fed with frames, pages and replies in any order; no I/O. Counts are
 * the server's: those with the highest position hold. At one position counts only fall, for a mark is counted before its
 * own record has moved the stream on: of those with the same position the lowest hold, whichever came last.
 */
export class ActivityModel {
  #list = new GroupList()
  #optimistic = new OptimisticMarks()
  #counts: Counts & { readonly seq: number } = { unread_count: 0, unseen_count: 0, seq: -1 }
  /** The version that each had when its user removed it; -1 for one that was not known. */
  readonly #hidden = new Map<string, number>()
  #filter: readonly EventType[] | null = null
  #epoch: string | null = null
  #shownSeq = -1
  #view: ActivityView = { groups: [], unreadCount: 0, unseenCount: 0 }

  /** The epoch of everything here; `null` until something came. */
  get epoch(): string | null {
    return this.#epoch
  }

  get filter(): readonly EventType[] | null {
    return this.#filter
  }

  get list(): GroupList {
    return this.#list
  }

  /** The newest position up to which the top of the list is known, and can have been seen; -1 when there is none. */
  get shownSeq(): number {
    return this.#shownSeq
  }

  /** How far a mark of all reaches: what is listed, or, while nothing is, what is counted; -1 when there is neither. */
  get markAllSeq(): number {
    return this.#shownSeq >= 0 ? this.#shownSeq : this.#counts.seq
  }

  /** Positions of another epoch mean nothing: forgets all and begins anew. Nothing happens if it is the same one. */
  enterEpoch(epoch: string): void {
    if (this.#epoch !== null && this.#epoch !== epoch) this.#forget()
    this.#epoch = epoch
  }

  /** The server reset the stream. What it says from then on holds, even where it takes back what was newer. */
  reset({ epoch, seq }: StreamPosition): void {
    this.enterEpoch(epoch)
    if (seq < this.#shownSeq) this.#forget()
    // The frames that would have brought them are left out; the list is read anew, and knows them.
    for (const { mark, upTo } of [...this.#optimistic.answeredMarks()]) this.#settle(mark, upTo, new Set())
    this.#counts = { ...this.#counts, seq: -1 }
  }

  setFilter(types: readonly EventType[] | null): void {
    this.#filter = types
    this.#list.setFilter(types)
  }

  hello(frame: HelloFrame): void {
    this.#count(frame, frame.seq)
  }

  /** A frame that follows on the one before it. */
  frame(frame: ChainFrame): void {
    if (frame.type === 'activity_group_created' || frame.type === 'activity_group_updated') this.#list.put(frame.group)
    if (frame.type === 'activity_group_removed') this.#list.remove(frame.group_id, frame.seq)
    if (frame.type === 'read_state') this.#mark(frame)
    if ('counts_seq' in frame && typeof frame.counts_seq === 'number') this.#count(frame, frame.counts_seq)
    this.#shownSeq = Math.max(this.#shownSeq, frame.seq)
  }

  /** The page at the top: the list starts over with it. */
  firstPage(page: ActivityPage): void {
    this.enterEpoch(page.epoch)
    this.#list.putFirstPage(page)
    this.#count(page, page.seq)
    this.#shownSeq = Math.max(this.#shownSeq, page.seq)
  }

  /** A page that follows on `after`, or one from the top that must not shorten the list. */
  page(page: ActivityPage, after: GroupPlace | null): void {
    this.#list.putPage(page, after)
    this.#count(page, page.seq)
  }

  /** Groups that are listed already, once more as they are now: the list keeps its length. */
  again(page: ActivityPage): void {
    for (const group of page.activity_groups) this.#list.put(group)
    this.#count(page, page.seq)
  }

  /** Counts that may be old: better than none, where there are none. */
  lastKnown(badge: LastKnownBadge): void {
    if (this.#counts.seq >= 0 || this.#isOver(badge.epoch)) return
    this.enterEpoch(badge.epoch)
    this.#count(badge, badge.seq)
  }

  trim(max: number): boolean {
    return this.#list.trim(max)
  }

  /** Marks these groups as they are now. */
  markGroups(kind: MarkKind, groupIds: readonly string[]): PendingMark {
    const groups = new Map(groupIds.map((id) => [id, this.#list.get(id)?.seq ?? -1]))
    return this.#begin({ kind, target: { groups } })
  }

  /** Marks everything that can have been seen, as far as `markAllSeq`. */
  markAll(kind: MarkKind): PendingMark {
    const { unread_count: unread, unseen_count: unseen } = this.#counts
    return this.#begin({ kind, target: { upToSeq: this.markAllSeq, unread, unseen } })
  }

  /**
   * The server's answer to a mark. `live`: the stream is open, so that the mark itself is on its way here too and will
   * say how far it reached. Otherwise it covers what its caller saw, as far as the server's own views had come: a page
   * may hold a group that is a flush ahead of them. An answer of another epoch says nothing about what is here.
   */
  marked(mark: PendingMark, result: MarkResult, live: boolean): void {
    if (result.epoch !== undefined && this.#isOver(result.epoch)) {
      this.unmark(mark)
      return
    }
    this.#count({ unread_count: result.updated_unread_count, unseen_count: result.unseen_count }, result.seq)
    if (live && result.not_found.length === 0) this.#optimistic.answered(mark, result.seq)
    else this.#settle(mark, result.seq, new Set(result.not_found))
    const answered = [...this.#optimistic.answeredMarks()]
    for (const { mark: old, upTo } of answered.slice(0, -answeredMax)) this.#settle(old, upTo, new Set())
  }

  /** The mark failed: everything is as if it had never been tried. */
  unmark(mark: PendingMark): void {
    this.#optimistic.end(mark)
  }

  /** Hides a group while the server is asked to remove it. */
  hide(groupId: string): void {
    if (!this.#hidden.has(groupId)) this.#hidden.set(groupId, this.#list.get(groupId)?.seq ?? -1)
  }

  unhide(groupId: string): void {
    this.#hidden.delete(groupId)
  }

  /** Its user removed it, or it was not there any more: then it may have come again since it was hidden. */
  removed(groupId: string, wasThere: boolean): void {
    this.#list.remove(groupId, wasThere ? forever : (this.#hidden.get(groupId) ?? -1))
    this.#hidden.delete(groupId)
  }

  /** What to show now. The same object as before if nothing changed. */
  view(): ActivityView {
    const groups = this.#list
      .visible()
      .flatMap((group) => (this.#hidden.has(group.group_id) ? [] : this.#optimistic.apply(group)))
    const next: ActivityView = {
      groups: isSameList(groups, this.#view.groups) ? this.#view.groups : groups,
      unreadCount: Math.max(0, this.#counts.unread_count - this.#optimistic.lowers('read', this.#list)),
      unseenCount: Math.max(0, this.#counts.unseen_count - this.#optimistic.lowers('seen', this.#list)),
    }
    const isSame =
      next.groups === this.#view.groups &&
      next.unreadCount === this.#view.unreadCount &&
      next.unseenCount === this.#view.unseenCount
    if (!isSame) this.#view = next
    return this.#view
  }

  #begin(mark: PendingMark): PendingMark {
    this.#optimistic.begin(mark)
    return mark
  }

  #mark(frame: ReadStateFrame): void {
    for (const kind of ['read', 'seen'] as const) {
      const scope = frame[kind]
      if (!scope) continue
      this.#list.mark(kind, withPosition(scope, frame.seq))
      this.#optimistic.witness(kind, scope)
    }
  }

  /** Another epoch than the one of everything here. */
  #isOver(epoch: string): boolean {
    return this.#epoch !== null && this.#epoch !== epoch
  }

  #count({ unread_count, unseen_count }: Counts, seq: number): void {
    const known = this.#counts
    if (seq > known.seq) this.#counts = { unread_count, unseen_count, seq }
    if (seq !== known.seq) return
    this.#counts = {
      unread_count: Math.min(unread_count, known.unread_count),
      unseen_count: Math.min(unseen_count, known.unseen_count),
      seq,
    }
  }

  #forget(): void {
    this.#list = new GroupList()
    this.#list.setFilter(this.#filter)
    this.#optimistic = new OptimisticMarks()
    this.#counts = { ...this.#counts, seq: -1 }
    this.#hidden.clear()
    this.#shownSeq = -1
  }

  /** Writes an answered mark into the list. */
  #settle(mark: PendingMark, upTo: number, missing: ReadonlySet<string>): void {
    this.#optimistic.end(mark)
    for (const scope of scopesOf(mark, upTo, missing)) this.#list.mark(mark.kind, scope)
  }
}

/** What an answered mark covers for certain: the states that its caller saw, not past `upTo`, of the groups that exist. */
function scopesOf({ target }: PendingMark, upTo: number, missing: ReadonlySet<string>): MarkScope[] {
  if (!('groups' in target)) return [{ all_up_to_seq: Math.min(target.upToSeq, upTo) }]
  return [...target.groups]
    .filter(([groupId]) => !missing.has(groupId))
    .map(([groupId, seq]) => ({ group_ids: [groupId], up_to_seq: Math.min(seq, upTo) }))
}

/** Where a server leaves out how far a mark of single groups reaches, it cannot reach past its own frame. */
function withPosition(scope: MarkScope, seq: number): MarkScope {
  if ('all_up_to_seq' in scope) return scope
  return { group_ids: scope.group_ids, up_to_seq: scope.up_to_seq ?? seq }
}

function isSameList(a: readonly ActivityGroup[], b: readonly ActivityGroup[]): boolean {
  return a.length === b.length && a.every((group, index) => group === b[index])
}
