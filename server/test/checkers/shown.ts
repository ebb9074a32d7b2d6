import type { SeenGroup } from './history.ts'
import type { UserOracle } from './oracle.ts'

interface ShownCounts {
  readonly unread_count: number
  readonly unseen_count: number
}

/**
 * What is wrong with counts that were shown for a position. Marks and deletions that the worker has not come to may show already. `orLater`: of
 * a greeting it is only known that the counts are not older than the position.
 */
export function countsFault(
  oracle: UserOracle,
  seq: number,
  shown: ShownCounts,
  t: number,
  orLater: boolean,
): string | undefined {
  const { unread_count: unread, unseen_count: unseen } = shown
  const most = oracle.countsAt(seq)
  if (unread === most.unread && unseen === most.unseen) return undefined
  const least = oracle.leastAt(seq, t)
  const isBetween = unread >= least.unread && unread <= most.unread && unseen >= least.unseen && unseen <= most.unseen
  if (isBetween) return undefined
  if (orLater) {
    for (const later of oracle.positionsAfter(seq)) {
      if (countsFault(oracle, later, shown, t, false) === undefined) return undefined
    }
  }
  return `${unread} unread and ${unseen} unseen at ${seq}, where the log says ${most.unread} and ${most.unseen}`
}

/** What is wrong with a group as it was shown, at the version it says it is. */
export function groupFault(oracle: UserOracle, shown: SeenGroup): string | undefined {
  const is = oracle.groupAt(shown.group_id, shown.seq)
  if (!is) return `group ${shown.group_id} at ${shown.seq} is unknown to the log`
  if (is.seq !== shown.seq) return `group ${shown.group_id} changed at ${is.seq}, and not at ${shown.seq}`
  if (!is.visible) return `group ${shown.group_id} at ${shown.seq} is gone`
  if (is.actors !== shown.actor_count)
    return `group ${shown.group_id} at ${shown.seq} has ${is.actors} actors, shown were ${shown.actor_count}`
  if (is.events !== shown.event_count)
    return `group ${shown.group_id} at ${shown.seq} has ${is.events} events, shown were ${shown.event_count}`
  if (is.unreadSeq !== shown.unread_seq)
    return `group ${shown.group_id} at ${shown.seq} is unread since ${is.unreadSeq}, shown was ${shown.unread_seq}`
  return undefined
}
