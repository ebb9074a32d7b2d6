import { traceStoreSuite } from '../../conformance/trace-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'
import { SqliteTraceStore } from './trace-store.ts'

runOnSqlite(traceStoreSuite, { open: (db) => new SqliteTraceStore(db) })
