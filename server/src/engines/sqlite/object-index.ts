import type { GroupId, UserId } from '../../model/ids.ts'
import type { ObjectEntry, ObjectIndex, ObjectRef, Tombstone } from '../../ports/object-index.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'
import { Tombstones } from './tombstones.ts'

const put = `
INSERT INTO object_groups (object_type, object_id, user_id, group_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`

const remove = 'DELETE FROM object_groups WHERE object_type = ? AND object_id = ? AND user_id = ? AND group_id = ?'

const groupsOf =
  'SELECT group_id FROM object_groups WHERE object_type = ? AND object_id = ? AND user_id = ? ORDER BY group_id'

const targetsAfter = `
SELECT DISTINCT user_id FROM object_groups
WHERE object_type = ? AND object_id = ? AND user_id > ? ORDER BY user_id LIMIT ? + 0`

const raiseTombstone = `
INSERT INTO object_tombstones (object_type, object_id, deleted_at) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at WHERE excluded.deleted_at > deleted_at`

const newest = `
SELECT object_type, object_id, deleted_at FROM object_tombstones ORDER BY deleted_at DESC LIMIT ? + 0`

const dropTombstones = 'DELETE FROM object_tombstones WHERE deleted_at < ?'

export const openingStep = (entries: readonly ObjectEntry[]): Step => ({ sql: put, rows: entries.map(toCells) })

/** Which users have groups about an object, and which objects were deleted, in SQLite. */
export class SqliteObjectIndex implements ObjectIndex {
  readonly #db: SqliteDatabase
  readonly #tombstones: Tombstones

  constructor(db: SqliteDatabase) {
    this.#db = db
    this.#tombstones = db.cache('tombstones', () => new Tombstones(db), {
      [raiseTombstone]: (kept, [type, id]) => kept.changed(type as ObjectRef['objectType'], id as string),
      [dropTombstones]: (kept) => kept.forget(),
    })
  }

  async put(entries: readonly ObjectEntry[]): Promise<void> {
    await this.#db.write(openingStep(entries))
  }

  async remove(entries: readonly ObjectEntry[]): Promise<void> {
    await this.#db.write({ sql: remove, rows: entries.map(toCells) })
  }

  async groups(object: ObjectRef, user: UserId): Promise<readonly GroupId[]> {
    const rows = this.#db.read.all(groupsOf, object.objectType, object.objectId, user)
    return rows.map(([groupId]) => groupId as GroupId)
  }

  async targets(object: ObjectRef, after: UserId | null, limit: number): Promise<readonly UserId[]> {
    const rows = this.#db.read.all(targetsAfter, object.objectType, object.objectId, after ?? '', limit)
    return rows.map(([user]) => user as UserId)
  }

  async putTombstone(object: ObjectRef, deletedAt: number): Promise<void> {
    await this.#db.write({ sql: raiseTombstone, rows: [[object.objectType, object.objectId, deletedAt]] })
  }

  async tombstones(objects: readonly ObjectRef[]): Promise<readonly (number | undefined)[]> {
    return this.#tombstones.times(objects)
  }

  async newestTombstones(limit: number): Promise<readonly Tombstone[]> {
    return this.#db.read.all(newest, limit).map(([objectType, objectId, deletedAt]) => ({
      object: { objectType: objectType as ObjectRef['objectType'], objectId: objectId as string },
      deletedAt: deletedAt as number,
    }))
  }

  async purgeTombstones(deletedBefore: number): Promise<void> {
    await this.#db.write({ sql: dropTombstones, rows: [[deletedBefore]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const toCells = ({ object, user, groupId }: ObjectEntry): Row => [object.objectType, object.objectId, user, groupId]
