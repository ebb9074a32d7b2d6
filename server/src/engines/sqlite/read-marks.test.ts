import { readMarksSuite } from '../../conformance/read-marks.ts'
import { SqliteReadMarks } from './read-marks.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(readMarksSuite, { open: (db) => new SqliteReadMarks(db) })
