import { deviceStoreSuite } from '../../conformance/device-store.ts'
import { SqliteDeviceStore } from './device-store.ts'
import { runOnSqlite } from './run-on-sqlite.ts'

runOnSqlite(deviceStoreSuite, { open: (db) => new SqliteDeviceStore(db) })
