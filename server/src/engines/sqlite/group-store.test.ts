import { groupStoreSuite } from '../../conformance/group-store.ts'
import { SqliteGroupStore } from './group-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(groupStoreSuite, { open: (db) => new SqliteGroupStore(db) })
