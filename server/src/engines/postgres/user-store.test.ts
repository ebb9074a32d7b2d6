import { userStoreSuite } from '../../conformance/user-store.ts'
import { runOnPostgres } from './run-on-postgres.ts'
import { PostgresUserStore } from './user-store.ts'

runOnPostgres(userStoreSuite, (db) => new PostgresUserStore(db))
