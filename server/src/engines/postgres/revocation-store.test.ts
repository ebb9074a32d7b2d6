import { revocationStoreSuite } from '../../conformance/revocation-store.ts'
import { PostgresRevocationStore } from './revocation-store.ts'
import { runOnPostgres } from './run-on-postgres.ts'

runOnPostgres(revocationStoreSuite, (db) => new PostgresRevocationStore(db))
