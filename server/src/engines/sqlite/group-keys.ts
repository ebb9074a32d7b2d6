import type { GroupRow } from '../../model/activity-group.ts'
import type { GroupKey } from '../../model/event.ts'
import { idBoundAt } from '../../model/group-id.ts'
import type { KeyAsk } from '../../ports/group-store.ts'
import { allColumns, fromCells, keyHash } from './group-rows.ts'
import type { Reader } from './reader.ts'

const sameKey = 'user_id = ? AND key_hash = ? AND event_type = ? AND verb = ? AND object_type = ? AND object_id = ?'

const newestOf = `
SELECT ${allColumns} FROM groups INDEXED BY groups_by_key WHERE ${sameKey} ORDER BY group_id LIMIT ? + 0`

/** Ids begin with the time, so a span of time is a range of ids. */
const within = `
SELECT ${allColumns} FROM groups INDEXED BY groups_by_key WHERE ${sameKey} AND group_id >= ? AND group_id < ?`

/** The newest rows of a key and those near the times asked for, newest first, each once. */
export function rowsOfKey(read: Reader, ask: KeyAsk): readonly GroupRow[] {
  const key = keyCells(ask.user, ask.key)
  const newest = read.all(newestOf, ...key, ask.newest).map(fromCells)
  // The newest are all there is: the usual case.
  if (newest.length < ask.newest) return newest
  const oldest = newest.at(-1)?.createdAt ?? Number.POSITIVE_INFINITY
  const found = new Map(newest.map((row) => [row.groupId, row]))
  for (const [from, to] of spansAround(ask.times, ask.spanMs)) {
    if (from > oldest) continue
    for (const cells of read.all(within, ...key, idBoundAt(to + 1), idBoundAt(from))) {
      const row = fromCells(cells)
      found.set(row.groupId, row)
    }
  }
  return [...found.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

const keyCells = (user: string, key: GroupKey) =>
  [user, keyHash(key), key.eventType, key.verb, key.objectType, key.objectId] as const

/** `[time - span, time + span]` of all times, those that touch as one. */
function spansAround(times: readonly number[], spanMs: number): readonly (readonly [number, number])[] {
  const spans: [number, number][] = []
  for (const time of times.toSorted((a, b) => a - b)) {
    const last = spans.at(-1)
    if (last && time - spanMs <= last[1]) last[1] = time + spanMs
    else spans.push([time - spanMs, time + spanMs])
  }
  return spans
}
