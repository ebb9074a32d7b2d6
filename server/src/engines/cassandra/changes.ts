import type { Seams } from '../../lib/seams.ts'
import type { GroupRow } from '../../model/activity-group.ts'
import type { GroupId, Seq, UserId } from '../../model/ids.ts'
import { type CassandraDatabase, pageRows } from './database.ts'
import type { GroupReads } from './group-reads.ts'

const entriesAfter = 'SELECT seq, group_id, forgotten FROM changes WHERE user_id = ? AND seq > ? LIMIT ?'
const newestEntries = 'SELECT seq FROM changes WHERE user_id = ? ORDER BY seq DESC, group_id DESC LIMIT ?'
const forgottenUpTo = 'SELECT forgotten FROM changes WHERE user_id = ? LIMIT 1'
const raiseForgotten = 'UPDATE changes USING TIMESTAMP ? SET forgotten = ? WHERE user_id = ?'
const dropOld = 'DELETE FROM changes WHERE user_id = ? AND seq <= ?'

/** So many changes of a user are kept, and up to about `trimOnce` more. */
const keptChanges = 2_000
const trimOnce = 1_000

type Changes = { readonly rows: readonly GroupRow[] } | { readonly gap: true }

/**
 * Which groups changed after a position. Each write of a row leaves an entry before it is made; an entry lives as long as
 * the row would, so what has no entry has no row. A busy user's entries are thinned out from the old end, and the position
 * up to which that was done is kept: who asks from before it is answered by passing over all rows.
 */
export class GroupChanges {
  readonly #db: CassandraDatabase
  readonly #reads: GroupReads
  readonly #random: Seams['random']

  constructor(db: CassandraDatabase, reads: GroupReads, random: Seams['random']) {
    this.#db = db
    this.#reads = reads
    this.#random = random
  }

  async since(user: UserId, after: Seq, limit: number): Promise<Changes> {
    const ids = (await this.#listed(user, after, limit)) ?? (await this.#reads.idsSince(user, after, limit))
    if (ids.length > limit) return { gap: true }
    const rows = (await this.#reads.shown(user, ids)).filter((row) => row.seq > after)
    return { rows: rows.toSorted((a, b) => a.seq - b.seq) }
  }

  /** The groups of the entries, or undefined when the rows have to be asked. */
  async #listed(user: UserId, after: Seq, limit: number): Promise<readonly GroupId[] | undefined> {
    const most = limit * 4 + 100
    // Whoever wants so many wants all: one page would be a part of them.
    if (most > pageRows) return undefined
    const entries = await this.#db.read(entriesAfter, user, after, most)
    // With the entries or behind them: what is thinned out meanwhile is said to be.
    const told = entries[0] ?? (await this.#db.readOne(forgottenUpTo, user))
    if ((told?.forgotten?.toNumber() ?? 0) > after || entries.length === most) return undefined
    const ids = [...new Set(entries.map((row) => row.group_id as GroupId))]
    // An entry may stand for a row that never came or is gone: only rows are counted.
    return ids.length > limit ? undefined : ids
  }

  /** Called with each user written; now and then it shortens the user's entries. */
  async tidy(users: readonly UserId[]): Promise<void> {
    for (const user of users) {
      if (this.#random.next() * trimOnce < 1) await this.trim(user)
    }
  }

  async trim(user: UserId, kept = keptChanges): Promise<void> {
    const newest = await this.#db.read(newestEntries, user, kept + 1)
    const oldest = newest[kept]
    if (!oldest) return
    const upTo = oldest.seq.toNumber()
    // Said before it is done: a reader must not take what is gone for what never was.
    await this.#db.write(raiseForgotten, upTo, upTo, user)
    await this.#db.write(dropOld, user, upTo)
  }
}
