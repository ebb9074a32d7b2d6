import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parkedRecordsSuite } from '../../conformance/parked-records.ts'
import { sampleValue } from '../../conformance/samples.ts'
import type { Seams } from '../../lib/seams.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import type { SqliteDatabase } from './database.ts'
import { openSqliteEventLog } from './event-log.ts'
import { openSqlite } from './open.ts'
import { SqliteParkedRecords } from './parked-records.ts'
import { runOnSqlite } from './run-on-sqlite.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

runOnSqlite(parkedRecordsSuite, { open: openLogWithParked })

test('parked records are kept for as long as the log keeps its records', async () => {
  using folder = temporaryFolder()
  const seams = virtualSeams()
  await using db = await openSqlite({ folder: folder.path }, seams)
  await using stand = await openLogWithParked(db, seams)
  const { log, parked } = stand
  const parkNow = async () => {
    const partition = log.partitionOf('carol')
    const { end } = await log.bounds(partition)
    const [outcome] = await log.append([sampleValue('carol', 0)])
    assert.ok(outcome?.stored === true)
    await parked.park({ partition, offset: end }, 'no reason')
    return outcome.appendedAt
  }
  const first = await parkNow()
  seams.time.advance(1_000)
  const second = await parkNow()
  await log.trim(first)
  assert.equal((await parked.list()).length, 2)
  await log.trim(second)
  assert.deepEqual(
    (await parked.list()).map(({ appendedAt }) => appendedAt),
    [second],
  )
})

async function openLogWithParked(db: SqliteDatabase, seams: Seams) {
  const log = await openSqliteEventLog(db, seams)
  const parked = new SqliteParkedRecords(db, log.info, seams.clock)
  return { log, parked, [Symbol.asyncDispose]: () => log[Symbol.asyncDispose]() }
}
