import type { EventOp } from '@headwater/protocol'
import { monthOf, type Register } from '../../model/activity-group.ts'
import { createdAtOf } from '../../model/group-id.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import { unpackPending } from '../../model/packed-rows.ts'
import { newestFirst } from '../../model/register.ts'
import type { ActorGroup, MemberBatch, MemberErasure, MemberStore, RegisterAsk } from '../../ports/member-store.ts'
import { addMemberships, dropMemberships, membershipsFrom } from './actor-groups.ts'
import type { CassandraDatabase, Row, Statement } from './database.ts'
import { chunksOf, type Entry, entriesFrom, eraseFromChunks, firstWithin } from './member-chunks.ts'
import { partsOf } from './requests.ts'

/** The position of a register is the time of its write: the newest stays, under either fence. */
const putRegister = 'INSERT INTO members (user_id, group_id, actor, data) VALUES (?, ?, ?, ?) USING TIMESTAMP ?'
const ofActors = 'SELECT actor, data FROM members WHERE user_id = ? AND group_id = ? AND actor IN ?'
const dropRegister = 'DELETE FROM members USING TIMESTAMP ? WHERE user_id = ? AND group_id = ? AND actor = ?'

const everyone = 'SELECT actor, writetime(data) AS written FROM members WHERE user_id = ? AND group_id = ?'
const dropMembers = 'DELETE FROM members USING TIMESTAMP ? WHERE user_id = ? AND group_id = ?'
const dropChunks = 'DELETE FROM member_chunks USING TIMESTAMP ? WHERE user_id = ? AND group_id = ?'

const pendingOf = 'SELECT pending FROM groups WHERE user_id = ? AND month = ? AND group_id = ?'

/** Registers in one mutation. */
const registersAtOnce = 500
const actorsInOneRead = 100

/** The registers of every actor of every group, in Cassandra. */
export function cassandraMemberStore(db: CassandraDatabase): MemberStore {
  async function registersOf(user: UserId, groupId: GroupId, actors: readonly UserId[]): Promise<readonly Register[]> {
    const rows = await db.each(partsOf(actors, actorsInOneRead), (part) => db.read(ofActors, user, groupId, part))
    return rows.flat().map(fromRow)
  }

  /** Registers that are in the group's row alone. */
  async function ridingIn({ user, groupId }: ActorGroup): Promise<readonly Register[]> {
    const row = await db.readOne(pendingOf, user, monthOf(createdAtOf(groupId)), groupId)
    return unpackPending(row?.pending)
  }

  async function isThere(group: ActorGroup, actor: UserId): Promise<boolean> {
    if ((await registersOf(group.user, group.groupId, [actor])).length > 0) return true
    return (await ridingIn(group)).some((register) => register.actor === actor)
  }

  async function eraseActor({ user, groupId, actor, upTo }: MemberErasure & { actor: UserId }): Promise<void> {
    const at = upTo ?? (await registersOf(user, groupId, [actor]))[0]?.seq
    if (at === undefined) return
    await eraseFromChunks(db, user, groupId, actor, at)
    await db.write(dropRegister, at, user, groupId, actor)
    // A newer one stays, and is found.
    if (!(await isThere({ user, groupId }, actor))) await dropMemberships(db, [{ actor, user, groupId }])
  }

  /** The members go last: they tell where else the group is named. */
  async function eraseGroup({ user, groupId }: MemberErasure): Promise<void> {
    const forget = (actors: readonly UserId[]) =>
      dropMemberships(
        db,
        actors.map((actor) => ({ actor, user, groupId })),
      )
    await forget((await ridingIn({ user, groupId })).map(({ actor }) => actor))
    let newest: Seq | undefined
    for await (const page of db.readPages(everyone, [user, groupId])) {
      for (const { written } of page) newest = Math.max(written.toNumber(), newest ?? 0)
      await forget(page.map(({ actor }) => actor))
    }
    if (newest === undefined) return
    await db.writeTogether([
      { query: dropMembers, params: [newest, user, groupId] },
      // Chunks that lost an actor were written a moment later.
      { query: dropChunks, params: [newest + 1, user, groupId] },
    ])
  }

  return {
    async index(batches) {
      const joined = batches.flatMap(({ user, groupId, registers }) =>
        registers.map(({ actor }) => ({ actor, user, groupId })),
      )
      await addMemberships(db, joined)
    },

    async put(batches) {
      const parts = batches.flatMap(({ user, groupId, registers }) =>
        partsOf(registers, registersAtOnce).map((part): MemberBatch => ({ user, groupId, registers: part })),
      )
      await db.writeAll(parts.map(statementsOf))
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
      for await (const groups of membershipsFrom(db, actor, after)) {
        for (const part of partsOf(groups, limit - found.length)) {
          const there = await db.each(part, (group) => isThere(group, actor))
          found.push(...part.filter((_, i) => there[i]))
          if (found.length >= limit) return found.slice(0, limit)
        }
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
