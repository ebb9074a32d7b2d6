import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HeadwaterError } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import type { SqliteDatabase } from './database.ts'
import { openSqliteEventLog } from './event-log.ts'
import { openSqlite } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const insert = 'INSERT INTO heads (user_id, head) VALUES (?, ?)'
const count = 'SELECT count(*) FROM heads'
const isFull = (error: unknown): boolean => HeadwaterError.is(error) && error.code === 'storage_full'

/** Writes rows of about 2 KB until one is refused; gives how many were acknowledged. */
async function fill(db: SqliteDatabase, from: number): Promise<number> {
  for (let n = from; n < from + 100_000; n++) {
    try {
      await db.write({ sql: insert, rows: [[`${n} `.padEnd(2_000, 'x'), n]] })
    } catch (error) {
      assert(isFull(error), String(error))
      return n
    }
  }
  throw new Error('the disk never was full')
}

test('A database that may not grow answers storage_full to all of a group, and keeps what it acknowledged.', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path, maxPages: 60 }, systemSeams)
  const stored = await fill(db, 0)
  assert(stored > 0)
  const rows = Array.from({ length: 200 }, (_, n) => [`more ${n} `.padEnd(2_000, 'x'), n])
  const group = await Promise.allSettled([
    db.write({ sql: insert, rows: [['small', 1]] }),
    db.write({ sql: insert, rows }),
    db.write({ sql: insert, rows: [['small too', 1]] }),
  ])
  for (const outcome of group) assert(outcome.status === 'rejected' && isFull(outcome.reason))
  assert.deepEqual(db.read.get(count), [stored])
  assert.deepEqual(db.checkIntegrity(), [])
  await db.write({ sql: 'DELETE FROM heads', rows: [[]] })
  await db.write({ sql: insert, rows: [['small', 1]] })
})

test('An append to a full disk is refused, and its offsets are given again.', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path, maxPages: 60 }, systemSeams)
  await using log = await openSqliteEventLog(db, systemSeams, { partitions: 1 })
  await fill(db, 0)
  const values = Array.from({ length: 5_000 }, (_, upTo) => markOf(upTo))
  await assert.rejects(log.append(values), isFull)
  assert.deepEqual(await log.bounds(0), { start: 0, end: 0, committed: 0 })
  await db.write({ sql: 'DELETE FROM heads', rows: [[]] })
  const [outcome] = await log.append([markOf(1)])
  assert(outcome?.stored === true && outcome.seq === 1)
})

const markOf = (upTo: number) => ({ kind: 'mark', user: 'carol', mark: 'read', groupIds: null, upTo }) as const

if (process.getuid?.() === 0 && process.platform === 'linux') {
  test('A disk that is full and then has space again needs no restart and loses nothing.', async () => {
    using folder = temporaryFolder()
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'headwater-test', disk])
    try {
      const data = join(disk, 'data')
      await using db = await openSqlite({ folder: data }, systemSeams)
      const ballast = join(disk, 'ballast')
      writeFileSync(ballast, new Uint8Array(3 * 2 ** 20))
      const stored = await fill(db, 0)
      assert(stored > 0)
      const probeOften = async () => {
        for (let n = 0; n < 50; n++) await db.writer.probe()
      }
      await assert.rejects(probeOften, isFull)
      assert.deepEqual(db.read.get(count), [stored])
      rmSync(ballast)
      await db.write({ sql: insert, rows: [['after', 1]] })
      assert.deepEqual(db.read.get(count), [stored + 1])
      assert.deepEqual(db.checkIntegrity(), [])

      await fill(db, 200_000)
      await db[Symbol.asyncDispose]()
      await assert.rejects(openSqlite({ folder: join(disk, 'other', 'data') }, systemSeams), HeadwaterError.is)
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })

  test('A read-only disk is refused at the start with a reason.', async () => {
    using folder = temporaryFolder()
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'headwater-test', disk])
    try {
      await (await openSqlite({ folder: disk }, systemSeams))[Symbol.asyncDispose]()
      execFileSync('mount', ['-o', 'remount,ro', disk])
      await assert.rejects(openSqlite({ folder: disk }, systemSeams), /not writable/)
      await assert.rejects(openSqlite({ folder: join(disk, 'new') }, systemSeams), /cannot be made/)
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
} else {
  process.stdout.write('# 2 tests of full and read-only disks left out: they need root on Linux\n')
}
