import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleRegister, sampleRow, someTime } from '../../conformance/samples.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import type { Views } from '../../ports/view-writer.ts'
import type { SqliteDatabase } from './database.ts'
import { SqliteGroupStore } from './group-store.ts'
import { SqliteMemberStore } from './member-store.ts'
import { SqliteObjectIndex } from './object-index.ts'
import { openSqlite } from './open.ts'
import { SqliteReadMarks } from './read-marks.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { SqliteViewWriter } from './view-writer.ts'

const user = 'ann'

function viewsAt(seq: number, actors: number): Views {
  const row = sampleRow(user, 7, { applied: seq, seq, pending: [] })
  const { groupId, objectType, objectId } = row
  return {
    openings: [{ object: { objectType, objectId }, user, groupId }],
    rows: [row],
    members: [
      { user, groupId, registers: Array.from({ length: actors }, (_, i) => sampleRegister(`actor-${i}`, seq)) },
    ],
    changed: [],
    marks: [{ user, change: { groupId: null, mark: 'read', upTo: seq, seq } }],
    heads: [{ user, head: seq }],
  }
}

const open = (folder: string, maxPages?: number): Promise<SqliteDatabase> =>
  openSqlite({ folder, ...(maxPages !== undefined && { maxPages }) }, virtualSeams({ now: someTime }))

function storesOn(database: SqliteDatabase) {
  const members = new SqliteMemberStore(database)
  const groups = new SqliteGroupStore(database)
  const marks = new SqliteReadMarks(database)
  const objects = new SqliteObjectIndex(database)
  const views = new SqliteViewWriter(database, members)
  const [row] = viewsAt(1, 0).rows
  const { groupId, objectType, objectId } = row!
  const stored = async () => ({
    applied: (await groups.get([{ user, groupId }]))[0]?.applied ?? 0,
    members: (await members.list(user, groupId, null, 10_000)).length,
    read: (await marks.get(user, [])).all.read.upTo,
    head: (await groups.heads([user]))[0],
    objects: (await objects.groups({ objectType, objectId }, user)).length,
  })
  return { views, stored, members, groupId }
}

test('All of it is stored, durably, or nothing.', async () => {
  using folder = temporaryFolder()
  {
    await using full = await open(folder.path, 80)
    const { views, stored } = storesOn(full)
    await views.write(viewsAt(10, 3))
    const before = { applied: 10, members: 3, read: 10, head: 10, objects: 1 }
    assert.deepEqual(await stored(), before)
    await assert.rejects(views.write(viewsAt(20, 9_000)), { code: 'storage_full' })
    assert.deepEqual(await stored(), before, 'no part of what did not fit')
  }
  await using again = await open(folder.path)
  const { views, stored } = storesOn(again)
  assert.deepEqual(await stored(), { applied: 10, members: 3, read: 10, head: 10, objects: 1 })
  await views.write(viewsAt(20, 9_000))
  assert.deepEqual(await stored(), { applied: 20, members: 9_000, read: 20, head: 20, objects: 1 })
})

test('It takes effect after all writes of those stores that were issued before.', async () => {
  using folder = temporaryFolder()
  await using database = await open(folder.path)
  const { views, stored, members, groupId } = storesOn(database)
  const registers = [sampleRegister('actor-0', 30, { op: 'UNDO' })]
  await Promise.all([members.put([{ user, groupId, registers }]), views.write(viewsAt(40, 2))])
  assert.equal((await stored()).members, 2, 'the newer register stands')
})

test('Each part keeps the promises of its store: no row, register, mark or head goes back.', async () => {
  using folder = temporaryFolder()
  await using database = await open(folder.path)
  const { views, stored } = storesOn(database)
  await views.write(viewsAt(50, 4))
  await views.write(viewsAt(20, 6))
  assert.deepEqual(await stored(), { applied: 50, members: 6, read: 50, head: 50, objects: 1 })
  await views.write(viewsAt(50, 4))
  assert.deepEqual(await stored(), { applied: 50, members: 6, read: 50, head: 50, objects: 1 }, 'again')
})
