import { type EventType, eventTypes } from '@headwater/protocol'
import type { GroupRow } from '../../model/activity-group.ts'
import { idBoundAt } from '../../model/group-id.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { GroupQuery } from '../../ports/group-store.ts'
import { fromCells, shownColumns } from './group-rows.ts'
import type { Reader } from './reader.ts'

/**
 * A page is one range scan of the table, which passes over hidden rows. Where many lie together (all of a user's groups
 * were deleted), and with a filter, it goes on by `groups_by_type`, which holds visible rows only: one short scan a type.
 */
const scanned = `
SELECT ${shownColumns}, visible FROM groups
WHERE user_id = ? AND group_id > ? AND group_id < ? ORDER BY group_id LIMIT ?`
const visibleAt = 21

const visibleOfType = `
SELECT group_id FROM groups
WHERE user_id = ? AND event_type = ? AND visible = 1 AND group_id > ? AND group_id < ? ORDER BY group_id LIMIT ?`

const byId = `SELECT ${shownColumns} FROM groups WHERE user_id = ? AND group_id = ?`

/** How many rows more than asked for are looked at before the index is. */
const slack = 20

export function listGroups(read: Reader, user: UserId, query: GroupQuery): readonly GroupRow[] {
  return read.snapshot(() => {
    const after = query.after ?? ''
    if (query.types !== null) return listTypes(read, user, query, query.types, after, query.limit)
    const bound = query.limit + slack
    const rows = read.all(scanned, user, after, idBoundAt(query.createdFrom), bound)
    const found = rows
      .filter((cells) => cells[visibleAt] === 1)
      .slice(0, query.limit)
      .map(shown)
    if (found.length === query.limit || rows.length < bound) return found.filter(within(query))
    const last = rows.at(-1)?.[1] as GroupId
    const rest = listTypes(read, user, query, eventTypes, last, query.limit - found.length)
    return [...found.filter(within(query)), ...rest]
  })
}

function listTypes(
  read: Reader,
  user: UserId,
  query: GroupQuery,
  types: readonly EventType[],
  after: GroupId,
  limit: number,
): readonly GroupRow[] {
  const bound = idBoundAt(query.createdFrom)
  const ids = [...new Set(types)].flatMap((type) =>
    read.all(visibleOfType, user, type, after, bound, limit).map(([groupId]) => groupId as GroupId),
  )
  // By code unit, as the table is sorted: ids are lower-case letters and digits.
  ids.sort()
  return ids
    .slice(0, limit)
    .flatMap((groupId) => read.all(byId, user, groupId).map(fromCells))
    .filter(within(query))
}

const shown = (cells: Parameters<typeof fromCells>[0]): GroupRow => fromCells(cells.slice(0, visibleAt))

const within =
  (query: GroupQuery) =>
  (row: GroupRow): boolean =>
    row.createdAt >= query.createdFrom
