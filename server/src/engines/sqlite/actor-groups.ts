import { fnv1a } from '../../lib/fnv.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { ActorGroup } from '../../ports/member-store.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

/**
 * In which groups an actor is. Asked only when an account is erased, but written with each new member, and sorted by the
 * actor it would touch another page each time. So new entries are put at the end of a list. When the list is long, what
 * it holds then is copied into the sorted table one slice (a range of hashes) at a time, many entries to a page, and
 * dropped from its front when all slices are copied: no page of the list is written twice. To find an actor both are read.
 * An entry may outlive its member: who asks looks the member up.
 */
const slices = 8
const sliceRows = 16_384
const sliceSpan = 2 ** 32 / slices

const append = 'INSERT INTO actor_groups_new (id, actor_hash, user_id, group_id) VALUES (?, ?, ?, ?)'

const sorted = `
SELECT user_id, group_id FROM actor_groups
WHERE actor_hash = ? AND (user_id, group_id) > (?, ?) ORDER BY user_id, group_id LIMIT ? + 0`

const listed = `
SELECT DISTINCT user_id, group_id FROM actor_groups_new
WHERE actor_hash = ? AND (user_id, group_id) > (?, ?) ORDER BY user_id, group_id LIMIT ? + 0`

const copySlice = `
INSERT INTO actor_groups (actor_hash, user_id, group_id)
SELECT actor_hash, user_id, group_id FROM actor_groups_new WHERE id < ? AND actor_hash >= ? AND actor_hash < ?
ORDER BY actor_hash, user_id, group_id
ON CONFLICT DO NOTHING`

const dropFront = 'DELETE FROM actor_groups_new WHERE id < ?'
const bounds = `
SELECT coalesce((SELECT min(id) FROM actor_groups_new), 1), coalesce((SELECT max(id) FROM actor_groups_new), 0)`
/** A newer register may have been put meanwhile. */
const dropOne = `
DELETE FROM actor_groups WHERE actor_hash = ?1 AND user_id = ?2 AND group_id = ?3
AND NOT EXISTS (SELECT 1 FROM members WHERE group_id = ?3 AND user_id = ?2 AND actor = ?4)
AND NOT EXISTS (SELECT 1 FROM groups WHERE user_id = ?2 AND group_id = ?3 AND instr(pending, json_quote(?4)) > 0)`

export interface Membership extends ActorGroup {
  readonly actor: UserId
}

/** One for all who use the database. */
export const actorGroupsOf = (db: SqliteDatabase): ActorGroups =>
  db.cache('actor groups', () => new ActorGroups(db), {})

export class ActorGroups {
  readonly #db: SqliteDatabase
  /** Never given twice while a move lasts, also when a purge took the last ones; `null` = not looked up yet. */
  #nextId: number | null = null
  /** What is being moved: all ids below `end`, of which so many slices are copied. */
  #move: { readonly end: number; slice: number } | null = null
  #moving = false

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  append(memberships: readonly Membership[]): Step {
    let id = this.#nextId ?? this.#bounds().last + 1
    const rows = memberships.map((each): Row => [id++, ...cellsOf(each)])
    this.#nextId = id
    return { sql: append, rows }
  }

  /** By user, then group; some may not be there any more. */
  find(actor: UserId, after: ActorGroup | null, limit: number): readonly ActorGroup[] {
    const row = [fnv1a(actor), after?.user ?? '', after?.groupId ?? '', limit] as const
    const found = new Map<string, ActorGroup>()
    for (const [user, groupId] of [...this.#db.read.all(sorted, ...row), ...this.#db.read.all(listed, ...row)]) {
      found.set(`${user}\u0000${groupId}`, { user: user as UserId, groupId: groupId as GroupId })
    }
    return [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, each]) => each)
      .slice(0, limit)
  }

  /**
   * Goes on with the move, a slice for each half of one that came in anew. Where a step fails the list stays longer, and a
   * later call tries again; after a restart a move begins anew, and what is copied already stays as it is.
   */
  async tidy(): Promise<void> {
    if (this.#moving) return
    const step = this.#nextStep()
    if (!step) return
    this.#moving = true
    try {
      await this.#db.write(step)
      if (this.#move) this.#move.slice++
    } finally {
      this.#moving = false
    }
  }

  #nextStep(): Step | undefined {
    const { first, last } = this.#bounds()
    if (this.#move && first >= this.#move.end) this.#move = null
    if (!this.#move) {
      if (last - first < slices * sliceRows) return undefined
      this.#move = { end: last + 1, slice: 0 }
    }
    const { end, slice } = this.#move
    if (slice >= slices) return { sql: dropFront, rows: [[Math.min(end, first + sliceRows)]] }
    if (2 * (last - end) < (slice - 1) * sliceRows) return undefined
    return { sql: copySlice, rows: [[end, slice * sliceSpan, (slice + 1) * sliceSpan]] }
  }

  /** Of the ids in the list; with nothing in it `first` is above `last`. */
  #bounds(): { readonly first: number; readonly last: number } {
    const [first, last] = this.#db.read.get(bounds) as readonly [number, number]
    return { first, last }
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

/** Actors that share a hash are told apart by their members. */
const cellsOf = ({ actor, user, groupId }: Membership): Row => [fnv1a(actor), user, groupId]
