import { objectIndexSuite } from '../../conformance/object-index.ts'
import { SqliteObjectIndex } from './object-index.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(objectIndexSuite, { open: (db) => new SqliteObjectIndex(db) })
