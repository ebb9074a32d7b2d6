import type { JsonObject } from '@headwater/protocol'
import { LRUCache } from 'lru-cache'
import type { Seq, UserId } from '../../model/ids.ts'
import type { UserErasure, UserRecord, UserStore } from '../../ports/user-store.ts'
import type { Cell, Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const columns = 'user_id, name, avatar_url, locale, properties, created_at, updated_at'

const upsert = `
INSERT INTO users (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET
  name = excluded.name, avatar_url = excluded.avatar_url, locale = excluded.locale, properties = excluded.properties,
  updated_at = excluded.updated_at
RETURNING ${columns}`

const byId = `SELECT ${columns} FROM users WHERE user_id = ?`

const remove = 'DELETE FROM users WHERE user_id = ?'
const noteErasure = `
INSERT INTO erasures (user_id, erased_at, before_seqs) VALUES (?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET
  erased_at = max(erased_at + 1, excluded.erased_at), before_seqs = excluded.before_seqs`
const oldestErasures = `
SELECT user_id, erased_at, before_seqs FROM erasures ORDER BY erased_at, user_id LIMIT ? + 0`
const dropErasure = 'DELETE FROM erasures WHERE user_id = ? AND erased_at <= ?'

/** A page names sixty people, most of them again and again: their records are kept, and that there is none. */
interface Kept {
  readonly record: UserRecord | undefined
  /** About what it takes in memory. */
  readonly bytes: number
}
const keptBytes = 32 * 2 ** 20
const sizeCalculation = ({ bytes }: Kept): number => bytes

/** Users and the erasures that are still to be swept, in SQLite. */
export class SqliteUserStore implements UserStore {
  readonly #db: SqliteDatabase
  readonly #kept: LRUCache<UserId, Kept>

  constructor(db: SqliteDatabase) {
    this.#db = db
    this.#kept = db.cache('users', () => new LRUCache<UserId, Kept>({ maxSize: keptBytes, sizeCalculation }), {
      [upsert]: (kept, [id]) => void kept.delete(id as UserId),
      [remove]: (kept, [id]) => void kept.delete(id as UserId),
    })
  }

  async put(user: Omit<UserRecord, 'createdAt' | 'updatedAt'>, now: number): Promise<UserRecord> {
    const { id, name, avatarUrl, locale, properties } = user
    const row = [id, name, avatarUrl, locale, JSON.stringify(properties), now, now]
    const [result] = await this.#db.write({ sql: upsert, rows: [row], returns: 'rows' })
    return fromCells(result?.rows[0] as Row)
  }

  async get(ids: readonly UserId[]): Promise<readonly (UserRecord | undefined)[]> {
    return ids.map((id) => (this.#kept.get(id) ?? this.#read(id)).record)
  }

  #read(id: UserId): Kept {
    const cells = this.#db.read.get(byId, id)
    const bytes = cells ? 200 + 2 * id.length + cells.reduce<number>((sum, cell) => sum + lengthOf(cell), 0) : 200
    const found: Kept = { record: cells && fromCells(cells), bytes }
    this.#kept.set(id, found)
    return found
  }

  async erase(id: UserId, now: number, before: readonly Seq[]): Promise<boolean> {
    const [removed] = await this.#db.write(
      { sql: remove, rows: [[id]], returns: 'changes' },
      { sql: noteErasure, rows: [[id, now, JSON.stringify(before)]] },
    )
    return removed?.changes[0] === 1
  }

  async erasures(limit: number): Promise<readonly UserErasure[]> {
    const rows = this.#db.read.all(oldestErasures, limit)
    return rows.map(([id, erasedAt, before]) => ({
      id: id as UserId,
      erasedAt: erasedAt as number,
      before: before === null ? [] : (JSON.parse(before as string) as Seq[]),
    }))
  }

  async sweepDone(id: UserId, erasedAt: number): Promise<void> {
    await this.#db.write({ sql: dropErasure, rows: [[id, erasedAt]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const lengthOf = (cell: Cell): number => (typeof cell === 'string' ? cell.length : 8)

const fromCells = ([id, name, avatarUrl, locale, properties, createdAt, updatedAt]: Row): UserRecord => ({
  id: id as string,
  name: name as string,
  avatarUrl: avatarUrl as string | null,
  locale: locale as string | null,
  properties: JSON.parse(properties as string) as JsonObject,
  createdAt: createdAt as number,
  updatedAt: updatedAt as number,
})
