import type { EventOp } from '@headwater/protocol'
import type { Register } from '../../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import { newestFirst } from '../../model/register.ts'
import type { ActorGroup, MemberBatch, MemberErasure, MemberStore, RegisterAsk } from '../../ports/member-store.ts'
import type { CassandraDatabase, Row, Statement } from './database.ts'
import { chunksOf, type Entry, entriesFrom, eraseFromChunks, firstWithin } from './member-chunks.ts'

/** The position of a register is the time of its write: the newest stays, under either fence. */
const putRegister = 'INSERT INTO members (user_id, group_id, actor, data) VALUES (?, ?, ?, ?) USING TIMESTAMP ?'
const ofActors = 'SELECT actor, data FROM members WHERE user_id = ? AND group_id = ? AND actor IN ?'
const dropRegister = 'DELETE FROM members USING TIMESTAMP ? WHERE user_id = ? AND group_id = ? AND actor = ?'

const everyone = 'SELECT actor, writetime(data) AS written FROM members WHERE user_id = ? AND group_id = ?'
const dropMembers = 'DELETE FROM members USING TIMESTAMP ? WHERE user_id = ? AND group_id = ?'
const dropChunks = 'DELETE FROM member_chunks USING TIMESTAMP ? WHERE user_id = ? AND group_id = ?'

const putActorGroup = 'INSERT INTO actor_groups (actor, user_id, group_id) VALUES (?, ?, ?) USING TIMESTAMP ?'
const groupsFrom = 'SELECT user_id, group_id FROM actor_groups WHERE actor = ? AND (user_id, group_id) > (?, ?) LIMIT ?'
const dropActorGroup = 'DELETE FROM actor_groups USING TIMESTAMP ? WHERE actor = ? AND user_id = ? AND group_id = ?'

/** Registers in one mutation. */
const registersAtOnce = 500
const actorsInOneRead = 100

/** The registers of every actor of every group, in Cassandra. */
export function cassandraMemberStore(db: CassandraDatabase): MemberStore {
  async function registersOf(user: UserId, groupId: GroupId, actors: readonly UserId[]): Promise<readonly Register[]> {
    const rows = await db.each(partsOf(actors, actorsInOneRead), (part) => db.read(ofActors, user, groupId, part))
    return rows.flat().map(fromRow)
  }

  async function isThere({ user, groupId }: ActorGroup, actor: UserId): Promise<boolean> {
    return (await registersOf(user, groupId, [actor])).length > 0
  }

  async function eraseActor({ user, groupId, actor, upTo }: MemberErasure & { actor: UserId }): Promise<void> {
    const at = upTo ?? (await registersOf(user, groupId, [actor]))[0]?.seq
    if (at === undefined) return
    await eraseFromChunks(db, user, groupId, actor, at)
    await db.write(dropRegister, at, user, groupId, actor)
    await db.write(dropActorGroup, at, actor, user, groupId)
  }

  /** The members go last: they tell where else the group is named. */
  async function eraseGroup({ user, groupId }: MemberErasure): Promise<void> {
    let newest: Seq | undefined
    for await (const page of db.readPages(everyone, [user, groupId])) {
      const members = page.map((row) => ({ actor: row.actor as UserId, at: row.written.toNumber() as Seq }))
      newest = members.reduce((highest, { at }) => Math.max(highest, at), newest ?? 0)
      await db.writeAll(members.map(({ actor, at }) => [{ query: dropActorGroup, params: [at, actor, user, groupId] }]))
    }
    if (newest === undefined) return
    await db.writeTogether([
      { query: dropMembers, params: [newest, user, groupId] },
      // Chunks that lost an actor were written a moment later.
      { query: dropChunks, params: [newest + 1, user, groupId] },
    ])
  }

  return {
    async put(batches) {
      const parts = batches.flatMap(({ user, groupId, registers }) =>
        partsOf(registers, registersAtOnce).map((part): MemberBatch => ({ user, groupId, registers: part })),
      )
      await db.writeAll([...parts.map(statementsOf), ...parts.flatMap(actorGroupsOf).map((each) => [each])])
    },

    async registers(asks: readonly RegisterAsk[]) {
      return db.each(asks, ({ user, groupId, actors }) => registersOf(user, groupId, actors))
    },

    async list(user, groupId, after, limit) {
      const found: Register[] = []
      for await (const entries of entriesFrom(db, user, groupId, after?.createdAt ?? Number.POSITIVE_INFINITY)) {
        const behind = entries.filter((entry) => after === null || newestFirst(entry, after) > 0).sort(newestFirst)
        for (const part of partsOf(behind, Math.max(20, limit))) {
          const registers = await registersOf(user, groupId, [...new Set(part.map(({ actor }) => actor))])
          found.push(...stillThere(part, registers))
          if (found.length >= limit) return found.slice(0, limit)
        }
      }
      return found
    },

    async countFirst(user, groupId, after: Seq, upTo: Seq) {
      const actors = await firstWithin(db, user, groupId, after, upTo)
      const registers = await registersOf(user, groupId, [...actors])
      return registers.filter(({ op, firstSeq }) => op === 'ADD' && firstSeq > after && firstSeq <= upTo).length
    },

    async groupsOfActor(actor, after, limit) {
      const found: ActorGroup[] = []
      for (let from = after; found.length < limit; ) {
        const wanted = limit - found.length
        const page = await db.read(groupsFrom, actor, from?.user ?? '', from?.groupId ?? '', wanted)
        const groups = page.map((row): ActorGroup => ({ user: row.user_id, groupId: row.group_id }))
        const there = await db.each(groups, (group) => isThere(group, actor))
        found.push(...groups.filter((_, i) => there[i]))
        if (page.length < wanted) break
        from = groups.at(-1) as ActorGroup
      }
      return found
    },

    async erase(what) {
      await db.each(what, async (each) => {
        if (each.actor === undefined) await eraseGroup(each)
        else await eraseActor({ ...each, actor: each.actor })
      })
    },

    /** The database outlives the port. */
    async [Symbol.asyncDispose]() {},
  }
}

/** One mutation: the registers and where they are found. */
function statementsOf({ user, groupId, registers }: MemberBatch): Statement[] {
  return [
    ...registers.map((register) => ({
      query: putRegister,
      params: [user, groupId, register.actor, pack(register), register.seq],
    })),
    ...chunksOf(user, groupId, registers),
  ]
}

const actorGroupsOf = ({ user, groupId, registers }: MemberBatch): Statement[] =>
  registers.map(({ actor, seq }) => ({ query: putActorGroup, params: [actor, user, groupId, seq] }))

/** Those whose register is what the entry says, in the order of the entries, each once. */
function stillThere(entries: readonly Entry[], registers: readonly Register[]): Register[] {
  const known = new Map(registers.map((register) => [register.actor, register]))
  return entries.flatMap(({ actor, createdAt, eventId }) => {
    const register = known.get(actor)
    if (register?.op !== 'ADD' || register.createdAt !== createdAt || register.eventId !== eventId) return []
    known.delete(actor)
    return [register]
  })
}

type Packed = readonly [createdAt: number, eventId: string, EventOp, seq: number, firstSeq: number]

const pack = ({ createdAt, eventId, op, seq, firstSeq }: Register): string =>
  JSON.stringify([createdAt, eventId, op, seq, firstSeq] satisfies Packed)

function fromRow(row: Row): Register {
  const [createdAt, eventId, op, seq, firstSeq] = JSON.parse(row.data as string) as Packed
  return { actor: row.actor, createdAt, eventId, op, seq, firstSeq }
}

function partsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = []
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size))
  return parts
}
