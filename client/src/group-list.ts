import type { ActivityGroup, ActivityPage, EventType, MarkScope } from '@headwater/protocol'
import { Marks, withFlags } from './marks.ts'
import { SeqMap } from './seq-map.ts'

/**
 * What this client knows of one user's groups, and which part of it is a list without holes.
 *
 * Frames, pages and replies come in any order, so every rule here gives the same result whatever the order: of two
 * states of a group the one with the higher `seq` holds; of two with the same `seq` a mark, once there, stays; a
 * removal holds against every state that is not newer; marks are maxima.
 *
 * The list is the groups from the newest down to `end`, the last one that a page brought. A live group below `end`
 * is kept aside: between it and the list there may be groups that nobody asked for yet. It is needed all the same, for
 * the page that brings it may have been read before it changed.
 */

/** Where a group stands in the list: newest first, by `group_id` among equals. */
export type GroupPlace = Pick<ActivityGroup, 'group_created_at' | 'group_id'>

/** Negative when `a` stands before `b`. */
export function comparePlaces(a: GroupPlace, b: GroupPlace): number {
  if (a.group_created_at !== b.group_created_at) return b.group_created_at - a.group_created_at
  return a.group_id < b.group_id ? -1 : a.group_id > b.group_id ? 1 : 0
}

/** Of two states of one group the one that holds. Gives `known` itself when `incoming` says nothing new. */
export function newerState(known: ActivityGroup | undefined, incoming: ActivityGroup): ActivityGroup {
  if (!known || incoming.seq > known.seq) return incoming
  if (incoming.seq < known.seq) return known
  // Marks do not raise a group's version, and a reader's mark is never taken back by the same version.
  const merged = {
    ...incoming,
    is_read: known.is_read || incoming.is_read,
    is_seen: known.is_seen || incoming.is_seen,
    new_actor_count: Math.min(known.new_actor_count, incoming.new_actor_count),
  }
  return JSON.stringify(merged) === JSON.stringify(known) ? known : merged
}

/** Nothing is listed yet; down to a place; or everything there is. */
type ListEnd = 'nothing' | GroupPlace | 'everything'

/** Groups that are known without being in the list, beyond which the least recently changed are forgotten. */
const asideMax = 500
const removedMax = 1_000

export class GroupList {
  readonly #known = new Map<string, ActivityGroup>()
  readonly #removed = new SeqMap(removedMax)
  readonly #read = new Marks()
  readonly #seen = new Marks()
  #end: ListEnd = 'nothing'
  #filter: ReadonlySet<EventType> | null = null
  #visible: readonly ActivityGroup[] | null = null

  /** The groups of the list in order, marks applied. The same array until something changes. */
  visible(): readonly ActivityGroup[] {
    this.#visible ??= this.#all()
      .filter((group) => this.#isListed(group))
      .sort(comparePlaces)
    return this.#visible
  }

  /** A group that is known, in the list or not, marks applied. */
  get(groupId: string): ActivityGroup | undefined {
    const group = this.#known.get(groupId)
    return group && this.#withMarks(group)
  }

  /** False until there is a page. */
  get started(): boolean {
    return this.#end !== 'nothing'
  }

  /** Where the list ends; `null` when nothing is listed, or everything. */
  get end(): GroupPlace | null {
    return typeof this.#end === 'string' ? null : this.#end
  }

  put(group: ActivityGroup): void {
    if (this.#removed.get(group.group_id) >= group.seq) return
    const known = this.#known.get(group.group_id)
    const held = newerState(known, group)
    if (held === known) return
    // Taken out first: the map is in the order of the last change, which is the order of forgetting.
    this.#known.delete(group.group_id)
    this.#known.set(group.group_id, held)
    this.#changed()
  }

  /** The group was removed at `seq`. A state that is newer than that stays. */
  remove(groupId: string, seq: number): void {
    this.#removed.raise(groupId, seq)
    const known = this.#known.get(groupId)
    if (!known || known.seq > seq) return
    this.#known.delete(groupId)
    this.#changed()
  }

  /** A mark of this or another device. A read mark marks as seen too. */
  mark(kind: 'read' | 'seen', scope: MarkScope): void {
    if (kind === 'read') this.#read.add(scope)
    this.#seen.add(scope)
    this.#changed()
  }

  /** Shows other types. What is known of them shows at once; without holes it is only after the next `putFirstPage`. */
  setFilter(types: readonly EventType[] | null): void {
    this.#filter = types && new Set(types)
    this.#changed()
  }

  /** The newest page: the list is now this page, and what is newer than it. */
  putFirstPage(page: ActivityPage): void {
    this.#putPage(page, null)
    this.#end = pageEnd(page) ?? 'nothing'
    this.#changed()
  }

  /** A page that follows on `after`, or starts at the top where that is `null`: the list may grow, and does not shrink. */
  putPage(page: ActivityPage, after: GroupPlace | null): void {
    this.#putPage(page, after)
    const end = pageEnd(page)
    if (end && this.#reaches(end)) this.#end = end
    this.#changed()
  }

  /** Shortens the list to its first `max` groups. True if there were more: then no cursor fits its end any more. */
  trim(max: number): boolean {
    this.#forget()
    const last = this.visible()[max - 1]
    if (!last || this.visible().length <= max) return false
    this.#end = { group_created_at: last.group_created_at, group_id: last.group_id }
    this.#changed()
    this.#forget()
    return true
  }

  /** Every group of the filter that a page covers and does not list is gone, unless it changed after the page was read. */
  #putPage(page: ActivityPage, after: GroupPlace | null): void {
    const end = pageEnd(page)
    const listed = new Set(page.activity_groups.map((group) => group.group_id))
    for (const group of [...this.#known.values()]) {
      if (listed.has(group.group_id) || group.seq > page.seq || !this.#isWanted(group)) continue
      const covered = (!after || comparePlaces(group, after) > 0) && isWithin(group, end)
      if (covered) this.remove(group.group_id, page.seq)
    }
    for (const group of page.activity_groups) this.put(group)
  }

  #reaches(end: GroupPlace | 'everything'): boolean {
    if (end === 'everything') return true
    if (this.#end === 'everything') return false
    return this.#end === 'nothing' || comparePlaces(end, this.#end) > 0
  }

  #isWanted(group: ActivityGroup): boolean {
    return this.#filter === null || this.#filter.has(group.event_type)
  }

  #isListed(group: ActivityGroup): boolean {
    return this.#end !== 'nothing' && this.#isWanted(group) && isWithin(group, this.#end)
  }

  #all(): ActivityGroup[] {
    return Array.from(this.#known.values(), (group) => this.#withMarks(group))
  }

  #withMarks(group: ActivityGroup): ActivityGroup {
    return withFlags(group, group.is_read || this.#read.covers(group), group.is_seen || this.#seen.covers(group))
  }

  #forget(): void {
    const listed = this.visible().length
    if (this.#known.size - listed <= asideMax * 2) return
    let surplus = this.#known.size - listed - asideMax
    for (const group of [...this.#known.values()]) {
      if (surplus <= 0) return
      if (this.#isListed(group)) continue
      this.#known.delete(group.group_id)
      surplus--
    }
  }

  #changed(): void {
    this.#visible = null
  }
}

function isWithin(place: GroupPlace, end: ListEnd | null): boolean {
  if (end === 'everything') return true
  if (end === 'nothing' || end === null) return false
  return comparePlaces(place, end) <= 0
}

/** How far down a page goes; `null` for an empty page with more behind it. */
function pageEnd(page: ActivityPage): GroupPlace | 'everything' | null {
  if (page.next_cursor === null) return 'everything'
  const last = page.activity_groups.at(-1)
  return last ? { group_created_at: last.group_created_at, group_id: last.group_id } : null
}
