import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { HeadwaterError } from '../../lib/error.ts'
import { checkReadable, type Program } from './migrate.ts'
import { isDamage, isHalfDone, refusal } from './sqlite-errors.ts'
import { commitsBehindEnd } from './wal-damage.ts'

/** Reading a file of this size as a whole costs less than opening it; `checkIntegrity` reads larger ones. */
const wholeCheckBytes = 4 * 2 ** 20
/**
 * One commit may have been cut off. The remains of others can stand behind it only where syncing failed several times
 * before, and each time with less to write.
 */
const unreadableCommitsMax = 2
const noDatabase = 'its write-ahead log is there and the database itself is not'

/**
 * Looks at a database that is there before anything may write to it: a damaged one, another program's or a newer
 * program's is left as it is. The connection is read-only, so that closing it copies nothing out of the write-ahead log.
 */
export function inspect(path: string, program: Program): void {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size
  if (bytes === undefined || bytes === 0) {
    // SQLite would delete what is left of the write-ahead log: it takes the database for a new one.
    if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size) throw refusal(`${damaged} (${noDatabase})`)
    return
  }
  try {
    try {
      look(path, bytes, program)
    } catch (error) {
      if (!isHalfDone(error)) throw error
      rollBack(path)
      look(path, bytes, program)
    }
  } catch (error) {
    if (HeadwaterError.is(error)) throw error
    if (isDamage(error)) throw refusal(damaged, error)
    throw refusal('The database cannot be read', error)
  }
}

function look(path: string, bytes: number, program: Program): void {
  using db = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
  checkReadable(db, program)
  const unreadable = commitsBehindEnd(path, Number(db.prepare('PRAGMA page_size').get()?.page_size))
  if (unreadable > unreadableCommitsMax) {
    throw refusal(`${damaged} (its write-ahead log: ${unreadable} commits cannot be read)`)
  }
  if (bytes > wholeCheckBytes) return
  const problems = problemsOf(db, 1)
  if (problems.length > 0) throw refusal(`${damaged} (${problems[0]})`)
}

/** A process that died in its very first writes, before there was a write-ahead log, left a journal to roll them back with. */
function rollBack(path: string): void {
  using db = new DatabaseSync(path, { timeout: 2_000 })
  db.prepare('SELECT count(*) FROM sqlite_schema').get()
}

export const damaged = 'The database is damaged. It was left as it is: restore a backup, or move it away to start anew'

/** What is wrong with the file, at most `limit` findings; reads all of it. */
export function problemsOf(db: DatabaseSync, limit: number): string[] {
  const found = db.prepare(`PRAGMA integrity_check(${Math.trunc(limit)})`).all()
  const lines = found.map((row) => String(row.integrity_check).replaceAll('\n', ' '))
  return lines.filter((line) => line !== 'ok')
}
