// A data directory whose files were damaged while no server ran: it is refused in words, and not a byte of it is changed.
import assert from 'node:assert/strict'
import {
  closeSync,
  cpSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { sendEvents, workOffCarol } from './few-events.ts'
import { Told } from './load.ts'
import { assertRefusedUntouched, ranOn } from './refused-start.ts'
import { ServerProcess } from './server-process.ts'

const folders = { killed: temporaryFolder(), stopped: temporaryFolder() }
after(() => {
  for (const folder of Object.values(folders)) folder[Symbol.dispose]()
})

before(async () => {
  for (const [how, { path }] of Object.entries(folders)) {
    await using server = await ServerProcess.start(path)
    const told = new Told()
    for (let n = 0; n < 20; n++) assert.equal((await sendEvents(server.url, told, 20)).status, 202)
    await workOffCarol(server.url, told)
    if (how === 'stopped') await server.stop()
  }
  assert.ok(statSync(walOf(folders.killed.path)).size > 100_000, 'a killed server leaves a write-ahead log')
  assert.equal(statSync(walOf(folders.stopped.path), { throwIfNoEntry: false }), undefined)
})

const databaseOf = (folder: string): string => join(folder, 'headwater.db')
const walOf = (folder: string): string => join(folder, 'headwater.db-wal')
const pageBytes = 8_192

const refusals: readonly {
  readonly what: string
  readonly of: keyof typeof folders
  readonly damage: (folder: string) => void
}[] = [
  { what: 'the first bytes of the database', of: 'stopped', damage: (in_) => overwrite(databaseOf(in_), 0, 16) },
  { what: 'the whole header of the database', of: 'stopped', damage: (in_) => overwrite(databaseOf(in_), 0, 100) },
  { what: 'the schema', of: 'stopped', damage: (in_) => overwrite(databaseOf(in_), 100, 400) },
  {
    what: 'a page in the middle',
    of: 'stopped',
    damage: (in_) => overwrite(databaseOf(in_), middlePage(in_), pageBytes),
  },
  { what: 'half of the database, cut off', of: 'stopped', damage: (in_) => halve(databaseOf(in_)) },
  { what: 'all but a hundred bytes of it', of: 'stopped', damage: (in_) => truncateSync(databaseOf(in_), 100) },
  { what: 'everything in it, with its log there', of: 'killed', damage: (in_) => truncateSync(databaseOf(in_), 0) },
  { what: 'the database file, with its log there', of: 'killed', damage: (in_) => rmSync(databaseOf(in_)) },
  { what: 'the header of the write-ahead log', of: 'killed', damage: (in_) => overwrite(walOf(in_), 0, 32) },
  { what: 'one byte of that header', of: 'killed', damage: (in_) => flip(walOf(in_), 18) },
  {
    what: 'a page of the write-ahead log',
    of: 'killed',
    damage: (in_) => overwrite(walOf(in_), middle(walOf(in_)), 4_096),
  },
  { what: 'one bit of the write-ahead log', of: 'killed', damage: (in_) => flip(walOf(in_), middle(walOf(in_))) },
]

describe('a start is refused, and nothing is touched, where damage is done to', { concurrency: 2 }, () => {
  for (const { what, of, damage } of refusals) {
    test(what, async () => {
      using folder = temporaryFolder()
      cpSync(folders[of].path, folder.path, { recursive: true })
      damage(folder.path)
      await assertRefusedUntouched(folder.path, /damaged.*left as it is|The database cannot be read/)
    })
  }
})

test('The same folders start where nothing is done to them, and where the last commit was cut off.', async () => {
  for (const { path } of Object.values(folders)) {
    using folder = temporaryFolder()
    cpSync(path, folder.path, { recursive: true })
    const { code, said } = await ranOn(folder.path, 'start')
    assert.equal(code, 0, said)
  }
  using folder = temporaryFolder()
  cpSync(folders.killed.path, folder.path, { recursive: true })
  truncateSync(walOf(folder.path), statSync(walOf(folder.path)).size - 5_000)
  const { code, said } = await ranOn(folder.path, 'start')
  assert.equal(code, 0, said)
})

test('The documented way to go on without what stands behind the damage is one.', async () => {
  using folder = temporaryFolder()
  cpSync(folders.killed.path, folder.path, { recursive: true })
  flip(walOf(folder.path), middle(walOf(folder.path)))
  await assertRefusedUntouched(folder.path, /damaged/)
  {
    using database = new DatabaseSync(databaseOf(folder.path))
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  const { code, said } = await ranOn(folder.path, 'start')
  assert.equal(code, 0, said)
})

test('A database too large to be read as a whole at each start is looked through by verify.', async () => {
  using folder = temporaryFolder()
  {
    await using server = await ServerProcess.start(folder.path)
    const told = new Told()
    for (let n = 0; n < 30; n++) assert.equal((await sendEvents(server.url, told, 100, 'x'.repeat(1_500))).status, 202)
    await workOffCarol(server.url, told)
    await server.stop()
  }
  assert.ok(statSync(databaseOf(folder.path)).size > 5 * 2 ** 20, 'it is large')
  assert.equal((await ranOn(folder.path, 'verify')).code, 0)
  overwrite(databaseOf(folder.path), middlePage(folder.path), pageBytes)
  const { code, said } = await ranOn(folder.path, 'verify')
  assert.equal(code, 1, said)
  assert.match(said, /damage/)
  assert.doesNotMatch(said, /^\s+at /m, 'no stack')
})

function overwrite(path: string, at: number, bytes: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(bytes).fill(0xa5), 0, bytes, at)
  closeSync(file)
}

function flip(path: string, at: number): void {
  const file = openSync(path, 'r+')
  const byte = new Uint8Array(1)
  readSync(file, byte, 0, 1, at)
  writeSync(
    file,
    byte.map((value) => value ^ 1),
    0,
    1,
    at,
  )
  closeSync(file)
}

function halve(path: string): void {
  const file = openSync(path, 'r+')
  ftruncateSync(file, middle(path))
  closeSync(file)
}

const middle = (path: string): number => Math.floor(statSync(path).size / 2)
const middlePage = (folder: string): number => Math.floor(middle(databaseOf(folder)) / pageBytes) * pageBytes
