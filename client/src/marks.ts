import type { ActivityGroup, MarkScope } from '@headwater/protocol'
import { SeqMap } from './seq-map.ts'

const singleMarksMax = 2_000

/**
 * The marks of one kind, as maxima: adding them in any order, or twice, gives the same. A group is covered when
 * the newest of its actors who were new is not newer than a mark; what else changed in it makes it unread for nobody.
 */
export class Marks {
  readonly #groups = new SeqMap(singleMarksMax)
  #all = -1

  /** Everything up to this `seq` is marked. */
  get all(): number {
    return this.#all
  }

  add(scope: MarkScope): void {
    if ('all_up_to_seq' in scope) this.#all = Math.max(this.#all, scope.all_up_to_seq)
    else for (const groupId of scope.group_ids) this.#groups.raise(groupId, scope.up_to_seq)
  }

  covers(group: ActivityGroup): boolean {
    return group.unread_seq <= this.#all || group.unread_seq <= this.#groups.get(group.group_id)
  }
}

const markedGroups = new WeakMap<ActivityGroup, Map<string, ActivityGroup>>()

/** The group with these flags: itself if it has them, else a copy, which is the same one every time. */
export function withFlags(group: ActivityGroup, isRead: boolean, isSeen: boolean): ActivityGroup {
  if (isRead === group.is_read && isSeen === group.is_seen) return group
  const copies = markedGroups.get(group) ?? new Map<string, ActivityGroup>()
  markedGroups.set(group, copies)
  const key = `${isRead} ${isSeen}`
  const copy = copies.get(key) ?? {
    ...group,
    is_read: isRead,
    is_seen: isSeen,
    new_actor_count: isSeen ? 0 : group.new_actor_count,
  }
  copies.set(key, copy)
  return copy
}
