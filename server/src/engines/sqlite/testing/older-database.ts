import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { encodeLogValue } from '../../../model/log-codec.ts'
import { type LogValue, userOf } from '../../../model/log-record.ts'
import { migrate } from '../migrate.ts'
import { migrations } from '../migrations/all.ts'
import { databaseFile } from '../open.ts'

/** What a version that knew schema 1 alone left in a folder: a log of one partition with these records. */
export function leaveSchemaOne(folder: string, values: readonly LogValue[]): void {
  using old = new DatabaseSync(join(folder, databaseFile))
  old.exec('PRAGMA journal_mode = WAL')
  migrate(old, { version: '0.0.1', migrations: migrations.slice(0, 1) }, 0)
  old.exec("INSERT INTO log_info VALUES (1, 'abc', 0, 1)")
  const insert = old.prepare('INSERT INTO log (position, user_id, appended_at, value) VALUES (?, ?, ?, ?)')
  for (const [offset, value] of values.entries()) insert.run(offset, userOf(value), 7, encodeLogValue(value))
}
