import { hash } from 'node:crypto'
import { createdAtOf } from '../../model/group-id.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { ActorGroup } from '../../ports/member-store.ts'
import type { CassandraDatabase, Row } from './database.ts'

/**
 * In which groups an actor is: asked only when an account is erased, written with each new member. So what an actor joined
 * of the groups of one day is a set in one row, and a flush writes once for all that it adds to it. An entry may outlive its
 * register: who asks looks the register up. Rows are named by a hash, so that what is left says of nobody where they were.
 *
 * A set has no position to hold on to: an entry comes and goes by the time of its write, in microseconds of who writes.
 */
const add = 'UPDATE actor_groups SET groups = groups + ? WHERE actor_hash = ? AND day = ?'
const drop = 'UPDATE actor_groups SET groups = groups - ? WHERE actor_hash = ? AND day = ?'
const fromDay = 'SELECT day, groups FROM actor_groups WHERE actor_hash = ? AND day >= ?'

/** A row may hold thousands. */
const daysAtOnce = 5

export interface Membership extends ActorGroup {
  readonly actor: UserId
}

export const addMemberships = (db: CassandraDatabase, memberships: readonly Membership[]): Promise<void> =>
  change(db, add, memberships)

export const dropMemberships = (db: CassandraDatabase, memberships: readonly Membership[]): Promise<void> =>
  change(db, drop, memberships)

async function change(db: CassandraDatabase, query: string, memberships: readonly Membership[]): Promise<void> {
  const partitions = [...Map.groupBy(memberships, ({ actor }) => actor)].map(([actor, own]) =>
    [...Map.groupBy(own, dayOf)].map(([day, groups]) => ({
      query,
      params: [[...new Set(groups.map(entryOf))], hashOf(actor), day],
    })),
  )
  await db.writeAll(partitions)
}

/** By the day of the group, then by its id, from behind a group on; a row at a time. */
export async function* membershipsFrom(
  db: CassandraDatabase,
  actor: UserId,
  after: ActorGroup | null,
): AsyncGenerator<readonly ActorGroup[]> {
  const [firstDay, firstEntry] = after === null ? [0, ''] : [dayOf(after), entryOf(after)]
  for await (const page of db.readPages(fromDay, [hashOf(actor), firstDay], daysAtOnce)) {
    for (const { day, groups } of page as readonly Row[]) {
      const entries = (groups as readonly string[] | null) ?? []
      yield entries.filter((entry) => day > firstDay || entry > firstEntry).map(groupOf)
    }
  }
}

const dayOf = ({ groupId }: ActorGroup): number => Math.floor(createdAtOf(groupId) / 86_400_000)

/** Ids hold no blank. */
const entryOf = ({ user, groupId }: ActorGroup): string => `${groupId} ${user}`

function groupOf(entry: string): ActorGroup {
  const blank = entry.indexOf(' ')
  return { groupId: entry.slice(0, blank) as GroupId, user: entry.slice(blank + 1) }
}

const hashOf = (actor: UserId): string => hash('sha256', actor, 'base64url').slice(0, 22)
