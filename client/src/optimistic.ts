import type { ActivityGroup, MarkScope } from '@headwater/protocol'
import type { GroupList } from './group-list.ts'
import { withFlags } from './marks.ts'

/**
 * Marks that were shown before the server knew of them. They lie over the list and are never written into it, so that
 * taking one back restores exactly what would be there without it, whatever came in between.
 *
 * A mark covers the states that its caller saw. A newer state shows through: it may hold an actor whom nobody has seen.
 * An answered mark still lies there until the stream has brought it too (its `read_state` frame), which may come before
 * or after the answer; from then on the list itself knows, and knows better, how far the mark reached.
 */
export type MarkKind = 'read' | 'seen'

/** What was marked: single groups, each in the state that was seen, or everything up to a position. */
export type MarkTarget =
  | { readonly groups: ReadonlyMap<string, number> }
  | { readonly upToSeq: number; readonly unread: number; readonly unseen: number }

export interface PendingMark {
  readonly kind: MarkKind
  readonly target: MarkTarget
}

interface Entry extends PendingMark {
  /** The position up to which the server's answer reached; `null` until it came. */
  answeredUpTo: number | null
  /** What the stream has already brought: single groups, or the whole mark. */
  readonly witnessed: Set<string>
  allWitnessed: boolean
}

export class OptimisticMarks {
  readonly #entries = new Map<PendingMark, Entry>()

  begin(mark: PendingMark): void {
    this.#entries.set(mark, { ...mark, answeredUpTo: null, witnessed: new Set(), allWitnessed: false })
  }

  /** The server did it, up to this position. From now on its counts include the mark. */
  answered(mark: PendingMark, upTo: number): void {
    const entry = this.#entries.get(mark)
    if (!entry) return
    entry.answeredUpTo = upTo
    this.#endIfWitnessed(mark, entry)
  }

  /** The mark failed, or is written into the list. */
  end(mark: PendingMark): void {
    this.#entries.delete(mark)
  }

  /** The stream brought a mark, perhaps one of these. */
  witness(kind: MarkKind, scope: MarkScope): void {
    for (const [mark, entry] of this.#entries) {
      if (entry.kind !== kind) continue
      const { target } = entry
      if (!('groups' in target)) entry.allWitnessed ||= 'all_up_to_seq' in scope
      else for (const groupId of witnessedGroups(target.groups, scope)) entry.witnessed.add(groupId)
      this.#endIfWitnessed(mark, entry)
    }
  }

  /** The answered marks and how far they reached, oldest first. */
  *answeredMarks(): Iterable<{ readonly mark: PendingMark; readonly upTo: number }> {
    for (const [mark, { answeredUpTo: upTo }] of this.#entries) if (upTo !== null) yield { mark, upTo }
  }

  /** The group as the user sees it. The same object when no mark changes it. */
  apply(group: ActivityGroup): ActivityGroup {
    if (this.#entries.size === 0) return group
    return withFlags(group, group.is_read || this.#covers('read', group), group.is_seen || this.#covers('seen', group))
  }

  /** By how much unanswered marks lower the server's count, from what is known of the groups they cover. */
  lowers(kind: MarkKind, list: GroupList): number {
    const groups = new Set<string>()
    let all = 0
    for (const entry of this.#entries.values()) {
      if (entry.answeredUpTo !== null || entry.allWitnessed || !marks(entry, kind)) continue
      const { target } = entry
      if ('groups' in target) for (const groupId of countedGroups(target.groups, kind, list)) groups.add(groupId)
      else all = Math.max(all, kind === 'read' ? target.unread : target.unseen)
    }
    return Math.max(all, groups.size)
  }

  #endIfWitnessed(mark: PendingMark, { answeredUpTo, target, witnessed, allWitnessed }: Entry): void {
    const whole = 'groups' in target ? witnessed.size === target.groups.size : allWitnessed
    if (answeredUpTo !== null && whole) this.#entries.delete(mark)
  }

  #covers(kind: MarkKind, group: ActivityGroup): boolean {
    for (const entry of this.#entries.values()) {
      if (marks(entry, kind) && covers(entry, group)) return true
    }
    return false
  }
}

/** Reading is also seeing. */
function marks(mark: PendingMark, kind: MarkKind): boolean {
  return mark.kind === 'read' || kind === 'seen'
}

function covers({ target, witnessed, allWitnessed, answeredUpTo }: Entry, group: ActivityGroup): boolean {
  if (!('groups' in target)) return !(answeredUpTo !== null && allWitnessed) && group.unread_seq <= target.upToSeq
  if (answeredUpTo !== null && witnessed.has(group.group_id)) return false
  return group.unread_seq <= (target.groups.get(group.group_id) ?? -1)
}

function witnessedGroups(groups: ReadonlyMap<string, number>, scope: MarkScope): string[] {
  if ('group_ids' in scope) return scope.group_ids.filter((groupId) => groups.has(groupId))
  return [...groups].filter(([, seq]) => seq <= scope.all_up_to_seq).map(([groupId]) => groupId)
}

function* countedGroups(groups: ReadonlyMap<string, number>, kind: MarkKind, list: GroupList): Iterable<string> {
  for (const [groupId, seq] of groups) {
    const group = list.get(groupId)
    const isMarked = kind === 'read' ? group?.is_read : group?.is_seen
    if (group && !isMarked && group.seq <= seq) yield groupId
  }
}
