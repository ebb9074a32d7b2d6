import { HeadwaterError } from '../../lib/error.ts'
import type { BeginOutcome, IdempotencyKey, IdempotencyStore, StoredAnswer } from '../../ports/idempotency-store.ts'
import { type PostgresDatabase, statement } from './database.ts'

interface Row {
  readonly isStarted: boolean
  readonly bodyHash: string
  readonly startedAt: number
  readonly leaseUntil: number
  readonly status: number | null
  readonly contentType: string | null
  readonly body: string | null
}

const columns = `body_hash AS "bodyHash", started_at AS "startedAt", lease_until AS "leaseUntil", status,
  content_type AS "contentType", body`
const ofKey = 'principal = $1 AND route = $2 AND key = $3'

const statementsOn = (schema: string) => ({
  /** A new key, or the same body again after a run that ended without an answer; else how it stands. */
  begin: statement(`
    WITH started AS (
      INSERT INTO ${schema}.idempotency AS i (principal, route, key, body_hash, started_at, lease_until)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (principal, route, key) DO UPDATE SET lease_until = excluded.lease_until
      WHERE i.status IS NULL AND i.body_hash = excluded.body_hash AND i.lease_until <= excluded.started_at
      RETURNING ${columns}
    )
    SELECT true AS "isStarted", * FROM started
    UNION ALL
    SELECT false, ${columns} FROM ${schema}.idempotency WHERE ${ofKey} AND NOT EXISTS (SELECT FROM started)`),
  complete: statement(`
    UPDATE ${schema}.idempotency SET status = $4, body = $5, content_type = $6 WHERE ${ofKey} AND status IS NULL`),
  abandon: statement(`UPDATE ${schema}.idempotency SET lease_until = 0 WHERE ${ofKey} AND status IS NULL`),
  purge: statement(`
    WITH gone AS (
      DELETE FROM ${schema}.idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${schema}.idempotency WHERE started_at < $1 ORDER BY started_at LIMIT $2
      )) AND started_at < $1 RETURNING 1
    )
    SELECT count(*) AS count FROM gone`),
})

const purgeStep = 10_000
/** Each further look means that somebody else wrote the same key in between. */
const looks = 10

/** Answers to requests with an Idempotency-Key, in PostgreSQL. */
export class PostgresIdempotencyStore implements IdempotencyStore {
  readonly #db: PostgresDatabase
  readonly #sql: ReturnType<typeof statementsOn>

  constructor(db: PostgresDatabase) {
    this.#db = db
    this.#sql = statementsOn(db.schema)
  }

  async begin(key: IdempotencyKey, bodyHash: string, now: number, leaseMs: number): Promise<BeginOutcome> {
    const values = [...cellsOf(key), bodyHash, now, now + leaseMs]
    for (let look = 0; look < looks; look++) {
      const [row] = await this.#db.write<Row & Record<string, unknown>>(this.#sql.begin, values)
      const outcome = row && outcomeOf(row, bodyHash, now)
      if (outcome !== undefined) return outcome
    }
    throw new HeadwaterError('store_unavailable', { detail: 'Too many requests with this Idempotency-Key at once' })
  }

  async complete(key: IdempotencyKey, { status, body, contentType }: StoredAnswer): Promise<void> {
    await this.#db.write(this.#sql.complete, [...cellsOf(key), status, body, contentType])
  }

  async abandon(key: IdempotencyKey): Promise<void> {
    await this.#db.write(this.#sql.abandon, cellsOf(key))
  }

  async purge(startedBefore: number): Promise<void> {
    for (;;) {
      const [gone] = await this.#db.write<{ count: number }>(this.#sql.purge, [startedBefore, purgeStep])
      if ((gone?.count ?? 0) < purgeStep) return
    }
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const cellsOf = ({ principal, route, key }: IdempotencyKey): [string, string, string] => [principal, route, key]

/**
 * Undefined when it cannot be told: the insert meets the newest row, the rest of the statement sees what was committed
 * when it began. A row that looks free was taken or ended in between, and the next look sees which.
 */
function outcomeOf(row: Row, bodyHash: string, now: number): BeginOutcome | undefined {
  if (row.isStarted) return { outcome: 'started', startedAt: row.startedAt }
  if (row.bodyHash !== bodyHash) return { outcome: 'reused' }
  if (row.status !== null) return { outcome: 'answered', answer: toAnswer(row) }
  return row.leaseUntil > now ? { outcome: 'running', retryAfterMs: row.leaseUntil - now } : undefined
}

const toAnswer = ({ status, body, contentType }: Row): StoredAnswer => ({
  status: status as number,
  body: body as string,
  contentType: contentType as string,
})
