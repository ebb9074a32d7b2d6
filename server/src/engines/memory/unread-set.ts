import type { EventType } from '@headwater/protocol'
import { createdAtOf } from '../../model/group-id.ts'
import type { GroupId, Seq } from '../../model/ids.ts'
import { type MarkChange, type Marks, marksOf, noMarks, raiseMarks, readUpTo, seenUpTo } from '../../model/marks.ts'
import type { UnreadRow } from '../../ports/group-store.ts'
import type { BadgeCounts, UnreadContent, UnreadFlush } from '../../ports/unread-sets.ts'

/** Stands for every empty map, of which most sets have three: an empty map takes a quarter of a kilobyte. */
const nothing = new Map<never, never>()

const writable = <Key, Value>(map: Map<Key, Value>): Map<Key, Value> => (map === (nothing as unknown) ? new Map() : map)

/** An unread group by its id: no more than what is asked for, since there may be very many. */
interface Entry {
  readonly eventType: EventType
  readonly createdAt: number
  readonly unreadSeq: Seq
  readonly isUnseen: boolean
}

/**
 * The unread groups of one user and their counts, kept as they change. Marks of groups that are not in the set stay: a
 * group may change later without news, and must not come back for that.
 */
export class UnreadSet {
  #upTo: Seq
  #all: Marks
  #marks: Map<GroupId, Marks>
  #entries: Map<GroupId, Entry> = nothing
  #byType: Map<EventType, number> = nothing
  #unseen = 0
  #oldest = Number.POSITIVE_INFINITY
  /** The youngest group that retention took. */
  #youngestTaken = Number.NEGATIVE_INFINITY
  /** With so many marks it is time to look for those past retention. */
  #marksToSweep = 256

  constructor({ upTo, rows, all, marks }: UnreadContent) {
    this.#upTo = upTo
    this.#all = all
    this.#marks = marks.size > 0 ? new Map(marks) : nothing
    for (const row of rows) this.#place(row)
  }

  /** How much it holds, to bound what all sets hold together. */
  get size(): number {
    return 1 + this.#entries.size + this.#marks.size
  }

  /** No entry was created before it. */
  get oldest(): number {
    return this.#oldest
  }

  /** False when the flush does not continue from here: the set is worth nothing any more. */
  apply({ from, to, groups, marks }: UnreadFlush): boolean {
    if (to <= this.#upTo) return true
    if (from !== this.#upTo) return false
    this.#upTo = to
    for (const group of groups) {
      this.#remove(group.groupId)
      if (group.visible) this.#place(group)
    }
    this.raise(marks)
    return true
  }

  raise(changes: readonly MarkChange[]): void {
    for (const change of changes) {
      const { groupId } = change
      if (groupId === null) {
        this.#all = raiseMarks(this.#all, marksOf(change))
      } else {
        this.#marks = writable(this.#marks)
        this.#marks.set(groupId, raiseMarks(this.#marks.get(groupId) ?? noMarks, marksOf(change)))
        this.#replace(groupId)
      }
    }
    if (!changes.some((change) => change.groupId === null)) return
    // A copy, since an entry that is judged anew moves to the end of the map.
    for (const groupId of [...this.#entries.keys()]) this.#replace(groupId)
    for (const [groupId, own] of this.#marks) if (this.#isCovered(own)) this.#marks.delete(groupId)
  }

  /** `undefined` when the clock went back behind entries that retention has taken already. */
  counts(createdFrom: number): BadgeCounts | undefined {
    if (createdFrom <= this.#youngestTaken) return undefined
    if (createdFrom > this.#oldest) this.#retain(createdFrom)
    if (this.#marks.size >= this.#marksToSweep) this.#sweepMarks(createdFrom)
    return {
      upTo: this.#upTo,
      unread: this.#entries.size,
      unseen: this.#unseen,
      unreadByType: Object.fromEntries(this.#byType),
    }
  }

  #place({ groupId, eventType, createdAt, unreadSeq }: UnreadRow): void {
    const own = this.#marks.get(groupId)
    const isDeleted = own !== undefined && own.deleted.upTo > 0
    if (isDeleted || unreadSeq <= readUpTo(this.#all, own)) return
    const isUnseen = unreadSeq > seenUpTo(this.#all, own)
    this.#entries = writable(this.#entries)
    this.#entries.set(groupId, { eventType, createdAt, unreadSeq, isUnseen })
    this.#byType = writable(this.#byType)
    this.#byType.set(eventType, (this.#byType.get(eventType) ?? 0) + 1)
    if (isUnseen) this.#unseen++
    this.#oldest = Math.min(this.#oldest, createdAt)
  }

  #remove(groupId: GroupId): Entry | undefined {
    const entry = this.#entries.get(groupId)
    if (!entry) return undefined
    this.#entries.delete(groupId)
    const left = (this.#byType.get(entry.eventType) ?? 0) - 1
    if (left > 0) this.#byType.set(entry.eventType, left)
    else this.#byType.delete(entry.eventType)
    if (entry.isUnseen) this.#unseen--
    return entry
  }

  #replace(groupId: GroupId): void {
    const entry = this.#remove(groupId)
    if (entry) this.#place({ groupId, ...entry })
  }

  /** A mark of one group that says no more than the marks over all. */
  #isCovered({ read, seen, deleted }: Marks): boolean {
    return deleted.upTo === 0 && read.upTo <= this.#all.read.upTo && seen.upTo <= seenUpTo(this.#all, undefined)
  }

  #retain(createdFrom: number): void {
    this.#oldest = Number.POSITIVE_INFINITY
    for (const [groupId, { createdAt }] of this.#entries) {
      if (createdAt >= createdFrom) {
        this.#oldest = Math.min(this.#oldest, createdAt)
      } else {
        this.#youngestTaken = Math.max(this.#youngestTaken, createdAt)
        this.#remove(groupId)
      }
    }
  }
  #sweepMarks(createdFrom: number): void {
    for (const groupId of this.#marks.keys()) {
      const createdAt = createdAtOf(groupId)
      if (createdAt >= createdFrom) continue
      this.#youngestTaken = Math.max(this.#youngestTaken, createdAt)
      this.#marks.delete(groupId)
    }
    this.#marksToSweep = Math.max(256, 2 * this.#marks.size)
  }
}
