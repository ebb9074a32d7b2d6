import { LRUCache } from 'lru-cache'
import type { GroupRow } from '../../model/activity-group.ts'
import { idBoundAt } from '../../model/group-id.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type {
  GroupBatch,
  GroupQuery,
  GroupStore,
  KeyAsk,
  PutOutcome,
  UnreadRow,
  UserPurge,
} from '../../ports/group-store.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'
import { rowsOfKey } from './group-keys.ts'
import { listGroups } from './group-list.ts'
import { dropHead, purgeOld, purgeUser } from './group-purge.ts'
import { allColumns, fromCells, seqBlockOf, shownColumns, toCells, updateInPlace, upsert } from './group-rows.ts'

const raiseHead = `
INSERT INTO heads (user_id, head) VALUES (?, ?)
ON CONFLICT (user_id) DO UPDATE SET head = excluded.head WHERE excluded.head > heads.head`

/** Every badge compares its count with the head. */
const keptHeads = 50_000

const headOf = 'SELECT head FROM heads WHERE user_id = ?'

const byId = `SELECT ${allColumns} FROM groups WHERE user_id = ? AND group_id = ?`

const since = 'FROM groups INDEXED BY groups_by_seq WHERE user_id = ? AND seq_block >= ? AND seq > ?'

const countSince = `SELECT count(*) FROM (SELECT 1 ${since} LIMIT ? + 0)`

const rowsSince = `SELECT ${shownColumns} ${since} ORDER BY seq`

/** A group's `seq` is never below its `unread_seq`, so what changed since the last mark is all that can be unread. */
const unreadSince = `
SELECT group_id, event_type, created_at, unread_seq FROM groups INDEXED BY groups_by_seq
WHERE user_id = ? AND seq_block >= ? AND visible = 1 AND unread_seq > ? AND group_id < ? AND created_at >= ?
ORDER BY group_id`
const allUnread = `
SELECT group_id, event_type, created_at, unread_seq FROM groups
WHERE user_id = ? AND group_id < ? AND visible = 1 AND unread_seq > 0 AND created_at >= ? ORDER BY group_id`

export const groupStep = (rows: readonly GroupRow[]): Step => ({
  sql: updateInPlace,
  otherwise: upsert,
  rows: rows.map(toCells),
  returns: 'changes',
})

/** As `groupStep`, where nobody asks what came of it; of the groups in `opened` no row is looked for that could be changed. */
export function groupSteps(rows: readonly GroupRow[], opened: ReadonlySet<GroupId>): readonly Step[] {
  const known: Row[] = []
  const fresh: Row[] = []
  for (const row of rows) (opened.has(row.groupId) ? fresh : known).push(toCells(row))
  return [
    { sql: updateInPlace, otherwise: upsert, rows: known },
    { sql: upsert, rows: fresh },
  ]
}

export const headStep = (heads: readonly { readonly user: UserId; readonly head: Seq }[]): Step => ({
  sql: raiseHead,
  rows: heads.map(({ user, head }) => [user, head]),
})

/** Groups and heads in SQLite. Writes take effect in the order in which they were issued: one thread writes them. */
export class SqliteGroupStore implements GroupStore {
  readonly ordered = true
  readonly #db: SqliteDatabase
  readonly #heads: LRUCache<UserId, Seq>

  constructor(db: SqliteDatabase) {
    this.#db = db
    this.#heads = db.cache('heads', () => new LRUCache<UserId, Seq>({ max: keptHeads }), {
      [raiseHead]: (kept, [user]) => void kept.delete(user as UserId),
      [dropHead]: (kept, [user]) => void kept.delete(user as UserId),
    })
  }

  async putGroups(batches: readonly GroupBatch[]): Promise<readonly (readonly PutOutcome[])[]> {
    const [result] = await this.#db.write(groupStep(batches.flatMap((batch) => batch.rows)))
    let next = 0
    return batches.map((batch) => batch.rows.map(() => (result?.changes[next++] === 1 ? 'written' : 'ahead')))
  }

  async putHeads(heads: readonly { readonly user: UserId; readonly head: Seq }[]): Promise<void> {
    await this.#db.write(headStep(heads))
  }

  async heads(users: readonly UserId[]): Promise<readonly Seq[]> {
    return users.map((user) => {
      const kept = this.headAtHand(user)
      if (kept !== undefined) return kept
      const head = this.#readHead(user)
      if (this.#db.isUnderWay(raiseHead, user)) return head
      this.#heads.set(user, head)
      return head
    })
  }

  /** Kept heads are not moved to the front: that would cost more than to read one again once in a while. */
  headAtHand(user: UserId): Seq | undefined {
    return this.#db.isUnderWay(raiseHead, user) ? undefined : this.#heads.peek(user)
  }

  #readHead(user: UserId): Seq {
    return (this.#db.read.get(headOf, user)?.[0] as Seq | undefined) ?? 0
  }

  async get(
    ids: readonly { readonly user: UserId; readonly groupId: string }[],
  ): Promise<readonly (GroupRow | undefined)[]> {
    return ids.map(({ user, groupId }) => {
      const cells = this.#db.read.get(byId, user, groupId)
      return cells && fromCells(cells)
    })
  }

  async ofKeys(asks: readonly KeyAsk[]): Promise<readonly (readonly GroupRow[])[]> {
    return asks.map((ask) => rowsOfKey(this.#db.read, ask))
  }

  async list(user: UserId, query: GroupQuery): Promise<readonly GroupRow[]> {
    return listGroups(this.#db.read, user, query)
  }

  async changesSince(
    user: UserId,
    after: Seq,
    limit: number,
  ): Promise<{ readonly rows: readonly GroupRow[] } | { readonly gap: true }> {
    return this.#db.read.snapshot(() => {
      const block = seqBlockOf(after)
      const count = this.#db.read.get(countSince, user, block, after, limit + 1)?.[0] as number
      if (count > limit) return { gap: true }
      return { rows: this.#db.read.all(rowsSince, user, block, after).map(fromCells) }
    })
  }

  async unread(user: UserId, after: Seq, createdFrom: number): Promise<readonly UnreadRow[]> {
    const bound = idBoundAt(createdFrom)
    const rows =
      after === 0
        ? this.#db.read.all(allUnread, user, bound, createdFrom)
        : this.#db.read.all(unreadSince, user, seqBlockOf(after), after, bound, createdFrom)
    return rows.map(([groupId, eventType, createdAt, unreadSeq]) => ({
      groupId: groupId as string,
      eventType: eventType as UnreadRow['eventType'],
      createdAt: createdAt as number,
      unreadSeq: unreadSeq as number,
    }))
  }

  async purge(what: { readonly createdBefore: number; readonly limit: number } | UserPurge): Promise<number> {
    return 'user' in what ? purgeUser(this.#db, what) : purgeOld(this.#db, what.createdBefore, what.limit)
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
