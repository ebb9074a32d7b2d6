import type { JsonObject } from '@headwater/protocol'
import { coalescing } from '../../lib/coalesce.ts'
import type { Seq, UserId } from '../../model/ids.ts'
import type { UserErasure, UserRecord, UserStore } from '../../ports/user-store.ts'
import { type PostgresDatabase, statement } from './database.ts'

interface Row {
  readonly id: string
  readonly name: string
  readonly avatarUrl: string | null
  readonly locale: string | null
  readonly properties: string
  readonly createdAt: number
  readonly updatedAt: number
}

const columns = `user_id AS id, name, avatar_url AS "avatarUrl", locale, properties, created_at AS "createdAt",
  updated_at AS "updatedAt"`

const statementsOn = (schema: string) => ({
  put: statement(`
    INSERT INTO ${schema}.users AS u (user_id, name, avatar_url, locale, properties, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (user_id) DO UPDATE SET
      name = excluded.name, avatar_url = excluded.avatar_url, locale = excluded.locale,
      properties = excluded.properties, updated_at = excluded.updated_at
    RETURNING ${columns}`),
  get: statement(`SELECT ${columns} FROM ${schema}.users WHERE user_id = ANY ($1::text[])`),
  erase: statement(`
    WITH gone AS (DELETE FROM ${schema}.users WHERE user_id = $1 RETURNING 1),
    noted AS (
      INSERT INTO ${schema}.erasures AS e (user_id, erased_at, before_seqs) VALUES ($1, $2, $3)
      ON CONFLICT (user_id) DO UPDATE SET
        erased_at = greatest(e.erased_at + 1, excluded.erased_at), before_seqs = excluded.before_seqs
    )
    SELECT count(*) AS count FROM gone`),
  erasures: statement(`
    SELECT user_id AS id, erased_at AS "erasedAt", before_seqs AS before FROM ${schema}.erasures
    ORDER BY erased_at, user_id LIMIT $1`),
  sweepDone: statement(`DELETE FROM ${schema}.erasures WHERE user_id = $1 AND erased_at <= $2`),
})

const limits = { lanes: 2, maxItems: 1_000, maxWaiting: 100_000 }

/** Users and the erasures that are still to be swept, in PostgreSQL. Reads that come together are one statement. */
export class PostgresUserStore implements UserStore {
  readonly #db: PostgresDatabase
  readonly #sql: ReturnType<typeof statementsOn>
  readonly #get: (ids: readonly UserId[]) => Promise<readonly (UserRecord | undefined)[]>

  constructor(db: PostgresDatabase) {
    this.#db = db
    this.#sql = statementsOn(db.schema)
    this.#get = coalescing((ids) => this.#read(ids), limits)
  }

  async put(user: Omit<UserRecord, 'createdAt' | 'updatedAt'>, now: number): Promise<UserRecord> {
    const { id, name, avatarUrl, locale, properties } = user
    const values = [id, name, avatarUrl, locale, JSON.stringify(properties), now]
    const [row] = await this.#db.write<Row>(this.#sql.put, values)
    return fromRow(row as Row)
  }

  get(ids: readonly UserId[]): Promise<readonly (UserRecord | undefined)[]> {
    return this.#get(ids)
  }

  async #read(ids: readonly UserId[]): Promise<readonly (UserRecord | undefined)[]> {
    const rows = await this.#db.read<Row>(this.#sql.get, [[...new Set(ids)]])
    const found = new Map(rows.map((row) => [row.id, fromRow(row)]))
    return ids.map((id) => found.get(id))
  }

  async erase(id: UserId, now: number, before: readonly Seq[]): Promise<boolean> {
    const [gone] = await this.#db.write<{ count: number }>(this.#sql.erase, [id, now, JSON.stringify(before)])
    return gone?.count === 1
  }

  async erasures(limit: number): Promise<readonly UserErasure[]> {
    const rows = await this.#db.read<Omit<UserErasure, 'before'> & { readonly before: string | null }>(
      this.#sql.erasures,
      [limit],
    )
    return rows.map((row) => ({ ...row, before: row.before === null ? [] : (JSON.parse(row.before) as Seq[]) }))
  }

  async sweepDone(id: UserId, erasedAt: number): Promise<void> {
    await this.#db.write(this.#sql.sweepDone, [id, erasedAt])
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const fromRow = ({ properties, ...row }: Row): UserRecord => ({
  ...row,
  properties: JSON.parse(properties) as JsonObject,
})
