import type { ActivityGroup } from '@headwater/protocol'
import { isVisible } from '../model/activity-group.ts'
import type { GroupId, Seq } from '../model/ids.ts'
import type { StreamChange } from '../ports/pub-sub.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'
import { readStatesOf } from './read-states.ts'

/**
 * A frame of the chain, rendered once for all sockets that show it in one language. What differs from socket to socket,
 * `prev_seq` and whether the group is news to it, is put in when the frame is written.
 */
export interface StreamEntry {
  readonly kind: 'group' | 'removed' | 'read_state'
  readonly seq: Seq
  /** A newer frame about the same group replaces this one while it waits; `null` = it is never replaced. */
  readonly groupId: GroupId | null
  /** A socket that was told of everything up to a position below this hears of the group for the first time. */
  readonly visibleSince: Seq
  /** The text behind the number of `prev_seq`. */
  readonly tail: string
}

/** What changed for a user above `from`, complete up to `to`, ready to be written. */
export interface StreamBatch {
  readonly from: Seq
  readonly to: Seq
  /** In the order of `seq`, which rises from one to the next. */
  readonly entries: readonly StreamEntry[]
  /** When the newest event in it was accepted; `null` when that is not known. */
  readonly acceptedAt: number | null
}

/** `groups` are the visible groups among the changes as their reader sees them. */
export function renderEntries(
  changes: readonly StreamChange[],
  from: Seq,
  groups: ReadonlyMap<GroupId, ActivityGroup>,
  counts: BadgeCounts,
): StreamEntry[] {
  const shared = `,"unread_count":${counts.unread},"unseen_count":${counts.unseen},"counts_seq":${counts.upTo}`
  const entries: StreamEntry[] = []
  let last = from
  const add = (kind: StreamEntry['kind'], seq: Seq, groupId: GroupId | null, visibleSince: Seq, body: string): void => {
    if (seq <= last) return
    const tail = `${shared},${body}}`
    entries.push({ kind, seq, groupId, visibleSince, tail })
    last = seq
  }
  for (const change of changes) {
    if ('group' in change) {
      const { groupId, visibleSince } = change.group
      const group = groups.get(groupId)
      if (group) add('group', change.seq, groupId, visibleSince, `"group":${JSON.stringify(group)}`)
      else add('removed', change.seq, groupId, 0, `"group_id":${JSON.stringify(groupId)}`)
      continue
    }
    for (const state of readStatesOf(change.marks, change.seq, last)) {
      if ('removed' in state) add('removed', state.seq, state.removed, 0, `"group_id":${JSON.stringify(state.removed)}`)
      else {
        const body = `"read":${JSON.stringify(state.read)},"seen":${JSON.stringify(state.seen)}`
        add('read_state', state.seq, null, 0, body)
      }
    }
  }
  return entries
}

export const visibleRows = (changes: readonly StreamChange[]) =>
  changes.flatMap((change) => ('group' in change && isVisible(change.group) ? [change.group] : []))

export const frameType = (entry: StreamEntry, created: boolean): string => {
  if (entry.kind === 'read_state') return 'read_state'
  if (entry.kind === 'removed') return 'activity_group_removed'
  return created ? 'activity_group_created' : 'activity_group_updated'
}
