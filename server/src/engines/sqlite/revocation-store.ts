import type { Revocation, RevocationStore } from '../../ports/revocation-store.ts'
import type { Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const insert = 'INSERT INTO revocations (user_id, token_id, at, expires_at) VALUES (?, ?, ?, ?) RETURNING position'
const after = 'SELECT position, user_id, token_id, at, expires_at FROM revocations WHERE position > ? ORDER BY position'
const dropExpired = 'DELETE FROM revocations WHERE expires_at <= ?'

/** Revoked tokens in SQLite. One thread writes, so a smaller `order` is never seen after a larger one. */
export class SqliteRevocationStore implements RevocationStore {
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  async revoke(revocation: Omit<Revocation, 'order'>): Promise<Revocation> {
    const { userId, tokenId, at, expiresAt } = revocation
    const [result] = await this.#db.write({ sql: insert, rows: [[userId, tokenId, at, expiresAt]], returns: 'rows' })
    return { userId, tokenId, at, expiresAt, order: result?.rows[0]?.[0] as number }
  }

  async since(order: number): Promise<readonly Revocation[]> {
    return this.#db.read.all(after, order).map(fromCells)
  }

  async purge(now: number): Promise<void> {
    await this.#db.write({ sql: dropExpired, rows: [[now]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const fromCells = ([order, userId, tokenId, at, expiresAt]: Row): Revocation => ({
  order: order as number,
  userId: userId as string | null,
  tokenId: tokenId as string | null,
  at: at as number,
  expiresAt: expiresAt as number,
})
