import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOfThree } from '../../conformance/log-follower.ts'
import { HeadwaterError } from '../../lib/error.ts'
import { type VirtualSeams, virtualSeams } from '../../lib/virtual-seams.ts'
import type { LogRecord, LogValue } from '../../model/log-record.ts'
import { partitionOf } from '../../model/partition-of.ts'
import { openSqliteEventLog, type SqliteEventLog, type SqliteLogSettings } from './event-log.ts'
import { openSqlite } from './open.ts'
import { leaveSchemaOne } from './testing/older-database.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const markOf = (upTo: number): LogValue => ({ kind: 'mark', user: 'carol', mark: 'read', groupIds: null, upTo })
const marks = (from: number, count: number): LogValue[] => Array.from({ length: count }, (_, i) => markOf(from + i))
const upTos = (records: readonly LogRecord[]) => records.map(({ value }) => (value.kind === 'mark' ? value.upTo : -1))

async function withLog(
  settings: SqliteLogSettings,
  run: (log: SqliteEventLog, seams: VirtualSeams, db: Awaited<ReturnType<typeof openSqlite>>) => Promise<void>,
  path = '',
): Promise<void> {
  using folder = temporaryFolder()
  const seams = virtualSeams()
  await using db = await openSqlite({ folder: path || folder.path }, seams)
  await using log = await openSqliteEventLog(db, seams, settings)
  await run(log, seams, db)
}

test('A log keeps its name and its number of partitions; another number is refused by both.', async () => {
  using folder = temporaryFolder()
  let name = ''
  await withLog(
    { partitions: 3 },
    async (log) => {
      name = log.info.epochName
    },
    folder.path,
  )
  await withLog({ partitions: 3 }, async (log) => assert.equal(log.info.epochName, name), folder.path)
  const other = withLog({ partitions: 8 }, async () => {}, folder.path)
  await assert.rejects(other, (error) => HeadwaterError.is(error) && /has 3 partitions.*asks for 8/.test(error.detail))
  await withLog({}, async (log) => assert.equal(log.info.partitions, 3), folder.path)
  await withLog({ partitions: 3 }, async (log) => assert.equal(log.info.epochName, name), folder.path)
})

test('A new log has four partitions where nobody says how many.', async () => {
  await withLog({}, async (log) => assert.equal(log.info.partitions, 4))
})

test('Two logs of two folders have different names.', async () => {
  const names: string[] = []
  const first = virtualSeams({ seed: 1 })
  for (const seams of [first, virtualSeams({ seed: 2 })]) {
    using folder = temporaryFolder()
    await using db = await openSqlite({ folder: folder.path }, seams)
    await using log = await openSqliteEventLog(db, seams)
    names.push(log.info.epochName)
  }
  assert.notEqual(names[0], names[1])
})

test('Users stay in their partitions in all versions.', () => {
  const users = ['carol', 'alice', 'user:1', 'a', '0199f1b2-7c00-7abc-8def-0123456789ab']
  const places = users.map((user) => partitionOf(user, 512))
  assert.deepEqual(places, [274, 487, 203, 300, 241])
})

test('Offsets are dense from 0, and times do not fall when the clock goes back.', async () => {
  await withLog({ partitions: 1 }, async (log, { time }) => {
    const stored = []
    for (const jump of [0, 5_000, -60_000, 10]) {
      time.jump(jump)
      stored.push(...(await log.append(marks(0, 2))))
    }
    assert.deepEqual(
      stored.map((outcome) => outcome.stored === true && outcome.seq),
      [1, 2, 3, 4, 5, 6, 7, 8],
    )
    const { records } = await log.read(0, 0, 100)
    const times = records.map(({ appendedAt }) => appendedAt)
    assert.deepEqual(times, times.toSorted())
    assert.equal(times.at(-1), (times[0] ?? 0) + 5_000)
  })
})

test('Appends are refused while too much is not worked off, and taken again after a commit.', async () => {
  await withLog({ partitions: 1, maxLag: 10 }, async (log) => {
    await log.append(marks(0, 11))
    const refused = (error: unknown) =>
      HeadwaterError.is(error) && error.code === 'overloaded' && error.retryAfterS === 1
    await assert.rejects(log.append([markOf(11)]), refused)
    const deletion = { kind: 'group_deleted', user: 'carol', groupId: 'g' } as const
    await assert.rejects(log.append([deletion, markOf(11)]), refused)
    const [deleted] = await log.append([deletion])
    assert.equal(deleted?.stored, true, 'the worker itself may have to delete')
    const worker = await log.join()
    await worker.poll(100, 0)
    await worker.commit(new Map([[0, 2]]))
    await log.append([markOf(11)])
    await assert.rejects(log.append([markOf(12)]), refused)
    assert.equal((await log.bounds(0)).end, 13)
  })
})

test('A worker that is far behind, then near the end, is given every record once and in order.', async () => {
  await withLog({ partitions: 1 }, async (log) => {
    const worker = await log.join()
    const given: number[] = []
    const drain = async (max: number) => {
      for (;;) {
        const { records, assigned } = await worker.poll(max, 0)
        given.push(...upTos(records))
        if (records.length + assigned.length === 0) return
      }
    }
    await log.append(marks(0, 50))
    await drain(7)
    // In memory, then more than memory keeps, then again at the end.
    for (const [from, count] of [
      [50, 1_000],
      [1_050, 20_000],
      [21_050, 300],
    ] as const)
      await log.append(marks(from, count))
    await worker.poll(1, 0).then(({ records }) => given.push(...upTos(records)))
    await log.append(marks(21_350, 10))
    await drain(5_000)
    await log.append(marks(21_360, 10))
    await drain(3)
    assert.deepEqual(
      given,
      Array.from({ length: 21_370 }, (_, i) => i),
    )
  })
})

test('A value that cannot be written leaves no hole, and what others appended meanwhile is stored.', async () => {
  await withLog({ partitions: 1 }, async (log) => {
    const unreadable: LogValue = { kind: 'unreadable', user: 'carol', reason: 'test' }
    const outcomes = await Promise.allSettled([
      log.append([markOf(0)]),
      log.append([unreadable]),
      log.append([markOf(1)]),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const { records } = await log.read(0, 0, 10)
    assert.deepEqual(upTos(records), [0, 1])
    assert.deepEqual(
      records.map(({ offset }) => offset),
      [0, 1],
    )
  })
})

test('A record whose bytes were damaged is given as unreadable, and those around it as they are.', async () => {
  await withLog({ partitions: 1 }, async (log, _seams, db) => {
    for (const first of [0, 1, 2]) await log.append([markOf(first)])
    await log.append(marks(3, 3))
    await db.write({ sql: 'UPDATE log SET value = ? WHERE position = 1', rows: [[new Uint8Array([1, 2, 3])]] })
    const [whole] = db.read.get('SELECT value FROM log WHERE position = 3') as [Uint8Array]
    whole.fill(255, whole.length / 3, (2 * whole.length) / 3)
    await db.write({ sql: 'UPDATE log SET value = ? WHERE position = 3', rows: [[whole]] })
    const { records } = await log.read(0, 0, 10)
    assert.deepEqual(
      records.map(({ value }) => value.kind),
      ['mark', 'unreadable', 'mark', 'mark', 'unreadable', 'mark'],
    )
  })
})

test('Records that were appended together are read from any of them, in pieces of any size, across rows and holes.', async () => {
  await withLog({ partitions: 1 }, async (log, _seams, db) => {
    for (const [from, count] of [
      [0, 1],
      [1, 10],
      [11, 600],
      [611, 2],
      [613, 50],
    ] as const)
      await log.append(marks(from, count))
    assert.equal(db.read.get('SELECT count(*) FROM log')?.[0], 7)
    for (const from of [0, 1, 5, 11, 300, 610, 611, 640]) {
      for (const limit of [1, 7, 1_000]) {
        const { records, next } = await log.read(0, from, limit)
        const expected = Array.from({ length: Math.min(limit, 663 - from) }, (_, i) => from + i)
        assert.deepEqual(upTos(records), expected)
        assert.deepEqual(
          records.map(({ offset }) => offset),
          expected,
        )
        assert.equal(next, from + expected.length)
      }
    }
    await db.write({ sql: 'DELETE FROM log WHERE position = 611', rows: [[]] })
    assert.deepEqual(upTos((await log.read(0, 609, 3)).records), [609, 610, 613])
    assert.deepEqual(upTos((await log.read(0, 612, 2)).records), [613, 614])
  })
})

test('Of records that were appended together all stay until the last one may go.', async () => {
  await withLog({ partitions: 1 }, async (log, { time }, db) => {
    await log.append(marks(0, 10))
    await log.append(marks(10, 600))
    const worker = await log.join()
    await worker.poll(1_000, 0)
    const trimmedTo = async (committed: number) => {
      await worker.commit(new Map([[0, committed]]))
      time.jump(1_000)
      await log.trim(time.now() - 10)
      const { records } = await log.read(0, 0, 1_000)
      assert.deepEqual(
        upTos(records),
        Array.from({ length: 610 - committed }, (_, i) => committed + i),
      )
      return db.read.get('SELECT min(position) FROM log')?.[0]
    }
    assert.equal(await trimmedTo(9), 0)
    assert.equal(await trimmedTo(10), 10)
    assert.equal(await trimmedTo(265), 10)
    assert.equal(await trimmedTo(300), 266)
    assert.equal(await trimmedTo(610), null)
  })
})

test('What an older version appended is read, and goes on behind.', async () => {
  using folder = temporaryFolder()
  leaveSchemaOne(folder.path, marks(0, 3))
  await withLog(
    { partitions: 1 },
    async (log) => {
      await log.append(marks(3, 4))
      assert.deepEqual(upTos((await log.read(0, 1, 10)).records), [1, 2, 3, 4, 5, 6])
      const worker = await log.join()
      assert.deepEqual(upTos((await worker.poll(10, 0)).records), [0, 1, 2, 3, 4, 5, 6])
    },
    folder.path,
  )
})

test('A log whose committed records are missing goes on in a higher epoch.', async () => {
  using folder = temporaryFolder()
  let lastSeq = 0
  await withLog(
    { partitions: 1 },
    async (log, _seams, db) => {
      const stored = await log.append(marks(0, 5))
      lastSeq = Math.max(...stored.map((outcome) => (outcome.stored === true ? outcome.seq : 0)))
      const worker = await log.join()
      await worker.poll(10, 0)
      await worker.commit(new Map([[0, 5]]))
      await db.write({ sql: 'DELETE FROM log', rows: [[]] })
    },
    folder.path,
  )
  await withLog(
    { partitions: 1 },
    async (log) => {
      assert.equal(log.info.epoch, 1)
      const [outcome] = await log.append([markOf(6)])
      assert(outcome?.stored === true && outcome.seq > lastSeq)
      assert.deepEqual(upTos((await log.read(0, 0, 10)).records), [6])
    },
    folder.path,
  )
})

test('A commit is on the disk after a moment, and at once when something else is written.', async () => {
  await withLog({ partitions: 1 }, async (log, seams, db) => {
    const saved = () => db.read.get('SELECT committed FROM log_partitions WHERE partition = 0')?.[0]
    const worker = await log.join()
    await log.append(marks(0, 4))
    await worker.poll(10, 0)
    await worker.commit(new Map([[0, 2]]))
    assert.equal(saved(), undefined)
    await log.append(marks(4, 1))
    assert.equal(saved(), 2)
    await worker.commit(new Map([[0, 3]]))
    seams.time.advance(1_000)
    await db.write({ sql: 'SELECT 1', rows: [[]], returns: 'rows' })
    assert.equal(saved(), 3)
  })
})

test('What was dealt to a worker that had not asked yet goes on to the next one without a wait.', async () => {
  await withLog({ partitions: 3 }, async (log) => assert.deepEqual(await sharesOfThree(log), [1, 1, 1]))
})
