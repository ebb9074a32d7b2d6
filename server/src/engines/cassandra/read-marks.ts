import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import { type MarkChange, type Marks, marksOf, noMarks } from '../../model/marks.ts'
import type { MarkEntry, ReadMarks, UserMarks } from '../../ports/read-marks.ts'
import type { CassandraDatabase, Row, Statement } from './database.ts'

/**
 * Each column is a maximum that is written with itself as the time of the write: of several the highest stays, in whatever
 * order they come, from whichever process, and without a condition.
 */
const columns = ['read_up_to', 'read_seq', 'seen_up_to', 'seen_seq', 'deleted_up_to', 'deleted_seq'] as const
type Column = (typeof columns)[number]

const raiseOf = (column: Column) =>
  `UPDATE marks USING TIMESTAMP ? SET ${column} = ? WHERE user_id = ? AND group_id = ?`
const raises = Object.fromEntries(columns.map((column) => [column, raiseOf(column)])) as Record<Column, string>

const ofUser = `SELECT group_id, ${columns.join(', ')} FROM marks WHERE user_id = ?`
const those = `${ofUser} AND group_id IN ?`
const dropMark = 'DELETE FROM marks USING TIMESTAMP ? WHERE user_id = ? AND group_id = ?'
const dropUser = 'DELETE FROM marks USING TIMESTAMP ? WHERE user_id = ?'

/** Group ids are never empty, so the mark over all groups is the row with an empty one. */
const overAll = ''
const groupsAtOnce = 100

/** Marks in Cassandra. */
export function cassandraReadMarks(db: CassandraDatabase): ReadMarks {
  async function entriesOf(user: UserId): Promise<MarkEntry[]> {
    const entries: MarkEntry[] = []
    for await (const page of db.readPages(ofUser, [user])) entries.push(...page.map(toEntry))
    return entries
  }

  return {
    async raise(changes) {
      const byUser = Map.groupBy(changes, ({ user }) => user)
      await db.writeAll(
        [...byUser.values()].map((own) => own.flatMap(({ user, change }) => statementsOf(user, change))),
      )
    },

    async get(user, groupIds) {
      const ids = [overAll, ...new Set(groupIds)]
      const parts = Array.from({ length: Math.ceil(ids.length / groupsAtOnce) }, (_, i) =>
        ids.slice(i * groupsAtOnce, (i + 1) * groupsAtOnce),
      )
      const rows = await db.each(parts, (part) => db.read(those, user, part))
      return userMarks(rows.flat().map(toEntry))
    },

    async above(user, after) {
      const entries = await entriesOf(user)
      return userMarks(entries.filter(({ groupId, marks }) => groupId === null || highest(marks) > after))
    },

    async changesSince(user, after: Seq, limit) {
      const marks = (await entriesOf(user)).filter((entry) => seqOf(entry) > after)
      return marks.length > limit ? { gap: true } : { marks: marks.sort((a, b) => seqOf(a) - seqOf(b)) }
    },

    /** At the highest position that is there, or the one that is named: what is raised later in the log stands. */
    async purge(user, groupIds, upTo) {
      const entries = (await entriesOf(user)).filter(
        ({ groupId }) => groupIds === null || (groupId !== null && groupIds.includes(groupId)),
      )
      const last = (entry: MarkEntry): Seq => Math.max(seqOf(entry), entry.marks.deleted.seq, highest(entry.marks))
      if (groupIds === null) await db.write(dropUser, upTo ?? Math.max(0, ...entries.map(last)), user)
      else {
        await db.writeTogether(
          entries.map((entry) => ({ query: dropMark, params: [last(entry), user, entry.groupId ?? overAll] })),
        )
      }
    },

    /** The database outlives the port. */
    async [Symbol.asyncDispose]() {},
  }
}

function statementsOf(user: UserId, change: MarkChange): Statement[] {
  const { read, seen, deleted } = marksOf(change)
  const values = [read.upTo, read.seq, seen.upTo, seen.seq, deleted.upTo, deleted.seq]
  return columns.flatMap((column, i) => {
    const value = values[i] as Seq
    return value > 0 ? [{ query: raises[column], params: [value, value, user, change.groupId ?? overAll] }] : []
  })
}

function toEntry(row: Row): MarkEntry {
  const at = (column: Column): Seq => row[column]?.toNumber() ?? 0
  return {
    groupId: row.group_id === overAll ? null : row.group_id,
    marks: {
      read: { upTo: at('read_up_to'), seq: at('read_seq') },
      seen: { upTo: at('seen_up_to'), seq: at('seen_seq') },
      deleted: { upTo: at('deleted_up_to'), seq: at('deleted_seq') },
    },
  }
}

function userMarks(entries: readonly MarkEntry[]): UserMarks {
  let all: Marks = noMarks
  const groups = new Map<GroupId, Marks>()
  for (const { groupId, marks } of entries) {
    if (groupId === null) all = marks
    else groups.set(groupId, marks)
  }
  return { all, groups }
}

const highest = ({ read, seen, deleted }: Marks): Seq => Math.max(read.upTo, seen.upTo, deleted.upTo)
const seqOf = ({ marks: { read, seen } }: MarkEntry): Seq => Math.max(read.seq, seen.seq)
