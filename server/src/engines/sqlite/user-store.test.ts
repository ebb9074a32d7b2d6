import { userStoreSuite } from '../../conformance/user-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'
import { SqliteUserStore } from './user-store.ts'

runOnSqlite(userStoreSuite, { open: (db) => new SqliteUserStore(db) })
