import { statSync } from 'node:fs'
import { type Cell, type Command, type Row, rowsIn, type StepResult } from './commands.ts'
import { problemsOf } from './inspect.ts'
import type { Reader } from './reader.ts'
import { translated } from './sqlite-errors.ts'
import type { Writer } from './writer.ts'

export interface DatabaseParts {
  readonly path: string
  readonly lock: Disposable
  readonly writer: Writer
  readonly reader: Reader
}

export interface DatabaseStats {
  readonly databaseBytes: number
  readonly walBytes: number
  readonly queuedCommands: number
  readonly queuedBytes: number
}

/** An open data directory: what the engines of all ports write to and read from. */
export class SqliteDatabase implements AsyncDisposable {
  readonly #parts: DatabaseParts
  readonly #written = new Map<string, (row: Row) => void>()
  readonly #caches = new Map<string, unknown>()
  /** How many writes that are not over, by statement and by the first cell of their rows. */
  readonly #underWay = new Map<string, Map<Cell, number>>()

  constructor(parts: DatabaseParts) {
    this.#parts = parts
  }

  get read(): Reader {
    return this.#parts.reader
  }

  get writer(): Writer {
    return this.#parts.writer
  }

  /** Stores the steps together, durably, after all commands before it. */
  async write(...steps: Command): Promise<readonly StepResult[]> {
    if (rowsIn(steps) === 0) return steps.map(() => ({ changes: [], rows: [] }))
    this.#count(steps, 1)
    try {
      return await this.#parts.writer.run(steps)
    } finally {
      this.#count(steps, -1)
      // Also when it failed: nobody knows what is stored now.
      for (const { sql, rows } of steps) {
        const written = this.#written.get(sql)
        if (written) for (const row of rows) written(row)
      }
    }
  }

  /**
   * Whether a write by a statement that `cache` knows, whose row begins with `key`, is under way. The other thread may have
   * stored it already: what is kept in memory could then be older than what is read of other tables.
   */
  isUnderWay(sql: string, key: Cell): boolean {
    return this.#underWay.get(sql)?.has(key) === true
  }

  #count(steps: Command, by: 1 | -1): void {
    for (const { sql, rows } of steps) {
      if (!this.#written.has(sql)) continue
      const counts = this.#underWay.get(sql) ?? new Map<Cell, number>()
      this.#underWay.set(sql, counts)
      for (const [key = null] of rows) {
        const left = (counts.get(key) ?? 0) + by
        if (left > 0) counts.set(key, left)
        else counts.delete(key)
      }
    }
  }

  /**
   * What is kept in memory of a table, one for all who use this database. Nobody else writes to it, so that it is right as
   * long as it is told of every write: `written` gets the rows of a statement when they are stored, before who wrote them
   * goes on.
   */
  cache<T>(name: string, make: () => T, written: Readonly<Record<string, (cache: T, row: Row) => void>>): T {
    const known = this.#caches.get(name)
    if (known !== undefined) return known as T
    const made = make()
    this.#caches.set(name, made)
    for (const [sql, tell] of Object.entries(written)) this.#written.set(sql, (row) => tell(made, row))
    return made
  }

  /** Reads the whole file; what is wrong with it, or nothing. */
  checkIntegrity(): readonly string[] {
    return translated(() => problemsOf(this.#parts.reader.connection, 100))
  }

  stats(): DatabaseStats {
    const { path, writer } = this.#parts
    return {
      databaseBytes: bytesOf(path),
      walBytes: bytesOf(`${path}-wal`),
      queuedCommands: writer.queuedCommands,
      queuedBytes: writer.queuedBytes,
    }
  }

  /** Ends reading, stores what waits, moves the write-ahead log into the database and lets go of the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { lock, writer, reader } = this.#parts
    reader[Symbol.dispose]()
    await writer[Symbol.asyncDispose]()
    lock[Symbol.dispose]()
  }
}

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
