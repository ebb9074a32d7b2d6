import type { GroupId, UserId } from '../../model/ids.ts'
import type { ActorGroup } from '../../ports/member-store.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

/**
 * In which groups an actor is. Asked only when an account is erased, but written with each new member, and sorted by the
 * actor it would touch another page each time. So new entries are put at the end of a list; whenever the list has grown by
 * enough, one slice of it (a range of hashes) is moved into the sorted table, many entries to a page. To find an actor
 * both are read. An entry may outlive its member: who asks looks the member up.
 */
const slices = 16
const sliceRows = 8_192
const sliceSpan = 2 ** 32 / slices

const append = 'INSERT INTO actor_groups_new (actor_hash, user_id, group_id) VALUES (?, ?, ?)'

const sorted = `
SELECT user_id, group_id FROM actor_groups
WHERE actor_hash = ? AND (user_id, group_id) > (?, ?) ORDER BY user_id, group_id LIMIT ? + 0`

const listed = `
SELECT DISTINCT user_id, group_id FROM actor_groups_new
WHERE actor_hash = ? AND (user_id, group_id) > (?, ?) ORDER BY user_id, group_id LIMIT ? + 0`

const moveSlice = `
INSERT INTO actor_groups (actor_hash, user_id, group_id)
SELECT actor_hash, user_id, group_id FROM actor_groups_new WHERE actor_hash >= ? AND actor_hash < ?
ORDER BY actor_hash, user_id, group_id
ON CONFLICT DO NOTHING`

const dropSlice = 'DELETE FROM actor_groups_new WHERE actor_hash >= ? AND actor_hash < ?'
/** A newer register may have been put meanwhile. */
const dropOne = `
DELETE FROM actor_groups WHERE actor_hash = ?1 AND user_id = ?2 AND group_id = ?3
AND NOT EXISTS (SELECT 1 FROM members WHERE group_id = ?3 AND user_id = ?2 AND actor = ?4)
AND NOT EXISTS (SELECT 1 FROM groups WHERE user_id = ?2 AND group_id = ?3 AND instr(pending, json_quote(?4)) > 0)`
const countListed = 'SELECT count(*) FROM actor_groups_new'

export interface Membership extends ActorGroup {
  readonly actor: UserId
}

export class ActorGroups {
  readonly #db: SqliteDatabase
  /** Entries in the list; `null` = not counted yet. */
  #listed: number | null = null
  #slice = 0
  #moving = false

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  append(memberships: readonly Membership[]): Step {
    if (this.#listed !== null) this.#listed += memberships.length
    return { sql: append, rows: memberships.map(cellsOf) }
  }

  /** By user, then group; some may not be there any more. */
  find(actor: UserId, after: ActorGroup | null, limit: number): readonly ActorGroup[] {
    const row = [hashOf(actor), after?.user ?? '', after?.groupId ?? '', limit] as const
    const found = new Map<string, ActorGroup>()
    for (const [user, groupId] of [...this.#db.read.all(sorted, ...row), ...this.#db.read.all(listed, ...row)]) {
      found.set(`${user}\u0000${groupId}`, { user: user as UserId, groupId: groupId as GroupId })
    }
    return [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, each]) => each)
      .slice(0, limit)
  }

  /** Moves the next slice when the list is long. Where that fails the list stays longer, and a later call tries again. */
  async tidy(): Promise<void> {
    if (this.#moving) return
    this.#listed ??= Number(this.#db.read.get(countListed)?.[0])
    if (this.#listed < slices * sliceRows) return
    this.#moving = true
    const from = this.#slice * sliceSpan
    this.#slice = (this.#slice + 1) % slices
    try {
      const range: Row = [from, from + sliceSpan]
      const [, dropped] = await this.#db.write(
        { sql: moveSlice, rows: [range] },
        { sql: dropSlice, rows: [range], returns: 'changes' },
      )
      this.#listed -= dropped?.changes[0] ?? 0
      // A purge takes from the list as well: after each round it is counted again.
      if (this.#slice === 0) this.#listed = null
    } finally {
      this.#moving = false
    }
  }
}

/**
 * Runs behind the removal of the members. What is still in the list stays until a purge, and is in nobody's way: it holds
 * no id but the owner's.
 */
export const dropActorGroups = (memberships: readonly Membership[]): Step => ({
  sql: dropOne,
  rows: memberships.map((each) => [...cellsOf(each), each.actor]),
})

const cellsOf = ({ actor, user, groupId }: Membership): Row => [hashOf(actor), user, groupId]

/** FNV-1a, 32 bits, over UTF-16 code units. Actors that share a hash are told apart by their members. */
function hashOf(actor: UserId): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < actor.length; i++) hash = Math.imul(hash ^ actor.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
