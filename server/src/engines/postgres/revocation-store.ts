import { coalescing } from '../../lib/coalesce.ts'
import type { Revocation, RevocationStore } from '../../ports/revocation-store.ts'
import { type PostgresDatabase, statement } from './database.ts'

type NewRevocation = Omit<Revocation, 'order'>

const statementsOn = (schema: string) => ({
  // The row of the order is held until the commit (see the migration). The first of $1… has the first of the positions.
  revoke: statement(`
    WITH given AS (
      UPDATE ${schema}.revocation_order SET last = last + cardinality($1::text[])
      RETURNING last - cardinality($1::text[]) AS before
    )
    INSERT INTO ${schema}.revocations (position, user_id, token_id, at, expires_at)
    SELECT given.before + r.n, r.user_id, r.token_id, r.at, r.expires_at
    FROM given, unnest($1::text[], $2::text[], $3::float8[], $4::float8[]) WITH ORDINALITY
      AS r (user_id, token_id, at, expires_at, n)
    RETURNING position AS order`),
  since: statement(`
    SELECT position AS order, user_id AS "userId", token_id AS "tokenId", at, expires_at AS "expiresAt"
    FROM ${schema}.revocations WHERE position > $1 ORDER BY position LIMIT $2`),
  purge: statement(`DELETE FROM ${schema}.revocations WHERE expires_at <= $1`),
})

const pageSize = 5_000
const limits = { lanes: 1, maxItems: 1_000, maxWaiting: 20_000 }

/**
 * Revoked tokens in PostgreSQL. Writers take turns by the row that counts, so a smaller `order` is never seen after a
 * larger one; those of one process go together, so that a turn serves many.
 */
export class PostgresRevocationStore implements RevocationStore {
  readonly #db: PostgresDatabase
  readonly #sql: ReturnType<typeof statementsOn>
  readonly #revoke: (revocations: readonly NewRevocation[]) => Promise<readonly Revocation[]>

  constructor(db: PostgresDatabase) {
    this.#db = db
    this.#sql = statementsOn(db.schema)
    this.#revoke = coalescing((revocations) => this.#write(revocations), limits)
  }

  async revoke(revocation: NewRevocation): Promise<Revocation> {
    const [stored] = await this.#revoke([revocation])
    return stored as Revocation
  }

  async #write(revocations: readonly NewRevocation[]): Promise<readonly Revocation[]> {
    const rows = await this.#db.write<{ order: number }>(this.#sql.revoke, [
      revocations.map(({ userId }) => userId),
      revocations.map(({ tokenId }) => tokenId),
      revocations.map(({ at }) => at),
      revocations.map(({ expiresAt }) => expiresAt),
    ])
    const orders = rows.map(({ order }) => order).sort((a, b) => a - b)
    return revocations.map(({ userId, tokenId, at, expiresAt }, n) => ({
      userId,
      tokenId,
      at,
      expiresAt,
      order: orders[n] as number,
    }))
  }

  /** In pages: a server that starts reads years of them. */
  async since(order: number): Promise<readonly Revocation[]> {
    const found: Revocation[] = []
    for (let after = order; ; ) {
      const page = await this.#db.read<Revocation & Record<string, unknown>>(this.#sql.since, [after, pageSize])
      found.push(...page)
      const last = page.at(-1)
      if (last === undefined || page.length < pageSize) return found
      after = last.order
    }
  }

  async purge(now: number): Promise<void> {
    await this.#db.write(this.#sql.purge, [now])
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
