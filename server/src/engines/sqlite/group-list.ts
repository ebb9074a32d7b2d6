import { type EventType, eventTypes } from '@headwater/protocol'
import type { GroupRow } from '../../model/activity-group.ts'
import { idBoundAt } from '../../model/group-id.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { GroupQuery } from '../../ports/group-store.ts'
import { fromCells, shownColumns } from './group-rows.ts'
import type { Reader } from './reader.ts'

/**
 * A page is one range scan of the table, and one more for each hidden row that it met. Where hidden rows lie close together
 * (a user's groups were deleted), and with a filter, it goes on by `groups_by_type`, which holds visible rows only: one
 * short scan a type.
 */
const scanned = `
SELECT ${shownColumns}, NULL, visible FROM groups
WHERE user_id = ? AND group_id > ? AND group_id < ? ORDER BY group_id LIMIT ? + 0`
const visibleAt = 22

const visibleOfType = `
SELECT group_id FROM groups
WHERE user_id = ? AND event_type = ? AND visible = 1 AND group_id > ? AND group_id < ? ORDER BY group_id LIMIT ? + 0`

const byIds = `
SELECT ${shownColumns} FROM groups
WHERE user_id = ? AND group_id IN (SELECT value FROM json_each(?)) ORDER BY group_id`

/** After so many scans that met hidden rows the index is asked. */
const maxScans = 3

export function listGroups(read: Reader, user: UserId, query: GroupQuery): readonly GroupRow[] {
  const { types, createdFrom, limit } = query
  const bound = idBoundAt(createdFrom)
  let after = query.after ?? ''
  if (types !== null) return listTypes(read, user, types, after, bound, limit)
  const rows: GroupRow[] = []
  for (let scans = 0; scans < maxScans; scans++) {
    const wanted = limit - rows.length
    const met = read.all(scanned, user, after, bound, wanted)
    for (const cells of met) if (cells[visibleAt] === 1) rows.push(fromCells(cells))
    if (rows.length === limit || met.length < wanted) return rows
    after = met.at(-1)?.[1] as GroupId
  }
  return [...rows, ...listTypes(read, user, eventTypes, after, bound, limit - rows.length)]
}

/** As of one moment: a list that lacks what was hidden in between would look like the end of all. */
function listTypes(
  read: Reader,
  user: UserId,
  types: readonly EventType[],
  after: GroupId,
  bound: string,
  limit: number,
): readonly GroupRow[] {
  return read.snapshot(() => {
    const ids = [...new Set(types)].flatMap((type) =>
      read.all(visibleOfType, user, type, after, bound, limit).map(([groupId]) => groupId as GroupId),
    )
    // By code unit, as the table is sorted: ids are lower-case letters and digits.
    ids.sort()
    return read.all(byIds, user, JSON.stringify(ids.slice(0, limit))).map(fromCells)
  })
}
