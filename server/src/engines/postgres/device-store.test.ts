import { deviceStoreSuite } from '../../conformance/device-store.ts'
import { PostgresDeviceStore } from './device-store.ts'
import { runOnPostgres } from './run-on-postgres.ts'

runOnPostgres(deviceStoreSuite, (db) => new PostgresDeviceStore(db))
