import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import type { Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'
import { openSqlite, type SqliteSettings } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { Writer } from './writer.ts'

const insert = (user: string, ...heads: number[]): Step => ({
  sql: 'INSERT INTO heads (user_id, head) VALUES (?, ?)',
  rows: heads.map((head) => [`${user}${head}`, head]),
})
const heads = 'SELECT user_id FROM heads ORDER BY user_id'

type Settings = Omit<SqliteSettings, 'folder'>

function withDatabase(name: string, settings: Settings, run: (db: SqliteDatabase) => Promise<void>): void {
  test(name, async () => {
    using folder = temporaryFolder()
    await using db = await openSqlite({ folder: folder.path, ...settings }, systemSeams)
    await run(db)
  })
}

withDatabase('A command that is refused takes nothing with it, neither before nor behind it.', {}, async (db) => {
  await db.write(insert('a', 1))
  const outcomes = await Promise.allSettled([
    db.write(insert('b', 1)),
    db.write(insert('c', 1, 2), insert('a', 1)),
    db.write({ sql: 'SELECT nothing FROM nowhere', rows: [[]] }),
    db.write({ sql: heads, rows: [[]], returns: 'rows' }, insert('d', 1)),
  ])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  const [, refused, , last] = outcomes
  assert(refused?.status === 'rejected' && HeadwaterError.is(refused.reason) && refused.reason.code === 'internal')
  assert(last?.status === 'fulfilled')
  assert.deepEqual(last.value[0]?.rows, [['a1'], ['b1']])
  assert.deepEqual(db.read.all(heads), [['a1'], ['b1'], ['d1']])
})

withDatabase('Commands run in the order in which they were issued.', {}, async (db) => {
  const order: number[] = []
  const raise = (head: number) =>
    db
      .write({
        sql: 'INSERT INTO heads VALUES (?, ?) ON CONFLICT DO UPDATE SET head = excluded.head',
        rows: [['a', head]],
      })
      .then(() => order.push(head))
  await Promise.all(Array.from({ length: 500 }, (_, head) => raise(head)))
  assert.deepEqual(
    order,
    Array.from({ length: 500 }, (_, head) => head),
  )
  assert.deepEqual(db.read.all('SELECT head FROM heads'), [[499]])
})

withDatabase(
  'A full queue says so at once, stores what it took, and takes more when it is empty.',
  { maxQueuedCommands: 3 },
  async (db) => {
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((head) => db.write(insert('a', head))))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(refused.length, 2)
    for (const error of refused)
      assert(HeadwaterError.is(error) && error.code === 'overloaded' && error.retryAfterS === 1)
    await db.write(insert('b', 1))
    assert.deepEqual(db.read.all(heads), [['a1'], ['a2'], ['a3'], ['b1']])
    assert.deepEqual([db.stats().queuedCommands, db.stats().queuedBytes], [0, 0])
  },
)

withDatabase(
  'The queue is bounded in bytes too, and a single command that is larger is taken.',
  { maxQueuedBytes: 10_000 },
  async (db) => {
    const large = (id: string): Step => ({ sql: 'INSERT INTO heads VALUES (?, 1)', rows: [[id.repeat(9_000)]] })
    const outcomes = await Promise.allSettled([db.write(large('aa')), db.write(large('b'))])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    await db.write(large('b'))
  },
)

withDatabase('A command that cannot be posted is refused and holds up nobody.', {}, async (db) => {
  const bad = { sql: 'INSERT INTO heads VALUES (?, 1)', rows: [[() => {}]] } as unknown as Step
  await assert.rejects(db.write(bad), (error) => HeadwaterError.is(error) && error.code === 'internal')
  await db.write(insert('a', 1))
  assert.equal(db.stats().queuedCommands, 0)
})

withDatabase('A probe reaches the disk.', {}, async (db) => {
  for (let n = 0; n < 3; n++) {
    const before = db.stats().walBytes
    await db.writer.probe()
    assert(db.stats().walBytes > before)
  }
})

test('Closing stores what was issued before; after it nothing is taken.', async () => {
  using folder = temporaryFolder()
  const db = await openSqlite({ folder: folder.path }, systemSeams)
  const write = db.write(insert('a', 1))
  await db[Symbol.asyncDispose]()
  await write
  await assert.rejects(
    db.write(insert('a', 2)),
    (error) => HeadwaterError.is(error) && error.code === 'store_unavailable',
  )
  assert.throws(() => db.read.all(heads), HeadwaterError.is)
  await using again = await openSqlite({ folder: folder.path }, systemSeams)
  assert.deepEqual(again.read.all(heads), [['a1']])
})

test('When the writing thread dies, writes on their way are unknown and later ones are refused.', async () => {
  using folder = temporaryFolder()
  await (await openSqlite({ folder: folder.path }, systemSeams))[Symbol.asyncDispose]()
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url))
  await using writer = new Writer(systemSeams, { maxCommands: 10, maxBytes: 1e6 }, thread)
  await writer.open({
    path: `${folder.path}/headwater.db`,
    programVersion: '0',
    now: 0,
    cacheKib: 1_000,
    maxPages: null,
  })
  const onTheWay = writer.run([{ sql: endless, rows: [[]] }])
  // Two turns of the microtask queue: the first write is posted, the second is not.
  await Promise.resolve()
  await Promise.resolve()
  const ended = thread.terminate()
  const [outcome] = await Promise.allSettled([onTheWay])
  assert(outcome?.status === 'rejected' && UnknownOutcome.is(outcome.reason))
  await ended
  await assert.rejects(
    writer.run([insert('a', 1)]),
    (error) => HeadwaterError.is(error) && error.code === 'store_unavailable',
  )
  assert.deepEqual([writer.queuedCommands, writer.queuedBytes], [0, 0])
})

/** Long enough to be ended before it is done. */
const endless = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000000) SELECT max(i) FROM n`

test('After some seconds without a write the write-ahead log is cut to nothing.', async () => {
  using folder = temporaryFolder()
  const seams = virtualSeams()
  await using db = await openSqlite({ folder: folder.path }, seams)
  await db.write(insert('a', 1))
  assert(db.stats().walBytes > 0)
  seams.time.advance(20_000)
  // Behind the order to cut, so it was carried out when this is answered; it writes nothing.
  await db.write({ sql: heads, rows: [[]], returns: 'rows' })
  assert.equal(db.stats().walBytes, 0)
})
