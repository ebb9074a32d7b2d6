import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Cell, Row } from './commands.ts'

/**
 * Prepared statements of one connection by their text; texts are constants, so there are few. Rows are arrays.
 *
 * SQLite plans a statement anew whenever a value is bound that its plan might depend on. `LIMIT ?` is one, and planning
 * costs more than most reads, so limits are written `LIMIT ? + 0`.
 */
export class Statements {
  readonly #db: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  run(sql: string, row: Row): number {
    return Number(this.#statement(sql).run(...(row as SQLInputValue[])).changes)
  }

  /** As `run`, where nobody asks how much was changed: `get` makes no object of it. */
  execute(sql: string, row: Row): void {
    this.#statement(sql).get(...(row as SQLInputValue[]))
  }

  all(sql: string, row: Row): Row[] {
    return this.#statement(sql).all(...(row as SQLInputValue[])) as unknown as Row[]
  }

  get(sql: string, row: Row): readonly Cell[] | undefined {
    return this.#statement(sql).get(...(row as SQLInputValue[])) as unknown as Row | undefined
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      statement.setReturnArrays(true)
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}
