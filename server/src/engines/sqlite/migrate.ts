import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Migration } from './migrations/all.ts'
import { refusal } from './sqlite-errors.ts'

/** "HWtr": says that a file is one of ours. */
export const applicationId = 0x48577472

const ledger = `
CREATE TABLE IF NOT EXISTS migrations (
  number     INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  checksum   TEXT NOT NULL,
  program    TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`

export interface Program {
  readonly version: string
  readonly migrations: readonly Migration[]
}

/**
 * Refuses a file that this program must not write: another program's, a newer program's, or one whose past differs from
 * what this program knows. Only reads.
 */
export function checkReadable(db: DatabaseSync, program: Program): void {
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  if (tables === 0) return
  if (idOf(db) !== applicationId) throw refusal('The file in the data directory is a database of another program')

  const known = program.migrations.length
  const applied = db.prepare('SELECT number, name, checksum, program FROM migrations ORDER BY number').all()
  const newest = applied.at(-1)
  if (newest && Number(newest.number) > known) {
    throw refusal(
      `The database was written by a newer Headwater: it has schema ${newest.number} (Headwater ${newest.program}), ` +
        `and this is Headwater ${program.version}, which knows schemas up to ${known}. Start the newer one`,
    )
  }
  for (const { number, name, checksum } of applied) {
    const migration = program.migrations[Number(number) - 1]
    if (!migration || migration.name !== name || checksumOf(migration) !== checksum) {
      throw refusal(
        `Schema ${number} (${name}) of the database is not the one that Headwater ${program.version} knows: ` +
          'run the version that wrote this data directory, or name another one (HEADWATER_DATA)',
      )
    }
  }
}

/** Brings the schema up to date: each migration in one transaction with its line in the ledger, forward only. */
export function migrate(db: DatabaseSync, program: Program, now: number): void {
  checkReadable(db, program)
  // Before the first table: a file with tables and another id is not ours.
  if (idOf(db) !== applicationId) db.exec(`PRAGMA application_id = ${applicationId}`)
  db.exec(ledger)
  const done = Number(db.prepare('SELECT coalesce(max(number), 0) AS n FROM migrations').get()?.n)
  for (const migration of program.migrations.slice(done)) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(migration.sql)
      db.prepare('INSERT INTO migrations VALUES (?, ?, ?, ?, ?)').run(
        migration.number,
        migration.name,
        checksumOf(migration),
        program.version,
        now,
      )
      db.exec(`PRAGMA user_version = ${migration.number}`)
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw refusal(`Schema ${migration.number} (${migration.name}) cannot be applied`, error)
    }
  }
}

const idOf = (db: DatabaseSync) => db.prepare('PRAGMA application_id').get()?.application_id

export const checksumOf = (migration: Migration): string => createHash('sha256').update(migration.sql).digest('hex')
