import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Step } from '../../server/src/engines/sqlite/commands.ts'
import type { SqliteDatabase } from '../../server/src/engines/sqlite/database.ts'
import { SqliteMemberStore } from '../../server/src/engines/sqlite/member-store.ts'
import type { MemberBatch } from '../../server/src/ports/member-store.ts'

/** Runs the engine's own statements on a database that nobody has open, without its fsyncs. Indexes are built when it is closed. */
export class BulkDatabase implements Disposable {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #indexes: readonly string[]
  readonly #members = new SqliteMemberStore(emptyDatabase)
  #rows = 0

  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    this.#db.exec('PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
    this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -400000; PRAGMA temp_store = FILE')
    const found = this.#db
      .prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('groups', 'members')",
      )
      .all() as { name: string; sql: string }[]
    this.#indexes = found.map(({ sql }) => sql)
    for (const { name } of found) this.#db.exec(`DROP INDEX ${name}`)
    this.#db.exec('BEGIN')
  }

  run({ sql, otherwise, rows }: Step): void {
    // Nothing is there yet, so what would update a row inserts it.
    const text = otherwise ?? sql
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = this.#db.prepare(text)
      this.#statements.set(text, statement)
    }
    for (const row of rows) statement.run(...(row as SQLInputValue[]))
    this.#rows += rows.length
    if (this.#rows < 200_000) return
    this.#rows = 0
    this.#db.exec('COMMIT; BEGIN')
  }

  putMembers(batches: readonly MemberBatch[]): void {
    for (const step of this.#members.steps(batches, batches)) this.run(step)
  }

  [Symbol.dispose](): void {
    this.#db.exec('COMMIT')
    for (const sql of this.#indexes) this.#db.exec(sql)
    this.#db.exec('PRAGMA journal_mode = WAL')
    this.#db.close()
  }
}

/** What the member store asks of a database, of one where nothing is yet: its list of actors has no first id and no last. */
const emptyDatabase = {
  cache: <T>(_name: string, make: () => T): T => make(),
  read: { get: () => [1, 0] },
} as unknown as SqliteDatabase
