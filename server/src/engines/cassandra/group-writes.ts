import { LRUCache } from 'lru-cache'
import { HeadwaterError } from '../../lib/error.ts'
import type { GroupRow } from '../../model/activity-group.ts'
import { keyText } from '../../model/event.ts'
import type { GroupId, Seq } from '../../model/ids.ts'
import type { GroupBatch, PutOutcome } from '../../ports/group-store.ts'
import type { CassandraDatabase, Statement } from './database.ts'
import { insertRow, toCells, updateRow } from './group-rows.ts'

const insertNew = `${insertRow} IF NOT EXISTS`
const updateOlder = `${updateRow} IF applied < ?`
const insertAt = `${insertRow} USING TIMESTAMP ?`

const putMonth = 'INSERT INTO user_months (user_id, month) VALUES (?, ?)'
const putKey = 'INSERT INTO group_keys (user_id, key, group_id) VALUES (?, ?, ?)'
const putChange = 'INSERT INTO changes (user_id, seq, group_id) VALUES (?, ?, ?)'

/** Ids of groups whose row is known to be there. */
const keptIds = 100_000
/** A batch is tried again when rows turn out to be there or ahead: each try learns more, unless others write too. */
const maxTries = 12
/** Cassandra refuses a mutation of more than half a segment of its commit log: 16 MiB of the usual 32. */
const maxBatchBytes = 8 * 2 ** 20

/**
 * Writes rows. Before a row its months, keys and changes are written, in one mutation since they share a partition: what
 * stands there without its row is passed over by readers, while a row that they do not know of would never be found.
 */
export class GroupWrites {
  readonly #db: CassandraDatabase
  readonly #known = new LRUCache<GroupId, true>({ max: keptIds })

  constructor(db: CassandraDatabase) {
    this.#db = db
  }

  async put(batches: readonly GroupBatch[]): Promise<readonly (readonly PutOutcome[])[]> {
    const parts = batches.map((batch) => [...partsOf(batch)])
    const all = parts.flat()
    await this.#db.writeAll(all.map((part) => this.#announced(part)))
    const outcomes = this.#db.fence === 'lwt' ? await this.#putIfNewer(all) : await this.#putStamped(all)
    for (const { rows } of all) this.known(rows.map((row) => row.groupId))
    let next = 0
    return parts.map((own) => own.flatMap(() => outcomes[next++] ?? []))
  }

  /** These rows are there, or were: others need not be asked whether they are. */
  known(ids: Iterable<GroupId>): void {
    for (const id of ids) this.#known.set(id, true)
  }

  forget(ids: Iterable<GroupId>): void {
    for (const id of ids) this.#known.delete(id)
  }

  #announced({ user, month, rows }: GroupBatch): readonly Statement[] {
    const statements: Statement[] = rows.map((row) => ({ query: putChange, params: [user, row.seq, row.groupId] }))
    const opened = rows.filter((row) => !this.#known.has(row.groupId))
    if (opened.length > 0) statements.push({ query: putMonth, params: [user, month] })
    for (const row of opened) statements.push(keyOf(row))
    return statements
  }

  /** The position is the time of the write: the newest one stays, whatever comes in which order. */
  async #putStamped(parts: readonly GroupBatch[]): Promise<readonly (readonly PutOutcome[])[]> {
    const stamped = (row: GroupRow, month: number): Statement => ({
      query: insertAt,
      params: [...toCells(row, month), row.applied],
    })
    await this.#db.writeAll(parts.map(({ month, rows }) => rows.map((row) => stamped(row, month))))
    return parts.map(({ rows }) => rows.map(() => 'written'))
  }

  #putIfNewer(parts: readonly GroupBatch[]): Promise<readonly (readonly PutOutcome[])[]> {
    return this.#db.each(parts, (part) => this.#putPart(part))
  }

  /**
   * One conditional batch, which is applied when all conditions hold. Otherwise the rows that are there come back: those
   * that are ahead are done, the others are tried again by what is known of them now.
   */
  async #putPart({ month, rows }: GroupBatch): Promise<readonly PutOutcome[]> {
    const outcomes: PutOutcome[] = rows.map(() => 'written')
    const isThere = new Map(rows.map((row) => [row.groupId, this.#known.has(row.groupId)]))
    let open = rows.map((_, index) => index)
    for (let tries = 0; open.length > 0; tries++) {
      const cells = open.map((index) => rows[index] as GroupRow)
      const { applied, rows: found } = await this.#db.writeIf(
        cells.map((row) => conditional(row, month, isThere.get(row.groupId) === true)),
      )
      if (applied) return outcomes
      if (tries >= maxTries) {
        throw new HeadwaterError('store_unavailable', { detail: 'Others write the same rows', retryAfterS: 1 })
      }
      const present = new Map(
        found.filter((row) => row.applied).map((row) => [row.group_id as GroupId, row.applied.toNumber()]),
      )
      open = open.filter((index) => {
        const { groupId, applied: ours } = rows[index] as GroupRow
        const theirs: Seq | undefined = present.get(groupId)
        // One that was there is gone: another worker has folded the erasure of its user, and it must not come back. It stays
        // among the known ones, or the same write again would bring it back.
        const isErased = isThere.get(groupId) === true && theirs === undefined
        isThere.set(groupId, theirs !== undefined)
        if (!isErased && (theirs === undefined || theirs < ours)) return true
        outcomes[index] = 'ahead'
        return false
      })
    }
    return outcomes
  }
}

const keyOf = (row: GroupRow): Statement => ({ query: putKey, params: [row.user, keyText(row), row.groupId] })

function conditional(row: GroupRow, month: number, isThere: boolean): Statement {
  const cells = toCells(row, month)
  return isThere ? { query: updateOlder, params: [...cells, row.applied] } : { query: insertNew, params: cells }
}

/** A batch is one mutation, and so all or nothing, up to what Cassandra takes as one. */
function* partsOf(batch: GroupBatch): Iterable<GroupBatch> {
  let rows: GroupRow[] = []
  let bytes = 0
  for (const row of batch.rows) {
    const size = sizeOf(row)
    if (rows.length > 0 && bytes + size > maxBatchBytes) {
      yield { ...batch, rows }
      rows = []
      bytes = 0
    }
    rows.push(row)
    bytes += size
  }
  if (rows.length > 0) yield { ...batch, rows }
}

/** At most, roughly: registers are what makes a row large, besides the metadata that events may carry. */
const sizeOf = ({ pending, newestActors, hyperLogLog }: GroupRow): number =>
  8_192 + pending.length * 256 + newestActors.length * 16_384 + (hyperLogLog?.length ?? 0)
