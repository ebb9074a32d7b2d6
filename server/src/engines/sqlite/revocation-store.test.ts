import { revocationStoreSuite } from '../../conformance/revocation-store.ts'
import { SqliteRevocationStore } from './revocation-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(revocationStoreSuite, { open: (db) => new SqliteRevocationStore(db) })
