import type { Register } from '../../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import { actorsIn } from '../../model/packed-rows.ts'
import type {
  ActorGroup,
  MemberBatch,
  MemberErasure,
  MemberPosition,
  MemberStore,
  RegisterAsk,
} from '../../ports/member-store.ts'
import { type ActorGroups, actorGroupsOf, dropActorGroups, type Membership } from './actor-groups.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const columns = 'actor, created_at, event_id, counts, seq, first_seq'

const upsert = `
INSERT INTO members (user_id, group_id, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (group_id, user_id, actor) DO UPDATE SET
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

const eraseActor = 'DELETE FROM members WHERE user_id = ? AND group_id = ? AND actor = ? AND seq <= ?'
const carriedBy = 'SELECT 1 FROM groups WHERE user_id = ? AND group_id = ? AND instr(pending, ?) > 0'

const dropGroup = 'DELETE FROM members WHERE user_id = ? AND group_id = ?'
const pendingOf = 'SELECT pending FROM groups WHERE user_id = ? AND group_id = ?'
const actorsOf = 'SELECT actor FROM members WHERE user_id = ? AND group_id = ?'

/** The registers of every actor of every group, in SQLite. */
export class SqliteMemberStore implements MemberStore {
  readonly #db: SqliteDatabase
  readonly #actors: ActorGroups

  constructor(db: SqliteDatabase) {
    this.#db = db
    this.#actors = actorGroupsOf(db)
  }

  async index(batches: readonly MemberBatch[]): Promise<void> {
    await this.#db.write(...this.steps([], batches))
    void this.tidy()
  }

  async put(batches: readonly MemberBatch[]): Promise<void> {
    await this.#db.write(...this.steps(batches, []))
  }

  /** What stores registers, and where actors are found, for a command that stores more. `tidy` should follow. */
  steps(batches: readonly MemberBatch[], indexed: readonly MemberBatch[]): readonly Step[] {
    const rows = batches.flatMap(({ user, groupId, registers }) =>
      registers.map((each) => toCells(user, groupId, each)),
    )
    const joined = indexed.flatMap(({ user, groupId, registers }) =>
      registers.map(({ actor }): Membership => ({ user, groupId, actor })),
    )
    return [{ sql: upsert, rows }, this.#actors.append(joined)]
  }

  async tidy(): Promise<void> {
    await this.#actors.tidy().catch(() => {})
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
    const found: ActorGroup[] = []
    for (let from = after; found.length < limit; ) {
      const wanted = limit - found.length
      const page = this.#actors.find(actor, from, wanted)
      for (const each of page) if (this.#isThere(each, actor)) found.push(each)
      if (page.length < wanted) break
      from = page.at(-1) as ActorGroup
    }
    return found
  }

  /** As a member, or in the group's row, with its quotes around it. */
  #isThere({ user, groupId }: ActorGroup, actor: UserId): boolean {
    if (this.#db.read.get(one, user, groupId, actor)) return true
    return this.#db.read.get(carriedBy, user, groupId, JSON.stringify(actor)) !== undefined
  }

  async erase(what: readonly MemberErasure[]): Promise<void> {
    const actors = what.flatMap(({ user, groupId, actor, upTo = Number.MAX_SAFE_INTEGER }) =>
      actor === undefined ? [] : [{ user, groupId, actor, upTo }],
    )
    const whole = what.filter(({ actor }) => actor === undefined)
    await this.#db.write(
      { sql: eraseActor, rows: actors.map(({ user, groupId, actor, upTo }) => [user, groupId, actor, upTo]) },
      ...dropMembers(this.#db, whole),
      dropActorGroups(actors),
    )
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Removes all members of groups, and where they are found by their actors. */
export function dropMembers(
  db: SqliteDatabase,
  groups: readonly { readonly user: UserId; readonly groupId: GroupId }[],
): readonly Step[] {
  const members = groups.flatMap(({ user, groupId }) => {
    const [pending] = db.read.get(pendingOf, user, groupId) ?? []
    const carried = typeof pending === 'string' ? actorsIn(pending) : []
    const actors = [...carried, ...db.read.all(actorsOf, user, groupId).map(([actor]) => actor as UserId)]
    return actors.map((actor) => ({ user, groupId, actor }))
  })
  return [{ sql: dropGroup, rows: groups.map(({ user, groupId }) => [user, groupId]) }, dropActorGroups(members)]
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
