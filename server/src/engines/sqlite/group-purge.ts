import { idBoundAt } from '../../model/group-id.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { UserPurge } from '../../ports/group-store.ts'
import type { Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'
import { dropMembers } from './member-store.ts'
import { dropMarks } from './read-marks.ts'

/**
 * Rows that are past retention, or everything of a user. What other tables hold of a group goes with it: nothing would
 * ever ask for it again, and no other store could tell that it is alone.
 */
const oldest =
  'SELECT user_id, group_id, object_type, object_id FROM groups WHERE created_at < ? ORDER BY created_at LIMIT ? + 0'
const dropGroup = 'DELETE FROM groups WHERE user_id = ? AND group_id = ?'
const dropListed = 'DELETE FROM actor_groups_new WHERE group_id > ?'
/** Behind the removal of the groups: those that are left stay to be found. */
const dropListedOfUser = `
DELETE FROM actor_groups_new WHERE user_id = ?
AND NOT EXISTS (SELECT 1 FROM groups WHERE user_id = actor_groups_new.user_id AND group_id = actor_groups_new.group_id)`
const dropOfObject =
  'DELETE FROM object_groups WHERE user_id = ? AND group_id = ? AND object_type = ? AND object_id = ?'

const dropUserGroups = 'DELETE FROM groups WHERE user_id = ? AND applied <= ?'
const groupsOfUser = 'SELECT group_id FROM groups WHERE user_id = ? AND applied <= ?'
export const dropHead = 'DELETE FROM heads WHERE user_id = ? AND head <= ?'

export async function purgeOld(db: SqliteDatabase, createdBefore: number, limit: number): Promise<number> {
  const found = db.read.all(oldest, createdBefore, limit)
  const rows = found.map(([user, groupId]) => [user, groupId] as Row)
  const [groups] = await db.write(
    { sql: dropGroup, rows, returns: 'changes' },
    ...dropMembers(
      db,
      found.map(([user, groupId]) => ({ user: user as UserId, groupId: groupId as GroupId })),
    ),
    { sql: dropMarks, rows },
    { sql: dropOfObject, rows: found },
    { sql: dropListed, rows: found.length > 0 ? [[idBoundAt(createdBefore)]] : [] },
  )
  return total(groups?.changes)
}

export async function purgeUser(
  db: SqliteDatabase,
  { user, upTo = Number.MAX_SAFE_INTEGER }: UserPurge,
): Promise<number> {
  const [groups] = await db.write(
    { sql: dropUserGroups, rows: [[user, upTo]], returns: 'changes' },
    ...dropMembers(
      db,
      db.read.all(groupsOfUser, user, upTo).map(([groupId]) => ({ user, groupId: groupId as GroupId })),
    ),
    { sql: dropHead, rows: [[user, upTo]] },
    { sql: dropListedOfUser, rows: [[user]] },
  )
  return total(groups?.changes)
}

const total = (changes: readonly number[] = []): number => changes.reduce((sum, each) => sum + each, 0)
