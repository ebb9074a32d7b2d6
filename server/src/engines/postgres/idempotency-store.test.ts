import { idempotencyStoreSuite } from '../../conformance/idempotency-store.ts'
import { PostgresIdempotencyStore } from './idempotency-store.ts'
import { runOnPostgres } from './run-on-postgres.ts'

runOnPostgres(idempotencyStoreSuite, (db) => new PostgresIdempotencyStore(db))
