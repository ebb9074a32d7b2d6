import { sha256 } from '../../lib/sha256.ts'
import { objectText } from '../../model/event.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { ObjectEntry, ObjectIndex, ObjectRef, Tombstone } from '../../ports/object-index.ts'
import type { CassandraDatabase, Statement } from './database.ts'
import { partsOf } from './requests.ts'

/**
 * An object that very many users have groups about is spread over partitions, by user. The number is part of the schema.
 */
const buckets = 16

const put = 'INSERT INTO object_groups (object_type, object_id, bucket, user_id, group_id) VALUES (?, ?, ?, ?, ?)'
const inBucket = 'WHERE object_type = ? AND object_id = ? AND bucket = ?'
const remove = `DELETE FROM object_groups ${inBucket} AND user_id = ? AND group_id = ?`
const groupsOf = `SELECT group_id FROM object_groups ${inBucket} AND user_id = ?`
const usersAfter = `SELECT user_id FROM object_groups ${inBucket} AND user_id > ?`

/** Each time is a row, newest first: so the newest is the one that counts, and a purge can take what is older. */
const putTime = 'INSERT INTO tombstones (object_type, object_id, deleted_at) VALUES (?, ?, ?)'
const newestTimes =
  'SELECT object_id, deleted_at FROM tombstones WHERE object_type = ? AND object_id IN ? PER PARTITION LIMIT 1'
/** Of so many partitions at once: a flush asks for each object of which it opens a group, and hardly one is deleted. */
const timesAtOnce = 50
const dropTimes = 'DELETE FROM tombstones WHERE object_type = ? AND object_id = ? AND deleted_at < ?'

const putDay = 'INSERT INTO tombstone_days (whole, day) VALUES (0, ?)'
const days = 'SELECT day FROM tombstone_days WHERE whole = 0'
const dropDay = 'DELETE FROM tombstone_days WHERE whole = 0 AND day = ?'
const putOfDay = 'INSERT INTO tombstones_of_day (day, deleted_at, object_type, object_id) VALUES (?, ?, ?, ?)'
const ofDay = 'SELECT deleted_at, object_type, object_id FROM tombstones_of_day WHERE day = ?'
const ofDayBefore = `${ofDay} AND deleted_at < ?`
const dropOfDay = 'DELETE FROM tombstones_of_day WHERE day = ? AND deleted_at < ?'

const dayOf = (time: number): number => Math.floor(time / 86_400_000)

/** Which users have groups about an object, and which objects were deleted, in Cassandra. */
export function cassandraObjectIndex(db: CassandraDatabase): ObjectIndex {
  async function* tombstonesOfDay(day: number): AsyncGenerator<Tombstone> {
    for await (const page of db.readPages(ofDay, [day], 500)) {
      for (const row of page) {
        const object = { objectType: row.object_type, objectId: row.object_id }
        yield { object, deletedAt: row.deleted_at.toNumber() }
      }
    }
  }

  const daysNewestFirst = async (): Promise<readonly number[]> => (await db.read(days)).map((row) => row.day as number)

  return {
    async put(entries) {
      await db.writeAll(inPartitions(entries, put))
    },

    async remove(entries) {
      await db.writeAll(inPartitions(entries, remove))
    },

    async groups(object, user) {
      const rows = await db.read(groupsOf, ...partitionOf(object, user), user)
      return rows.map((row) => row.group_id as GroupId)
    },

    /** One bucket after the other; the bucket of the last user says where to go on. */
    async targets(object, after, limit) {
      const found: UserId[] = []
      if (limit === 0) return found
      for (let bucket = after === null ? 0 : bucketOf(after); bucket < buckets; bucket++) {
        const behind = after !== null && bucket === bucketOf(after) ? after : ''
        for await (const page of db.readPages(usersAfter, [object.objectType, object.objectId, bucket, behind], 500)) {
          for (const { user_id } of page) {
            if (found.at(-1) === user_id) continue
            if (found.length === limit) return found
            found.push(user_id)
          }
        }
      }
      return found
    },

    /** The one that an opening asks for is written last: by then the sweep finds it. */
    async putTombstone({ objectType, objectId }, deletedAt) {
      const day = dayOf(deletedAt)
      await Promise.all([db.write(putDay, day), db.write(putOfDay, day, deletedAt, objectType, objectId)])
      await db.write(putTime, objectType, objectId, deletedAt)
    },

    async tombstones(objects) {
      const parts = [...Map.groupBy(objects, ({ objectType }) => objectType)].flatMap(([objectType, all]) =>
        partsOf([...new Set(all.map(({ objectId }) => objectId))], timesAtOnce).map((ids) => ({ objectType, ids })),
      )
      const known = new Map<string, number>()
      await db.each(parts, async ({ objectType, ids }) => {
        for (const { object_id, deleted_at } of await db.read(newestTimes, objectType, ids))
          known.set(textOf({ objectType, objectId: object_id }), deleted_at.toNumber())
      })
      return objects.map((object) => known.get(textOf(object)))
    },

    async newestTombstones(limit) {
      const found = new Map<string, Tombstone>()
      for (const day of await daysNewestFirst()) {
        for await (const tombstone of tombstonesOfDay(day)) {
          if (found.size >= limit) return [...found.values()]
          const text = textOf(tombstone.object)
          if (!found.has(text)) found.set(text, tombstone)
        }
      }
      return [...found.values()]
    },

    async purgeTombstones(deletedBefore) {
      for (const day of await daysNewestFirst()) {
        if (day > dayOf(deletedBefore)) continue
        for await (const page of db.readPages(ofDayBefore, [day, deletedBefore], 500)) {
          await db.each(page, (row) => db.write(dropTimes, row.object_type, row.object_id, deletedBefore))
        }
        await db.write(dropOfDay, day, deletedBefore)
        if (day < dayOf(deletedBefore)) await db.write(dropDay, day)
      }
    },

    /** The database outlives the port. */
    async [Symbol.asyncDispose]() {},
  }
}

const textOf = ({ objectType, objectId }: ObjectRef): string => objectText(objectType, objectId)

const bucketOf = (user: UserId): number => sha256(user).charCodeAt(0) % buckets

const partitionOf = ({ objectType, objectId }: ObjectRef, user: UserId) =>
  [objectType, objectId, bucketOf(user)] as const

/** Statements for each partition, each entry once. */
function inPartitions(entries: readonly ObjectEntry[], query: string): readonly Statement[][] {
  const partitions = new Map<string, Map<string, Statement>>()
  for (const { object, user, groupId } of entries) {
    const partition = partitionOf(object, user)
    const own = partitions.get(partition.join('\u001f')) ?? new Map<string, Statement>()
    partitions.set(
      partition.join('\u001f'),
      own.set(`${user} ${groupId}`, { query, params: [...partition, user, groupId] }),
    )
  }
  return [...partitions.values()].map((statements) => [...statements.values()])
}
