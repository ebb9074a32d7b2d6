import type { Register } from '../../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import type {
  ActorGroup,
  MemberBatch,
  MemberErasure,
  MemberPosition,
  MemberStore,
  RegisterAsk,
} from '../../ports/member-store.ts'
import type { Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const columns = 'actor, created_at, event_id, counts, seq, first_seq'

const upsert = `
INSERT INTO members (user_id, group_id, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id, group_id, actor) DO UPDATE SET
  created_at = excluded.created_at, event_id = excluded.event_id, counts = excluded.counts, seq = excluded.seq,
  first_seq = excluded.first_seq
WHERE excluded.seq > members.seq`

const one = `SELECT ${columns} FROM members WHERE user_id = ? AND group_id = ? AND actor = ?`

const ofGroup = `SELECT ${columns} FROM members INDEXED BY members_by_time WHERE user_id = ? AND group_id = ? AND counts = 1`
const order = 'ORDER BY created_at DESC, event_id DESC, actor LIMIT ? + 0'

/** A walk goes on in three short scans, each of which starts in the index where it should: no tie is read twice. */
const fromStart = `${ofGroup} ${order}`
const sameEvent = `${ofGroup} AND created_at = ? AND event_id = ? AND actor > ? ${order}`
const sameTime = `${ofGroup} AND created_at = ? AND event_id < ? ${order}`
const older = `${ofGroup} AND created_at < ? ${order}`

const countBetween = `
SELECT count(*) FROM members INDEXED BY members_by_first
WHERE user_id = ? AND group_id = ? AND counts = 1 AND first_seq > ? AND first_seq <= ?`

const groupsOf = `
SELECT user_id, group_id FROM members INDEXED BY members_by_actor
WHERE actor = ? AND (user_id, group_id) > (?, ?) ORDER BY user_id, group_id LIMIT ? + 0`

const eraseActor = 'DELETE FROM members WHERE user_id = ? AND group_id = ? AND actor = ? AND seq <= ?'
const eraseGroup = 'DELETE FROM members WHERE user_id = ? AND group_id = ?'

/** The registers of every actor of every group, in SQLite. */
export class SqliteMemberStore implements MemberStore {
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  async put(batches: readonly MemberBatch[]): Promise<void> {
    const rows = batches.flatMap(({ user, groupId, registers }) =>
      registers.map((each) => toCells(user, groupId, each)),
    )
    await this.#db.write({ sql: upsert, rows })
  }

  async registers(asks: readonly RegisterAsk[]): Promise<readonly (readonly Register[])[]> {
    return asks.map(({ user, groupId, actors }) =>
      actors.flatMap((actor) => {
        const cells = this.#db.read.get(one, user, groupId, actor)
        return cells ? [fromCells(cells)] : []
      }),
    )
  }

  async list(
    user: UserId,
    groupId: GroupId,
    after: MemberPosition | null,
    limit: number,
  ): Promise<readonly Register[]> {
    const { read } = this.#db
    if (!after) return read.all(fromStart, user, groupId, limit).map(fromCells)
    const { createdAt, eventId, actor } = after
    return read.snapshot(() => {
      const rows = [...read.all(sameEvent, user, groupId, createdAt, eventId, actor, limit)]
      if (rows.length < limit) rows.push(...read.all(sameTime, user, groupId, createdAt, eventId, limit - rows.length))
      if (rows.length < limit) rows.push(...read.all(older, user, groupId, createdAt, limit - rows.length))
      return rows.map(fromCells)
    })
  }

  async countFirst(user: UserId, groupId: GroupId, after: Seq, upTo: Seq): Promise<number> {
    return this.#db.read.get(countBetween, user, groupId, after, upTo)?.[0] as number
  }

  async groupsOfActor(actor: UserId, after: ActorGroup | null, limit: number): Promise<readonly ActorGroup[]> {
    const rows = this.#db.read.all(groupsOf, actor, after?.user ?? '', after?.groupId ?? '', limit)
    return rows.map(([user, groupId]) => ({ user: user as UserId, groupId: groupId as GroupId }))
  }

  async erase(what: readonly MemberErasure[]): Promise<void> {
    await this.#db.write(
      {
        sql: eraseActor,
        rows: what.flatMap(({ user, groupId, actor, upTo = Number.MAX_SAFE_INTEGER }) =>
          actor === undefined ? [] : [[user, groupId, actor, upTo]],
        ),
      },
      {
        sql: eraseGroup,
        rows: what.flatMap(({ user, groupId, actor }) => (actor === undefined ? [[user, groupId]] : [])),
      },
    )
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const toCells = (user: UserId, groupId: GroupId, { actor, createdAt, eventId, op, seq, firstSeq }: Register): Row => [
  user,
  groupId,
  actor,
  createdAt,
  eventId,
  op === 'ADD' ? 1 : 0,
  seq,
  firstSeq,
]

const fromCells = ([actor, createdAt, eventId, counts, seq, firstSeq]: Row): Register => ({
  actor: actor as string,
  createdAt: createdAt as number,
  eventId: eventId as string,
  op: counts === 1 ? 'ADD' : 'UNDO',
  seq: seq as number,
  firstSeq: firstSeq as number,
})
