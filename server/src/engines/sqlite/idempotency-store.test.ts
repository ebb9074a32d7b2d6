import { idempotencyStoreSuite } from '../../conformance/idempotency-store.ts'
import { SqliteIdempotencyStore } from './idempotency-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(idempotencyStoreSuite, { open: (db) => new SqliteIdempotencyStore(db) })
