import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { EventType } from '@headwater/protocol'
import { batchesOf, deleted, sampleRegister, sampleRow, someTime, withoutPending } from '../../conformance/samples.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import type { GroupRow } from '../../model/activity-group.ts'
import type { GroupId } from '../../model/ids.ts'
import { listGroups } from './group-list.ts'
import { SqliteGroupStore } from './group-store.ts'
import { SqliteMemberStore } from './member-store.ts'
import { SqliteObjectIndex } from './object-index.ts'
import { databaseFile, openSqlite } from './open.ts'
import { SqliteReadMarks } from './read-marks.ts'
import type { Reader } from './reader.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const all = { after: null, createdFrom: 0, types: null, limit: 100 } as const

test('A walk is complete where many groups in a row are hidden, with and without a filter.', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  const groups = new SqliteGroupStore(db)
  const types: readonly EventType[] = ['LIKE', 'COMMENT', 'FOLLOW']
  // Newest first: 3 shown, 120 deleted, 60 shown, 200 deleted, 1 shown.
  const rows = Array.from({ length: 384 }, (_, i) => {
    const row = sampleRow('carol', i + 1, { createdAt: someTime - i * 1_000, eventType: types[i % 3] as EventType })
    const isShown = i < 3 || (i >= 123 && i < 183) || i === 383
    return isShown ? row : deleted(row, 1_000 + i)
  })
  await groups.putGroups(batchesOf(rows))
  const shown = rows.filter((row) => row.deletedSeq === 0).map(withoutPending)
  const walk = async (limit: number, filter: readonly EventType[] | null): Promise<GroupRow[]> => {
    const met: GroupRow[] = []
    for (let after: GroupId | null = null; ; ) {
      const page: readonly GroupRow[] = await groups.list('carol', { ...all, after, limit, types: filter })
      met.push(...page)
      if (page.length < limit) return met
      after = page.at(-1)?.groupId ?? null
    }
  }
  for (const limit of [1, 7, 20, 100]) {
    assert.deepEqual(await walk(limit, null), shown)
    assert.deepEqual(
      await walk(limit, ['FOLLOW', 'LIKE']),
      shown.filter((row) => row.eventType !== 'COMMENT'),
    )
  }
})

test('A list is as long as it may be when a group vanishes while it is read.', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  const rows = Array.from({ length: 5 }, (_, i) => sampleRow('carol', i + 1, { createdAt: someTime - i * 1_000 }))
  await new SqliteGroupStore(db).putGroups(batchesOf(rows))
  using other = new DatabaseSync(join(folder.path, databaseFile))
  const reader = {
    all(...asked: Parameters<Reader['all']>) {
      const found = db.read.all(...asked)
      other.prepare('UPDATE groups SET visible = 0 WHERE group_id = ?').run(rows[1]?.groupId ?? '')
      return found
    },
    snapshot: <T>(read: () => T) => db.read.snapshot(read),
  }
  const listed = listGroups(reader as Reader, 'carol', { ...all, types: ['LIKE'], limit: 3 })
  assert.deepEqual(
    listed.map(({ groupId }) => groupId),
    rows.slice(0, 3).map(({ groupId }) => groupId),
  )
})

test('What other tables hold of a group goes with it when it is past retention, and nothing else does.', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  const groups = new SqliteGroupStore(db)
  const members = new SqliteMemberStore(db)
  const marks = new SqliteReadMarks(db)
  const objects = new SqliteObjectIndex(db)
  const old = sampleRow('carol', 1, { createdAt: someTime - 1 })
  const young = sampleRow('carol', 2)
  await groups.putGroups(batchesOf([old, young]))
  for (const { groupId, objectType, objectId } of [old, young]) {
    const joined = [{ user: 'carol', groupId, registers: [sampleRegister('ann', 5)] }]
    await members.index(joined)
    await members.put(joined)
    await marks.raise([{ user: 'carol', change: { groupId, mark: 'read', upTo: 3, seq: 4 } }])
    await objects.put([{ object: { objectType, objectId }, user: 'carol', groupId }])
  }
  await marks.raise([{ user: 'carol', change: { groupId: null, mark: 'read', upTo: 1, seq: 2 } }])

  assert.equal(await groups.purge({ createdBefore: someTime, limit: 10 }), 1)
  const { groupId } = young
  assert.deepEqual(await groups.list('carol', all), [withoutPending(young)])
  assert.deepEqual(await members.groupsOfActor('ann', null, 10), [{ user: 'carol', groupId }])
  assert.deepEqual([...(await marks.above('carol', 0)).groups.keys()], [groupId])
  assert.equal((await marks.get('carol', [])).all.read.upTo, 1)
  assert.deepEqual(await objects.groups(young, 'carol'), [groupId])
})
