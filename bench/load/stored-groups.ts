import { join } from 'node:path'
import { openEmbedded } from '../../server/src/engines/embedded.ts'
import { groupStep } from '../../server/src/engines/sqlite/group-store.ts'
import { raiseBounds } from '../../server/src/engines/sqlite/log-table.ts'
import { databaseFile } from '../../server/src/engines/sqlite/open.ts'
import type { Random } from '../../server/src/lib/seams.ts'
import { systemSeams } from '../../server/src/lib/system-seams.ts'
import { seededRandom } from '../../server/src/lib/virtual-seams.ts'
import { type GroupRow, keptActors, type Register } from '../../server/src/model/activity-group.ts'
import { groupIdOf } from '../../server/src/model/group-id.ts'
import { BulkDatabase } from './bulk-database.ts'

export interface StoredGroups {
  readonly users: number
  /** Of each user, by number. */
  groupsOf(user: number): number
  /** Groups of one user lie this far apart, the newest now; default: as many as fit into 80 days. */
  readonly apartMs?: number
  /** How many actors a group has, at most. Default 6. */
  readonly actorsMax?: number
  /** Also the registers of every actor, as the worker leaves them. Default true. */
  readonly members?: boolean
  /** How many people act. Default: as many as there are users. */
  readonly people?: number
  /** Whether the people have records with names and pictures. Default true. */
  readonly named?: boolean
}

/** As a few have many and most have some. */
export const thirtyToThreeHundred = (user: number): number => 30 + (((user * 2_654_435_761) % 2 ** 32) % 271)

export const storedUser = (user: number): string => `user-${user}`

/** As a new data directory has. */
const partitions = 4
const dayMs = 86_400_000
/** How far the positions of a user's groups lie apart: between them come those of everyone else in the partition. */
const seqsPerGroup = 100_000
/** Each user has read all but about so many; only of those are members stored, since nobody asks for the others here. */
const unreadGroups = 8
const chunkUsers = 5_000

/**
 * Fills a data directory with groups as the worker would have left them: the engine makes the folder, and its own statements
 * are then run without its fsyncs, the indexes built at the end. The log is as after its retention: everything folded, its
 * records gone. Returns how many groups there are.
 */
export async function storeGroups(folder: string, wanted: StoredGroups, progress: (text: string) => void = () => {}) {
  const now = Date.now()
  const people = wanted.people ?? wanted.users
  await storeUsers(folder, wanted, people, now)
  const random = seededRandom(1)
  using db = new BulkDatabase(join(folder, databaseFile))
  let stored = 0
  // As the table is sorted: by the text of the user's id, then newest first.
  for (const number of inTextOrder(wanted.users)) {
    const count = wanted.groupsOf(number)
    const user = storedUser(number)
    const apartMs = wanted.apartMs ?? Math.floor((80 * dayMs) / Math.max(1, count))
    const rows: GroupRow[] = []
    for (let k = count - 1; k >= 0; k--) {
      const createdAt = now - 60_000 - (count - 1 - k) * apartMs
      rows.push(rowOf(user, k, createdAt, { actorsMax: wanted.actorsMax ?? 6, people }, random))
    }
    db.run(groupStep(rows))
    if (wanted.members !== false) {
      const batches = rows
        .slice(0, unreadGroups)
        .map(({ groupId, newestActors }) => ({ user, groupId, registers: newestActors }))
      db.putMembers(batches)
    }
    if (Math.floor(stored / 1e6) < Math.floor((stored + count) / 1e6))
      progress(`${Math.floor((stored + count) / 1e6)} M groups stored`)
    stored += count
  }
  return stored
}

/** The numbers below `count` in the order of their digits: 0, 1, 10, 100, …, 11, … */
function* inTextOrder(count: number, prefix = 0): Generator<number> {
  for (let number = prefix * 10; number < Math.min(prefix * 10 + 10, count); number++) {
    yield number
    if (number > 0) yield* inTextOrder(count, number)
  }
}

const headOf = (groups: number): number => (groups + 1) * seqsPerGroup

async function storeUsers(folder: string, wanted: StoredGroups, people: number, now: number): Promise<void> {
  await using engines = await openEmbedded({ data: { dir: folder }, log: { partitions, maxLag: 200_000 } }, systemSeams)
  const { groups, marks, users } = engines.ports
  let end = 1
  for (let from = 0; from < wanted.users; from += chunkUsers) {
    const some = Array.from({ length: Math.min(chunkUsers, wanted.users - from) }, (_, i) => ({
      user: storedUser(from + i),
      count: wanted.groupsOf(from + i),
    }))
    await groups.putHeads(some.map(({ user, count }) => ({ user, head: headOf(count) })))
    await marks.raise(
      some.map(({ user, count }) => ({
        user,
        change: {
          groupId: null,
          mark: 'read',
          upTo: Math.max(0, count - unreadGroups) * seqsPerGroup,
          seq: headOf(count),
        },
      })),
    )
    for (const { count } of some) end = Math.max(end, headOf(count) + 1)
  }
  for (let from = 0; wanted.named !== false && from < people; from += chunkUsers) {
    const ids = Array.from({ length: Math.min(chunkUsers, people - from) }, (_, i) => from + i)
    await Promise.all(ids.map((id) => users.put(personOf(id), now - 100 * dayMs)))
  }
  const bounds = Array.from({ length: partitions }, (_, partition) => ({ partition, start: end, committed: end }))
  await engines.database.write(raiseBounds(bounds))
}

const personOf = (id: number) => ({
  id: storedUser(id),
  name: `Person ${id}`,
  avatarUrl: `https://img.example.com/avatars/${id}.jpg`,
  locale: null,
  properties: {},
})

const kinds = ['LIKE', 'LIKE', 'LIKE', 'LIKE', 'LIKE', 'COMMENT', 'REACTION', 'SHARE'] as const

function rowOf(
  user: string,
  k: number,
  createdAt: number,
  { actorsMax, people }: { actorsMax: number; people: number },
  random: Random,
): GroupRow {
  const eventType = kinds[Math.floor(random.next() * kinds.length)]!
  const openedSeq = k * seqsPerGroup + 1
  const actors = 1 + Math.floor(random.next() * actorsMax)
  const key = { eventType, verb: '', objectType: 'POST', objectId: `post-${user}-${k}` } as const
  const first = Math.floor(random.next() * people)
  const registers = Array.from({ length: actors }, (_, n): Register => {
    const seq = openedSeq + n
    const at = createdAt + n * 1_000
    const eventId = `${at
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-${String(seq).padStart(12, '0')}`
    return { actor: storedUser((first + n * 7_919) % people), createdAt: at, eventId, op: 'ADD', seq, firstSeq: seq }
  }).reverse()
  const newest = registers[0]!
  return {
    ...key,
    user,
    groupId: groupIdOf(user, key, createdAt, openedSeq),
    createdAt,
    openedSeq,
    rules: { closeAfterMs: dayMs, reopenReadGroups: true },
    applied: newest.seq,
    seq: newest.seq,
    visibleSince: openedSeq,
    deletedSeq: 0,
    unreadSeq: newest.seq,
    actorCount: actors,
    actorCountIsEstimate: false,
    eventCount: actors,
    newestActors: registers
      .slice(0, keptActors)
      .map((register) => ({ ...register, metadata: { preview: 'Sunset at the lake' } })),
    firstSeqSpans: [{ upTo: newest.seq, actors, came: actors }],
    updatedAt: newest.createdAt,
    erasures: [],
    hyperLogLog: null,
    pending: [],
  }
}
