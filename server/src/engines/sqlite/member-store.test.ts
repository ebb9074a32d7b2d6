import { memberStoreSuite } from '../../conformance/member-store.ts'
import { SqliteMemberStore } from './member-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(memberStoreSuite, { open: (db) => new SqliteMemberStore(db) })
