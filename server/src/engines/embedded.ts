import type { Config } from '../config/secrets.ts'
import type { Seams } from '../lib/seams.ts'
import type { UserId } from '../model/ids.ts'
import type { Ports } from '../ports/ports.ts'
import { openMemoryCaches } from './memory/open.ts'
import { createMemoryStorage } from './memory/storage.ts'
import type { SqliteDatabase } from './sqlite/database.ts'
import { SqliteDeviceStore } from './sqlite/device-store.ts'
import { openSqliteEventLog, type SqliteLogSettings } from './sqlite/event-log.ts'
import { SqliteGroupStore } from './sqlite/group-store.ts'
import { SqliteIdempotencyStore } from './sqlite/idempotency-store.ts'
import { SqliteMemberStore } from './sqlite/member-store.ts'
import { SqliteObjectIndex } from './sqlite/object-index.ts'
import { openSqlite } from './sqlite/open.ts'
import { SqliteParkedRecords } from './sqlite/parked-records.ts'
import { SqliteReadMarks } from './sqlite/read-marks.ts'
import { SqliteRevocationStore } from './sqlite/revocation-store.ts'
import { SqliteTraceStore } from './sqlite/trace-store.ts'
import { SqliteUserStore } from './sqlite/user-store.ts'
import { SqliteViewWriter } from './sqlite/view-writer.ts'

/** What an embedded server stands on: the truth in SQLite, hints and caches in memory. */
export interface EmbeddedEngines extends AsyncDisposable {
  readonly ports: Ports
  readonly database: SqliteDatabase
  /** Everyone who has a stream. */
  users(): AsyncIterable<UserId>
  /** What is wrong, by part; empty when all is well. */
  checkEngines(): Promise<Readonly<Record<string, string>>>
}

export interface EmbeddedSettings {
  readonly data: Pick<Config['data'], 'dir'>
  /** Without a number of partitions it is that of the data. */
  readonly log: Pick<Config['log'], 'partitions' | 'maxLag'> & Pick<SqliteLogSettings, 'patienceMs'>
}

export async function openEmbedded({ data, log }: EmbeddedSettings, seams: Seams): Promise<EmbeddedEngines> {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openSqlite({ folder: data.dir }, seams))
  const eventLog = opened.use(
    await openSqliteEventLog(database, seams, {
      ...(log.partitions !== undefined && { partitions: log.partitions }),
      maxLag: log.maxLag,
      ...(log.patienceMs !== undefined && { patienceMs: log.patienceMs }),
    }),
  )
  const members = new SqliteMemberStore(database)
  const ports: Ports = {
    log: eventLog,
    parked: new SqliteParkedRecords(database, eventLog.info, seams.clock),
    groups: new SqliteGroupStore(database),
    members,
    objects: new SqliteObjectIndex(database),
    marks: new SqliteReadMarks(database),
    users: new SqliteUserStore(database),
    revocations: new SqliteRevocationStore(database),
    devices: new SqliteDeviceStore(database),
    idempotency: new SqliteIdempotencyStore(database),
    traces: new SqliteTraceStore(database),
    views: new SqliteViewWriter(database, members),
    soleWriter: true,
    ...openMemoryCaches(createMemoryStorage(), seams.clock),
  }
  const parts = opened.move()
  return {
    ports,
    database,
    users: () => usersOf(database),
    checkEngines: async () => checkDatabase(database),
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

const nextUsers = 'SELECT user_id FROM heads WHERE user_id > ? ORDER BY user_id LIMIT 500'

async function* usersOf(database: SqliteDatabase): AsyncGenerator<UserId> {
  for (let after = ''; ; ) {
    const page = database.read.all(nextUsers, after).map(([user]) => user as UserId)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last
  }
}

async function checkDatabase(database: SqliteDatabase): Promise<Readonly<Record<string, string>>> {
  try {
    database.read.all(nextUsers, '')
    await database.writer.probe()
    return {}
  } catch {
    return { store: 'the database cannot be written or read' }
  }
}
