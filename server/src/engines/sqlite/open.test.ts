import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { HeadwaterError } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { migrations } from './migrations/all.ts'
import { databaseFile, lockFile, openSqlite } from './open.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const open = (folder: string) => openSqlite({ folder }, systemSeams)

async function makeDatabase(folder: string): Promise<string> {
  await using db = await open(folder)
  await db.write({ sql: 'INSERT INTO heads VALUES (?, ?)', rows: [['carol', 7]] })
  return join(folder, databaseFile)
}

async function assertRefused(folder: string, detail: RegExp): Promise<void> {
  const path = join(folder, databaseFile)
  const before = readFileSync(path)
  await assert.rejects(open(folder), (error) => {
    assert(HeadwaterError.is(error))
    assert.match(error.detail, detail)
    return true
  })
  assert(before.equals(readFileSync(path)), 'the file is as it was')
}

test('A folder that is missing is made, and what was written is there again.', async () => {
  using folder = temporaryFolder()
  const deeper = join(folder.path, 'a', 'b')
  await makeDatabase(deeper)
  await using db = await open(deeper)
  assert.deepEqual(db.read.all('SELECT user_id, head FROM heads'), [['carol', 7]])
  assert.deepEqual(db.checkIntegrity(), [])
  assert(db.stats().databaseBytes > 0)
})

test('Only the owner can read what is in a folder, also where others may look into the folder.', {
  skip: process.platform === 'win32',
}, async () => {
  using folder = temporaryFolder()
  chmodSync(folder.path, 0o755)
  const readByOthers = () => readdirSync(folder.path).filter((name) => statSync(join(folder.path, name)).mode & 0o077)
  {
    await using db = await open(folder.path)
    await db.write({ sql: 'INSERT INTO heads VALUES (?, ?)', rows: [['carol', 7]] })
    assert.ok(readdirSync(folder.path).includes(`${databaseFile}-wal`))
    assert.deepEqual(readByOthers(), [])
  }
  for (const name of [databaseFile, lockFile]) chmodSync(join(folder.path, name), 0o644)
  await using _db = await open(folder.path)
  assert.deepEqual(readByOthers(), [])
})

test('After closing nothing is left to recover.', async () => {
  using folder = temporaryFolder()
  await makeDatabase(folder.path)
  assert.deepEqual(readdirSync(folder.path).sort(), ['headwater.db', 'headwater.lock'])
})

test('The database keeps a write-ahead log and syncs with each commit.', async () => {
  using folder = temporaryFolder()
  await using db = await open(folder.path)
  const ask = async (sql: string) => (await db.write({ sql, rows: [[]], returns: 'rows' }))[0]?.rows[0]?.[0]
  assert.equal(await ask('PRAGMA journal_mode'), 'wal')
  assert.equal(await ask('PRAGMA synchronous'), 2)
})

test('A database of a newer program is refused by both versions and left alone.', async () => {
  using folder = temporaryFolder()
  const path = await makeDatabase(folder.path)
  const later = migrations.length + 1
  {
    using raw = new DatabaseSync(path)
    raw.exec(`INSERT INTO migrations VALUES (${later}, 'later', 'abc', '9.8.7', 0); PRAGMA user_version = ${later}`)
  }
  const words = `schema ${later} \\(Headwater 9\\.8\\.7\\).*this is Headwater \\d+\\.\\d+\\.\\d+.*up to ${later - 1}`
  await assertRefused(folder.path, new RegExp(words))
})

test('A database whose schema was changed by another hand is refused.', async () => {
  using folder = temporaryFolder()
  const path = await makeDatabase(folder.path)
  {
    using raw = new DatabaseSync(path)
    raw.exec(`UPDATE migrations SET checksum = 'other' WHERE number = 1`)
  }
  await assertRefused(folder.path, /Schema 1 \(activity\)/)
})

test('A folder whose first writes were cut off opens: they are rolled back.', async () => {
  using folder = temporaryFolder()
  using cut = temporaryFolder()
  const path = await makeDatabase(folder.path)
  using raw = new DatabaseSync(path)
  // With hardly any memory for pages a transaction writes them before it ends.
  raw.exec('PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN')
  for (let n = 0; n < 500; n++) raw.prepare('INSERT INTO heads VALUES (?, ?)').run(`user-${n}`.padEnd(200), n)
  for (const name of readdirSync(folder.path)) {
    if (name !== lockFile) writeFileSync(join(cut.path, name), readFileSync(join(folder.path, name)))
  }
  assert.deepEqual(readdirSync(cut.path).sort(), [databaseFile, `${databaseFile}-journal`])
  await using db = await open(cut.path)
  assert.deepEqual(db.read.all('SELECT user_id, head FROM heads'), [['carol', 7]])
})

test('A database of another program is refused and left alone.', async () => {
  using folder = temporaryFolder()
  {
    using raw = new DatabaseSync(join(folder.path, databaseFile))
    raw.exec('CREATE TABLE things (a)')
  }
  await assertRefused(folder.path, /another program/)
})

for (const [what, damage] of [
  [
    'is no database',
    (path: string) => writeFileSync(path, 'not a database at all, but long enough to look at\n'.repeat(500)),
  ],
  ['has no header', (path: string) => overwrite(path, 0, 100)],
  ['ends too early', (path: string) => truncateSync(path, 3 * 8192)],
  ['has noise in its middle', (path: string) => overwrite(path, 4 * 8192, 20_000)],
] as const) {
  test(`A file that ${what} is refused as damaged and left alone.`, async () => {
    using folder = temporaryFolder()
    damage(await makeDatabase(folder.path))
    await assertRefused(folder.path, /damaged/)
  })
}

function overwrite(path: string, from: number, bytes: number): void {
  const content = readFileSync(path)
  for (let i = from; i < from + bytes; i++) content[i] = (i * 167 + 13) & 0xff
  writeFileSync(path, content)
}

test('A path that cannot be a folder is refused.', async () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'file'), '')
  await assert.rejects(open(join(folder.path, 'file')), /cannot be made/)
  mkdirSync(join(folder.path, 'data', databaseFile), { recursive: true })
  await assert.rejects(open(join(folder.path, 'data')), HeadwaterError.is)
})

test('A folder that is open is refused to a second server, here and in another process, until the first ends.', async () => {
  using folder = temporaryFolder()
  {
    await using _db = await open(folder.path)
    await assert.rejects(open(folder.path), /Another Headwater has this data directory open/)
    const second = startOther(folder.path)
    assert.match(await firstLine(second), /^refused: store_unavailable: Another Headwater/)
    await once(second, 'close')
  }
  const other = startOther(folder.path)
  assert.equal(await firstLine(other), 'open')
  await assert.rejects(open(folder.path), /Another Headwater has this data directory open/)
  other.kill('SIGKILL')
  await once(other, 'close')
  await using db = await open(folder.path)
  assert.deepEqual(db.checkIntegrity(), [])
})

const startOther = (folder: string): ChildProcess =>
  spawn(process.execPath, [fileURLToPath(new URL('./testing/write-until-killed.ts', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  return text.split('\n')[0] ?? ''
}
