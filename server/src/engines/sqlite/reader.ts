import { DatabaseSync } from 'node:sqlite'
import { HeadwaterError } from '../../lib/error.ts'
import type { Cell, Row } from './commands.ts'
import { translated } from './sqlite-errors.ts'
import { Statements } from './statements.ts'

/**
 * Reads on the calling thread through a read-only connection: each takes some microseconds, less than the way to another
 * thread and back. A read sees every write that resolved before it started.
 */
export class Reader implements Disposable {
  readonly #db: DatabaseSync
  readonly #statements: Statements

  constructor(path: string, cacheKib: number) {
    this.#db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    this.#db.exec(`PRAGMA cache_size = -${Math.trunc(cacheKib)}`)
    this.#statements = new Statements(this.#db)
  }

  all(sql: string, ...row: Cell[]): readonly Row[] {
    this.#checkOpen()
    return translated(() => this.#statements.all(sql, row))
  }

  get(sql: string, ...row: Cell[]): Row | undefined {
    this.#checkOpen()
    return translated(() => this.#statements.get(sql, row))
  }

  /** What is read inside sees one and the same state. Must not wait for anything. */
  snapshot<T>(read: () => T): T {
    this.#checkOpen()
    if (this.#db.isTransaction) return read()
    translated(() => this.#statements.run('BEGIN', []))
    try {
      return read()
    } finally {
      translated(() => this.#statements.run('COMMIT', []))
    }
  }

  get connection(): DatabaseSync {
    return this.#db
  }

  [Symbol.dispose](): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #checkOpen(): void {
    if (!this.#db.isOpen) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
  }
}
