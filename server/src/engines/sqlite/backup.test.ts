import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { HeadwaterError } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { decodeLogValue } from '../../model/log-codec.ts'
import { epochOf } from '../../model/position.ts'
import { backUpSqlite } from './backup.ts'
import { readBackup } from './backup-file.ts'
import { openSqliteEventLog } from './event-log.ts'
import { unpackRecords } from './log-rows.ts'
import { databaseFile, openSqlite, unfinishedRestore } from './open.ts'
import { SqliteRestore } from './restore.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const quiet = (): void => {}
const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const mark = (upTo: number) => ({ kind: 'mark', user: 'carol', mark: 'read', groupIds: null, upTo }) as const

/** A data directory whose log holds some records. */
async function fill(folder: string, records: number): Promise<void> {
  await using db = await openSqlite({ folder }, systemSeams)
  await using log = await openSqliteEventLog(db, systemSeams)
  for (let n = 0; n < records; n++) await log.append([mark(n)])
}

async function filled(): Promise<Disposable & { readonly path: string; readonly data: string; readonly file: string }> {
  const folder = temporaryFolder()
  const data = join(folder.path, 'data')
  await fill(data, 20)
  return {
    path: folder.path,
    data,
    file: join(folder.path, 'one.backup'),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

const backUp = (folder: string, target: string) => backUpSqlite({ folder, target, now }, quiet)

const marksIn = (file: string): number[] => {
  using copy = new DatabaseSync(file, { readOnly: true })
  return copy
    .prepare('SELECT user_id, value, batch FROM log')
    .all()
    .flatMap((row) => unpackRecords(row.user_id as string, row.value as Uint8Array, row.batch as string | null))
    .map(({ user, value }) => decodeLogValue(value, user))
    .map((value) => (value.kind === 'mark' ? value.upTo : Number.NaN))
}

const refusedWith = (detail: RegExp) => (error: unknown) => {
  assert(HeadwaterError.is(error), String(error))
  assert.match(error.detail, detail)
  return true
}

async function assertRefused(file: string, detail: RegExp): Promise<void> {
  using folder = temporaryFolder()
  const data = join(folder.path, 'restored')
  await assert.rejects(SqliteRestore.begin(file, data, quiet), refusedWith(detail))
  assert.deepEqual(readdirSync(folder.path), [], 'nothing is left of it')
}

describe('a backup', () => {
  test('has what was acknowledged before it began, while another process goes on writing', async () => {
    using folder = temporaryFolder()
    const data = join(folder.path, 'data')
    const writer = startWriter(data)
    try {
      for (let n = 1; n <= 5; n++) {
        const atLeast = 40 * n
        await writer.until((acknowledged) => acknowledged.size >= atLeast)
        const before = new Set(writer.acknowledged)
        const file = join(folder.path, `${n}.backup`)
        const { info } = await backUp(data, file)
        const found = new Set(marksIn(file))
        assert.deepEqual(
          [...before].filter((each) => !found.has(each)),
          [],
        )
        assert.deepEqual(await readBackup(file, quiet), info)
        assert.equal(
          info.partitions.reduce((sum, { start, end }) => sum + end - start, 0),
          found.size,
        )
      }
    } finally {
      await writer.kill()
    }
  })

  test('of a stopped server that was killed has what is only in its write-ahead log', async () => {
    using folder = temporaryFolder()
    const data = join(folder.path, 'data')
    const writer = startWriter(data)
    await writer.until((acknowledged) => acknowledged.size >= 30)
    await writer.kill()
    assert(statSync(join(data, `${databaseFile}-wal`)).size > 0)
    const file = join(folder.path, 'one.backup')
    await backUp(data, file)
    const found = new Set(marksIn(file))
    assert.deepEqual(
      [...writer.acknowledged].filter((each) => !found.has(each)),
      [],
    )
  })

  test('of a stopped server whose write-ahead log cannot be read to its end is refused', async () => {
    using folder = temporaryFolder()
    const data = join(folder.path, 'data')
    const writer = startWriter(data)
    await writer.until((acknowledged) => acknowledged.size >= 30)
    await writer.kill()
    const log = join(data, `${databaseFile}-wal`)
    const content = readFileSync(log)
    content.fill(0x5a, 20_000, 20_100)
    writeFileSync(log, content)
    await assert.rejects(backUp(data, join(folder.path, 'one.backup')), refusedWith(/damaged.*write-ahead log/))
  })

  test('is one file for its owner alone, with nothing beside it, and says what it is', async () => {
    using at = await filled()
    const { path, bytes, checksum, info } = await backUp(at.data, at.file)
    assert.deepEqual(readdirSync(at.path).sort(), ['data', 'one.backup'])
    assert.equal(path, at.file)
    assert.equal(statSync(at.file).size, bytes)
    if (process.platform !== 'win32') assert.equal(statSync(at.file).mode & 0o777, 0o600)
    const content = readFileSync(at.file)
    const [said, summed] = content.toString('latin1').trimEnd().split('\n').slice(-2)
    assert.deepEqual(JSON.parse(said ?? ''), info)
    assert.equal(summed, checksum)
    assert.equal(createHash('sha256').update(content.subarray(0, -65)).digest('hex'), checksum)
    assert.deepEqual([info.format, info.epoch, info.created_at], [1, 0, '2026-01-02T03:04:05.000Z'])
    assert.equal(info.partitions.length, 4)
    assert.equal(Math.max(...info.partitions.map(({ end }) => end)), 20)
    assert.equal(info.database_bytes % 8_192, 0)
  })

  test('in a folder is named after its time, and replaces nothing', async () => {
    using at = await filled()
    const { path } = await backUp(at.data, at.path)
    assert.equal(path, join(at.path, 'headwater-20260102T030405Z.backup'))
    const before = readFileSync(path)
    await assert.rejects(backUp(at.data, at.path), refusedWith(/replaces nothing/))
    await assert.rejects(backUp(at.data, path), refusedWith(/replaces nothing/))
    assert(before.equals(readFileSync(path)))
  })

  test('whose name is taken while it is made leaves that file as it is', async () => {
    using at = await filled()
    const late = backUpSqlite({ folder: at.data, target: at.file, now }, (_done, _total, what) => {
      if (what === 'sealed') writeFileSync(at.file, 'somebody else')
    })
    await assert.rejects(late, refusedWith(/replaces nothing/))
    assert.equal(readFileSync(at.file, 'utf8'), 'somebody else')
    assert.deepEqual(readdirSync(at.path).sort(), ['data', 'one.backup'])
  })

  test('that fails or is called off leaves nothing behind', async () => {
    using at = await filled()
    await assert.rejects(
      backUp(at.data, join(at.path, 'no', 'such')),
      refusedWith(/folder for the backup does not exist/),
    )
    await assert.rejects(backUp(at.path, at.file), refusedWith(/no database/))
    for (const step of ['copied', 'checked'] as const) {
      const stop = new AbortController()
      const stopped = backUpSqlite({ folder: at.data, target: at.file, now, signal: stop.signal }, (_d, _t, what) => {
        if (what === step) stop.abort()
      })
      await assert.rejects(stopped, refusedWith(/called off/))
    }
    assert.deepEqual(readdirSync(at.path), ['data'])
  })

  test('of a damaged database is refused', async () => {
    using at = await filled()
    const path = join(at.data, databaseFile)
    const content = readFileSync(path)
    content.fill(0x5a, 5 * 8_192, 8 * 8_192)
    writeFileSync(path, content)
    await assert.rejects(backUp(at.data, at.file), refusedWith(/damaged/))
    assert.deepEqual(readdirSync(at.path), ['data'])
  })
})

describe('a restore', () => {
  test('refuses a backup of which any part is missing or was changed', async () => {
    using at = await filled()
    await backUp(at.data, at.file)
    const whole = readFileSync(at.file)
    const broken = join(at.path, 'broken.backup')
    const damage = fc.oneof(
      fc.record({ keep: fc.nat(whole.length - 1) }),
      fc.record({ keep: fc.integer({ min: whole.length - 600, max: whole.length - 1 }) }),
      fc.record({ flip: fc.nat(whole.length * 8 - 1) }),
      fc.record({ flip: fc.integer({ min: (whole.length - 600) * 8, max: whole.length * 8 - 1 }) }),
      fc.record({ add: fc.uint8Array({ minLength: 1, maxLength: 100 }) }),
    )
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        const content = Buffer.from('keep' in how ? whole.subarray(0, how.keep) : whole)
        if ('flip' in how) content[how.flip >> 3] = (content[how.flip >> 3] ?? 0) ^ (1 << (how.flip & 7))
        writeFileSync(broken, 'add' in how ? Buffer.concat([content, how.add]) : content)
        await assertRefused(broken, /damaged or not a backup/)
      }),
      { numRuns: 60 },
    )
    await assertRefused(join(at.path, 'missing'), /no such backup/)
    await assertRefused(at.path, /not a file/)
  })

  test('refuses a newer schema, a newer layout, and a database inside that is damaged', async () => {
    using at = await filled()
    const { info } = await backUp(at.data, at.file)
    const database = readFileSync(at.file).subarray(0, info.database_bytes)
    const other = join(at.path, 'other.backup')
    const write = (content: Buffer, said: object) => {
      const body = Buffer.concat([content, Buffer.from(`\n${JSON.stringify(said)}\n`)])
      writeFileSync(other, Buffer.concat([body, Buffer.from(`${createHash('sha256').update(body).digest('hex')}\n`)]))
    }
    write(database, info)
    {
      using folder = temporaryFolder()
      using restore = await SqliteRestore.begin(other, join(folder.path, 'd'), quiet)
      assert.deepEqual(restore.info, info)
    }
    write(database, { ...info, schema: info.schema + 1, headwater: '9.8.7' })
    await assertRefused(other, /newer Headwater \(9\.8\.7, schema \d+\)/)
    write(database, { ...info, format: 2 })
    await assertRefused(other, /layout that this Headwater does not know/)
    write(database, { ...info, database_bytes: info.database_bytes - 8_192 })
    await assertRefused(other, /damaged or not a backup/)
    const noisy = Buffer.from(database).fill(0x5a, 5 * 8_192, 8 * 8_192)
    write(noisy, info)
    await assertRefused(other, /damaged/)
  })

  test('takes nobody’s place: a data directory that holds anything is refused', async () => {
    using at = await filled()
    await backUp(at.data, at.file)
    const before = readFileSync(join(at.data, databaseFile))
    await assert.rejects(SqliteRestore.begin(at.file, at.data, quiet), refusedWith(/not empty: headwater\.db/))
    assert(before.equals(readFileSync(join(at.data, databaseFile))))
    const other = join(at.path, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'notes.txt'), 'mine')
    await assert.rejects(SqliteRestore.begin(at.file, other, quiet), refusedWith(/not empty: notes\.txt/))
    assert.deepEqual(readdirSync(other), ['notes.txt'])
    await assert.rejects(SqliteRestore.begin(at.file, join(other, 'notes.txt'), quiet), refusedWith(/is a file/))
  })

  test('keeps a server away until it is done, can be run again, and cannot run twice at a time', async () => {
    using at = await filled()
    await backUp(at.data, at.file)
    const data = join(at.path, 'restored')
    mkdirSync(join(data, 'lost+found'), { recursive: true })
    {
      using unfinished = await SqliteRestore.begin(at.file, data, quiet)
      await assert.rejects(SqliteRestore.begin(at.file, data, quiet), refusedWith(/Another Headwater/))
      await assert.rejects(openSqlite({ folder: data }, systemSeams), refusedWith(/Another Headwater/))
      assert.equal(unfinished.workFolder, join(data, unfinishedRestore))
    }
    assert.deepEqual(readdirSync(data).sort(), ['headwater.lock', 'lost+found'])
    // As a crash leaves it.
    mkdirSync(join(data, unfinishedRestore))
    writeFileSync(join(data, unfinishedRestore, databaseFile), 'half')
    await assert.rejects(openSqlite({ folder: data }, systemSeams), refusedWith(/did not finish/))
    assert(!existsSync(join(data, databaseFile)))
    {
      using restore = await SqliteRestore.begin(at.file, data, quiet)
      await restore.finish(4, systemSeams, quiet)
    }
    assert(existsSync(join(data, databaseFile)))
    assert(!existsSync(join(data, unfinishedRestore)))
    await using db = await openSqlite({ folder: data }, systemSeams)
    assert.deepEqual(db.checkIntegrity(), [])
  })

  test('begins a log of a higher epoch, with a name that no other restore has and any number of partitions', async () => {
    using at = await filled()
    const { info } = await backUp(at.data, at.file)
    const names = new Set([info.epoch_name])
    for (const partitions of [4, 4, 1, 7]) {
      const data = join(at.path, `restored-${names.size}`)
      {
        using restore = await SqliteRestore.begin(at.file, data, quiet)
        await restore.finish(partitions, systemSeams, quiet)
      }
      await using db = await openSqlite({ folder: data }, systemSeams)
      await using log = await openSqliteEventLog(db, systemSeams, { partitions })
      assert.deepEqual([log.info.epoch, log.info.partitions], [info.epoch + 1, partitions])
      names.add(log.info.epochName)
      const [first] = await log.append([mark(1)])
      assert(first?.stored === true)
      assert.equal(epochOf(first.seq), 1)
      assert.deepEqual(await log.bounds(log.partitionOf('carol')), { start: 0, end: 1, committed: 0 })
    }
    assert.equal(names.size, 5)
  })
})

if (process.getuid?.() === 0 && process.platform === 'linux') {
  test('Where there is too little room, or none any more, neither a backup nor a restore leaves anything.', async () => {
    using at = await filled()
    const disk = join(at.path, 'disk')
    mkdirSync(disk)
    const mount = (size: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'headwater-test', disk])
    const isFull = (error: unknown) => HeadwaterError.is(error) && error.code === 'storage_full'
    mount('8m')
    try {
      await assert.rejects(backUp(at.data, disk), isFull)
      await backUp(at.data, at.file)
      await assert.rejects(SqliteRestore.begin(at.file, join(disk, 'data'), quiet), isFull)
      assert.deepEqual(readdirSync(disk), [])
    } finally {
      execFileSync('umount', ['-l', disk])
    }
    mount('20m')
    try {
      const ballast = join(disk, 'ballast')
      const filling = backUpSqlite({ folder: at.data, target: disk, now }, (_done, _total, what) => {
        if (what === 'checked' && !existsSync(ballast)) fillUp(ballast)
      })
      await assert.rejects(filling, isFull)
      assert.deepEqual(readdirSync(disk), ['ballast'])
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
} else {
  process.stdout.write('# A test of full disks left out: it needs root on Linux\n')
}

function fillUp(path: string): void {
  for (const size of [2 ** 20, 2 ** 10]) {
    try {
      for (;;) writeFileSync(path, new Uint8Array(size), { flag: 'a' })
    } catch {
      // That size no longer fits.
    }
  }
}

/** Another process that writes to a data directory until it is killed. */
function startWriter(folder: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(new URL('./testing/write-until-killed.ts', import.meta.url)), folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const acknowledged = new Set<number>()
  let wake = quiet
  createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
    if (/^\d/.test(line)) acknowledged.add(Number(line.split(' ')[0]))
    wake()
  })
  return {
    acknowledged,
    async until(holds: (acknowledged: ReadonlySet<number>) => boolean) {
      while (!holds(acknowledged)) {
        assert.equal(child.exitCode, null)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async kill() {
      child.kill('SIGKILL')
      if (child.signalCode === null) await once(child, 'close')
    },
  }
}
