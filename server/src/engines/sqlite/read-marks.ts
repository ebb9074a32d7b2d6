import { LRUCache } from 'lru-cache'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import { type Mark, type MarkChange, type Marks, marksOf, noMarks } from '../../model/marks.ts'
import type { MarkEntry, ReadMarks, UserMarks } from '../../ports/read-marks.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const columns = 'group_id, read_upto, read_seq, seen_upto, seen_seq, deleted_upto, deleted_seq'

const raise = `
INSERT INTO marks (user_id, ${columns}, changed_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id, group_id) DO UPDATE SET
  read_upto = max(read_upto, excluded.read_upto), read_seq = max(read_seq, excluded.read_seq),
  seen_upto = max(seen_upto, excluded.seen_upto), seen_seq = max(seen_seq, excluded.seen_seq),
  deleted_upto = max(deleted_upto, excluded.deleted_upto), deleted_seq = max(deleted_seq, excluded.deleted_seq),
  changed_seq = max(changed_seq, excluded.changed_seq)`

const one = `SELECT ${columns} FROM marks WHERE user_id = ? AND group_id = ?`

/** The mark over all groups has an empty id, and is in the list as well. */
const those = `SELECT ${columns} FROM marks WHERE user_id = ? AND group_id IN (SELECT value FROM json_each(?))`

const ofUser = `
SELECT ${columns} FROM marks
WHERE user_id = ? AND group_id > '' AND (read_upto > ? OR seen_upto > ? OR deleted_upto > ?)`

const countSince = 'SELECT count(*) FROM (SELECT 1 FROM marks WHERE user_id = ? AND changed_seq > ? LIMIT ? + 0)'
const since = `SELECT ${columns} FROM marks WHERE user_id = ? AND changed_seq > ? ORDER BY changed_seq`

export const dropMarks = 'DELETE FROM marks WHERE user_id = ? AND group_id = ?'
const dropUser = 'DELETE FROM marks WHERE user_id = ? AND max(changed_seq, deleted_seq) <= ?'

/** Each frame and page asks for marks, and most users have few: those who have no more than this have theirs kept. */
const keptMarks = 16
const keptUsers = 50_000
const few = `SELECT ${columns} FROM marks WHERE user_id = ? LIMIT ${keptMarks + 1}`

/** Group ids are never empty, so the mark over all groups is the row with an empty one. */
const overAll = ''
const none: UserMarks['groups'] = new Map()

export const markStep = (changes: readonly { readonly user: UserId; readonly change: MarkChange }[]): Step => ({
  sql: raise,
  rows: changes.map(({ user, change }) => toCells(user, change)),
})

/** Marks in SQLite: each column is a maximum, so raises may come in any order. */
export class SqliteReadMarks implements ReadMarks {
  readonly #db: SqliteDatabase
  /** All marks of a user; `many` of one who has more than are kept. */
  readonly #kept: LRUCache<UserId, UserMarks | 'many'>

  constructor(db: SqliteDatabase) {
    this.#db = db
    this.#kept = db.cache('marks', () => new LRUCache<UserId, UserMarks | 'many'>({ max: keptUsers }), {
      [raise]: (kept, [user]) => void kept.delete(user as UserId),
      [dropMarks]: (kept, [user]) => void kept.delete(user as UserId),
      [dropUser]: (kept, [user]) => void kept.delete(user as UserId),
    })
  }

  async raise(changes: readonly { readonly user: UserId; readonly change: MarkChange }[]): Promise<void> {
    await this.#db.write(markStep(changes))
  }

  async get(user: UserId, groupIds: readonly GroupId[]): Promise<UserMarks> {
    if (groupIds.length === 0) return { all: this.#overAll(user), groups: none }
    const isKept = !this.#db.isUnderWay(raise, user)
    const kept = (isKept ? this.#kept.get(user) : undefined) ?? this.#readFew(user, isKept)
    if (kept === 'many') return marksIn(this.#db.read.all(those, user, JSON.stringify([overAll, ...groupIds])))
    if (kept.groups.size === 0) return kept
    const groups = new Map<GroupId, Marks>()
    for (const groupId of groupIds) {
      const own = kept.groups.get(groupId)
      if (own) groups.set(groupId, own)
    }
    return { all: kept.all, groups }
  }

  #readFew(user: UserId, isKept: boolean): UserMarks | 'many' {
    const rows = this.#db.read.all(few, user)
    const found = rows.length > keptMarks ? 'many' : marksIn(rows)
    if (isKept) this.#kept.set(user, found)
    return found
  }

  async above(user: UserId, after: Seq): Promise<UserMarks> {
    return this.#db.read.snapshot(() => {
      const rows = this.#db.read.all(ofUser, user, after, after, after)
      return { all: this.#overAll(user), groups: byGroup(rows) }
    })
  }

  async changesSince(
    user: UserId,
    after: Seq,
    limit: number,
  ): Promise<{ readonly marks: readonly MarkEntry[] } | { readonly gap: true }> {
    return this.#db.read.snapshot(() => {
      const count = this.#db.read.get(countSince, user, after, limit + 1)?.[0] as number
      if (count > limit) return { gap: true }
      return {
        marks: this.#db.read.all(since, user, after).map((cells) => ({
          groupId: cells[0] === overAll ? null : (cells[0] as GroupId),
          marks: fromCells(cells),
        })),
      }
    })
  }

  async purge(user: UserId, groupIds: readonly GroupId[] | null, upTo: Seq = Number.MAX_SAFE_INTEGER): Promise<void> {
    if (groupIds === null) await this.#db.write({ sql: dropUser, rows: [[user, upTo]] })
    else await this.#db.write({ sql: dropMarks, rows: groupIds.map((groupId) => [user, groupId]) })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #overAll(user: UserId): Marks {
    const cells = this.#db.read.get(one, user, overAll)
    return cells ? fromCells(cells) : noMarks
  }
}

function toCells(user: UserId, change: MarkChange): Row {
  const { read, seen, deleted } = marksOf(change)
  const changedSeq = Math.max(read.seq, seen.seq)
  return [
    user,
    change.groupId ?? overAll,
    read.upTo,
    read.seq,
    seen.upTo,
    seen.seq,
    deleted.upTo,
    deleted.seq,
    changedSeq,
  ]
}

const markAt = (cells: Row, column: number): Mark => ({ upTo: cells[column] as Seq, seq: cells[column + 1] as Seq })

const fromCells = (cells: Row): Marks => ({ read: markAt(cells, 1), seen: markAt(cells, 3), deleted: markAt(cells, 5) })

function marksIn(rows: readonly Row[]): UserMarks {
  let all = noMarks
  const groups = new Map<GroupId, Marks>()
  for (const cells of rows) {
    if (cells[0] === overAll) all = fromCells(cells)
    else groups.set(cells[0] as GroupId, fromCells(cells))
  }
  return { all, groups: groups.size > 0 ? groups : none }
}

const byGroup = (rows: readonly Row[]): ReadonlyMap<GroupId, Marks> =>
  new Map(rows.map((cells) => [cells[0] as GroupId, fromCells(cells)]))
