import { keyText } from '../../model/event.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type { UserPurge } from '../../ports/group-store.ts'
import type { CassandraDatabase, Row } from './database.ts'
import type { GroupReads } from './group-reads.ts'
import { fromRow, shownColumns } from './group-rows.ts'

const rowsOfMonth = `SELECT ${shownColumns} FROM groups WHERE user_id = ? AND month = ?`
const dropRow = 'DELETE FROM groups WHERE user_id = ? AND month = ? AND group_id = ? IF EXISTS'
const dropMonth = 'DELETE FROM groups USING TIMESTAMP ? WHERE user_id = ? AND month = ?'

const dropMonths = 'DELETE FROM user_months WHERE user_id = ?'
const dropKeys = 'DELETE FROM group_keys WHERE user_id = ?'
const dropKey = 'DELETE FROM group_keys WHERE user_id = ? AND key = ? AND group_id = ?'
/** Not the whole partition: that would outlive what is said later of it with a position for its time. */
const dropChanges = 'DELETE FROM changes WHERE user_id = ? AND seq >= 0 AND seq <= ?'
const dropForgotten = 'DELETE forgotten FROM changes USING TIMESTAMP ? WHERE user_id = ?'
const dropHead = 'DELETE FROM heads USING TIMESTAMP ? WHERE user_id = ?'

const rowsAtOnce = 100

/**
 * Everything of a user. What was written with its position as the time is deleted at the highest one there is, so that
 * what comes later in the log stands; or at the position that is named. Months go last: they are how the rows are found when
 * this is done again. They stay where rows do, and so do the keys of those rows. The others go before their rows: a key
 * without its row would count among the newest of its key that are asked for, and hide one that stays.
 */
export async function purgeGroups(
  db: CassandraDatabase,
  { user, upTo }: UserPurge,
  head: Seq,
  reads: GroupReads,
  forget: (ids: readonly GroupId[]) => void,
): Promise<number> {
  let removed = 0
  let kept = 0
  let highest = upTo ?? head
  for (const month of await reads.months(user)) {
    for await (const page of db.readPages(rowsOfMonth, [user, month], rowsAtOnce)) {
      const appliedOf = (row: Row): Seq => row.applied?.toNumber() ?? 0
      const old = upTo === undefined ? page : page.filter((row) => appliedOf(row) <= upTo)
      const ids = old.map((row) => row.group_id as GroupId)
      if (upTo !== undefined) await dropKeysOf(db, user, old)
      if (upTo === undefined) for (const row of page) highest = Math.max(highest, appliedOf(row))
      if (db.fence === 'lwt' && ids.length > 0) await dropRows(db, user, month, ids)
      forget(ids)
      removed += ids.length
      kept += page.length - ids.length
    }
    if (db.fence === 'stamp') await db.write(dropMonth, highest, user, month)
  }
  await db.writeTogether([
    ...(kept > 0 ? [] : [{ query: dropKeys, params: [user] }]),
    { query: dropChanges, params: [user, upTo ?? Number.MAX_SAFE_INTEGER] },
    { query: dropForgotten, params: [highest, user] },
  ])
  await db.write(dropHead, highest, user)
  if (kept === 0) await db.write(dropMonths, user)
  return removed
}

const dropKeysOf = (db: CassandraDatabase, user: UserId, rows: readonly Row[]): Promise<void> =>
  db.writeTogether(
    rows.map((row) => ({ query: dropKey, params: [user, keyText(fromRow(user, row)), row.group_id as GroupId] })),
  )

/** Rows written conditionally are deleted conditionally. One that expired meanwhile would keep the others. */
async function dropRows(db: CassandraDatabase, user: UserId, month: number, ids: readonly GroupId[]): Promise<void> {
  const drop = (groupId: GroupId) => ({ query: dropRow, params: [user, month, groupId] })
  const { applied } = await db.writeIf(ids.map(drop))
  if (!applied) await db.each(ids, (groupId) => db.writeIf([drop(groupId)]))
}
