import type { MarkScope } from '@headwater/protocol'
import type { GroupId, Seq } from '../model/ids.ts'
import type { MarkChange } from '../model/marks.ts'

export type ReadState =
  | { readonly seq: Seq; readonly read: MarkScope | null; readonly seen: MarkScope | null }
  | { readonly seq: Seq; readonly removed: GroupId }

/**
 * The frames that tell of the marks at one position. One record in the log makes one frame. Marks that a store has merged
 * may cover different spans at the same position; they are told in several frames, which take positions between `after`
 * and `seq` that nothing else has. Where there is no room the smaller span is told for all.
 */
export function readStatesOf(marks: readonly MarkChange[], seq: Seq, after: Seq): ReadState[] {
  const read = scopesOf(marks, 'read')
  const seen = scopesOf(marks, 'seen')
  const removed = marks.flatMap((mark) => (mark.mark === 'deleted' && mark.groupId !== null ? [mark.groupId] : []))
  const states: Omit<ReadState, 'seq'>[] = removed.map((groupId) => ({ removed: groupId }))
  const room = Math.max(1, seq - after - states.length)
  const scopes = { read: squeeze(read, room), seen: squeeze(seen, room) }
  for (let i = 0; i < Math.max(scopes.read.length, scopes.seen.length); i++) {
    const covered = scopes.read[i] ?? null
    // Read implies seen, and a client that looks at `seen` alone should not have to know that.
    states.push({ read: covered, seen: scopes.seen[i] ?? covered })
  }
  const first = seq - states.length + 1
  return states.map((state, i) => ({ ...state, seq: first + i }) as ReadState)
}

/** Spans over all groups first, then those over some, the smallest first. */
function scopesOf(marks: readonly MarkChange[], mark: 'read' | 'seen'): MarkScope[] {
  const groups = new Map<Seq, GroupId[]>()
  let all: Seq | undefined
  for (const change of marks) {
    if (change.mark !== mark) continue
    if (change.groupId === null) all = Math.max(all ?? 0, change.upTo)
    else groups.set(change.upTo, [...(groups.get(change.upTo) ?? []), change.groupId])
  }
  const scopes: MarkScope[] = all === undefined ? [] : [{ all_up_to_seq: all }]
  for (const [upTo, ids] of [...groups].sort(([a], [b]) => a - b)) scopes.push({ group_ids: ids, up_to_seq: upTo })
  return scopes
}

function squeeze(scopes: readonly MarkScope[], room: number): readonly MarkScope[] {
  if (scopes.length <= room) return scopes
  const kept = scopes.slice(0, room - 1)
  const merged = scopes.slice(room - 1)
  const first = merged[0] as MarkScope
  if ('all_up_to_seq' in first) return [...kept, first]
  const ids = merged.flatMap((scope) => ('group_ids' in scope ? scope.group_ids : []))
  return [...kept, { group_ids: ids, up_to_seq: first.up_to_seq }]
}
