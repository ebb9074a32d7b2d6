import { hash } from 'node:crypto'
import type { Register } from '../../model/activity-group.ts'
import type { EventId, GroupId, Seq, UserId } from '../../model/ids.ts'
import type { CassandraDatabase, Row, Statement } from './database.ts'

/**
 * Where the members of a group are found by time and by first position, without a row for each of them and each order: what
 * is written at once about the same second, or the same block of positions, goes into one chunk. A chunk says who was
 * there; whether they still are, and since when, the registers tell. It is named by what is in it, so that the same
 * write again makes no other one.
 */
const putChunk =
  'INSERT INTO member_chunks (user_id, group_id, part, block, name, data) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?'
const dropChunk =
  'DELETE FROM member_chunks USING TIMESTAMP ? WHERE user_id = ? AND group_id = ? AND part = ? AND block = ? AND name = ?'
const ofGroup = 'FROM member_chunks WHERE user_id = ? AND group_id = ?'
const byTime = `SELECT block, data ${ofGroup} AND part = 0 AND block <= ?`
const byFirst = `SELECT data ${ofGroup} AND part = 1 AND block >= ? AND block <= ?`
const all = `SELECT part, block, name, data, writetime(data) AS written ${ofGroup}`

const [timePart, firstPart] = [0, 1]
/** A viral group has some thousand members a second: what a page has to read at least. */
const timeBlockMs = 1_000
const firstBlock = 4_096
/** Chunks that are read at once: most hold one register or two. */
const chunksAtOnce = 50

export interface Entry {
  readonly actor: UserId
  readonly createdAt: number
  readonly eventId: EventId
}

type PackedEntry = readonly [actor: string, createdAt: number, eventId: string]
type PackedFirst = readonly [actor: string, firstSeq: number]

/** Of one write; only those who count are found by time or first position. */
export function chunksOf(user: UserId, groupId: GroupId, registers: readonly Register[]): Statement[] {
  const counting = registers.filter((register) => register.op === 'ADD')
  const chunk = (part: number, block: number, members: readonly Register[], data: readonly unknown[]): Statement => {
    const newest = newestOf(members)
    const name = `${newest.seq} ${digestOf(members)}`
    return { query: putChunk, params: [user, groupId, part, block, name, JSON.stringify(data), newest.seq] }
  }
  const byBlock = (blockOf: (register: Register) => number) => Map.groupBy(counting, blockOf)
  return [
    ...[...byBlock(({ createdAt }) => Math.floor(createdAt / timeBlockMs))].map(([block, members]) =>
      chunk(timePart, block, members, members.map(packEntry)),
    ),
    ...[...byBlock(({ firstSeq }) => Math.floor(firstSeq / firstBlock))].map(([block, members]) =>
      chunk(firstPart, block, members, members.map(packFirst)),
    ),
  ]
}

/** Who was added, a second at a time from the newest at or before `from`; within it in no order, some perhaps twice. */
export async function* entriesFrom(
  db: CassandraDatabase,
  user: UserId,
  groupId: GroupId,
  from: number,
): AsyncGenerator<readonly Entry[]> {
  let block: number | undefined
  let entries: Entry[] = []
  const highest = from === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : Math.floor(from / timeBlockMs)
  for await (const page of db.readPages(byTime, [user, groupId, highest], chunksAtOnce)) {
    for (const row of page) {
      const next = row.block.toNumber()
      if (block !== undefined && next !== block) {
        yield entries
        entries = []
      }
      block = next
      for (const packed of packedIn<PackedEntry>(row)) entries.push(unpackEntry(packed))
    }
  }
  if (entries.length > 0) yield entries
}

/** Actors whose `firstSeq` was said to be above `after` and at most `upTo`. */
export async function firstWithin(
  db: CassandraDatabase,
  user: UserId,
  groupId: GroupId,
  after: Seq,
  upTo: Seq,
): Promise<ReadonlySet<UserId>> {
  const actors = new Set<UserId>()
  const blocks = [Math.floor(after / firstBlock), Math.floor(upTo / firstBlock)]
  for await (const page of db.readPages(byFirst, [user, groupId, ...blocks])) {
    for (const row of page) {
      for (const [actor, firstSeq] of packedIn<PackedFirst>(row)) {
        if (firstSeq > after && firstSeq <= upTo) actors.add(actor)
      }
    }
  }
  return actors
}

/**
 * Takes an actor out of all chunks: nothing may tell who was erased. A moment later than the chunk was written, so that the
 * write that made it, made again, does not bring it back.
 */
export async function eraseFromChunks(
  db: CassandraDatabase,
  user: UserId,
  groupId: GroupId,
  actor: UserId,
  upTo: Seq,
): Promise<void> {
  for await (const page of db.readPages(all, [user, groupId], 1_000)) {
    for (const row of page) {
      const packed = packedIn<PackedEntry | PackedFirst>(row)
      const written = row.written.toNumber()
      // A chunk of later than the erasure tells of an actor who came back.
      if (written > upTo || !packed.some(([each]) => each === actor)) continue
      const key = [user, groupId, row.part, row.block.toNumber(), row.name]
      const left = packed.filter(([each]) => each !== actor)
      if (left.length === 0) await db.write(dropChunk, written + 1, ...key)
      else await db.write(putChunk, ...key, JSON.stringify(left), written + 1)
    }
  }
}

const newestOf = (registers: readonly Register[]): Register =>
  registers.reduce((newest, each) => (each.seq > newest.seq ? each : newest))

/** The same for the same registers in any order, and another for others: one must not be written over what else came then. */
const digestOf = (members: readonly Register[]): string =>
  hash('sha256', JSON.stringify(members.map(({ actor, eventId }) => `${eventId} ${actor}`).sort()), 'base64url').slice(
    0,
    16,
  )

const packedIn = <Packed>(row: Row): readonly Packed[] => JSON.parse(row.data as string) as readonly Packed[]

const packEntry = ({ actor, createdAt, eventId }: Register): PackedEntry => [actor, createdAt, eventId]
const unpackEntry = ([actor, createdAt, eventId]: PackedEntry): Entry => ({ actor, createdAt, eventId })
const packFirst = ({ actor, firstSeq }: Register): PackedFirst => [actor, firstSeq]
