import type { BeginOutcome, IdempotencyKey, IdempotencyStore, StoredAnswer } from '../../ports/idempotency-store.ts'
import type { Row, StepResult } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

/** Begins a run: a new key, or the same body again after a run that ended without an answer. Else it returns no row. */
const start = `
INSERT INTO idempotency (principal, route, key, body_hash, started_at, lease_until) VALUES (?1, ?2, ?3, ?4, ?5, ?5 + ?6)
ON CONFLICT (principal, route, key) DO UPDATE SET lease_until = excluded.lease_until
WHERE status IS NULL AND body_hash = excluded.body_hash AND lease_until <= ?5
RETURNING started_at`

/** Why it did not begin, as of the same moment: nothing is written between the steps of a command. */
const standing = `
SELECT body_hash, lease_until, status, body, content_type FROM idempotency WHERE principal = ? AND route = ? AND key = ?`

/** A run that outlived its lease does not take the place of an answer that was given already. */
const finish = `
UPDATE idempotency SET status = ?, body = ?, content_type = ?
WHERE principal = ? AND route = ? AND key = ? AND status IS NULL`

const giveUp = 'UPDATE idempotency SET lease_until = 0 WHERE principal = ? AND route = ? AND key = ? AND status IS NULL'

const dropOld = 'DELETE FROM idempotency WHERE started_at < ?'

/** Answers to requests with an Idempotency-Key, in SQLite. */
export class SqliteIdempotencyStore implements IdempotencyStore {
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  async begin(key: IdempotencyKey, bodyHash: string, now: number, leaseMs: number): Promise<BeginOutcome> {
    const [started, found] = await this.#db.write(
      { sql: start, rows: [[...cellsOf(key), bodyHash, now, leaseMs]], returns: 'rows' },
      { sql: standing, rows: [cellsOf(key)], returns: 'rows' },
    )
    const startedAt = started?.rows[0]?.[0]
    if (startedAt !== undefined) return { outcome: 'started', startedAt: startedAt as number }
    const [storedHash, leaseUntil, ...answer] = (found as StepResult).rows[0] as Row
    if (storedHash !== bodyHash) return { outcome: 'reused' }
    if (answer[0] !== null) return { outcome: 'answered', answer: toAnswer(answer) }
    return { outcome: 'running', retryAfterMs: (leaseUntil as number) - now }
  }

  async complete(key: IdempotencyKey, { status, body, contentType }: StoredAnswer): Promise<void> {
    await this.#db.write({ sql: finish, rows: [[status, body, contentType, ...cellsOf(key)]] })
  }

  async abandon(key: IdempotencyKey): Promise<void> {
    await this.#db.write({ sql: giveUp, rows: [cellsOf(key)] })
  }

  async purge(startedBefore: number): Promise<void> {
    await this.#db.write({ sql: dropOld, rows: [[startedBefore]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const cellsOf = ({ principal, route, key }: IdempotencyKey): [string, string, string] => [principal, route, key]

const toAnswer = ([status, body, contentType]: Row): StoredAnswer => ({
  status: status as number,
  body: body as string,
  contentType: contentType as string,
})
