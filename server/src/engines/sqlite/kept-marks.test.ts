import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesOf, sampleGroupId, sampleRow } from '../../conformance/samples.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { noMarks } from '../../model/marks.ts'
import { SqliteGroupStore } from './group-store.ts'
import { openSqlite } from './open.ts'
import { SqliteReadMarks } from './read-marks.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

test('marks are right after each change, of users with few that are kept and of users with many', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  const marks = new SqliteReadMarks(db)
  const ids = Array.from({ length: 40 }, (_, i) => sampleGroupId('g', i + 1))
  const read = async () => {
    const { all, groups } = await marks.get('carol', ids)
    return [all.read.upTo, ...ids.map((id) => groups.get(id)?.read.upTo ?? 0)]
  }
  const expected = [0, ...ids.map(() => 0)]
  assert.deepEqual(await read(), expected)
  for (const [i, groupId] of ids.entries()) {
    const seq = 100 + i
    await marks.raise([{ user: 'carol', change: { groupId, mark: 'read', upTo: seq, seq } }])
    expected[i + 1] = seq
    assert.deepEqual(await read(), expected)
    await marks.raise([{ user: 'carol', change: { groupId: null, mark: 'read', upTo: i + 1, seq } }])
    expected[0] = i + 1
    assert.deepEqual(await read(), expected)
  }
  for (const i of ids.keys()) {
    await marks.purge('carol', [ids[i] as string])
    expected[i + 1] = 0
    assert.deepEqual(await read(), expected)
  }
  await marks.purge('carol', null)
  assert.deepEqual(await marks.get('carol', ids), { all: noMarks, groups: new Map() })
})

test('a group that retention takes takes its mark along, also one that is kept', async () => {
  using folder = temporaryFolder()
  await using db = await openSqlite({ folder: folder.path }, systemSeams)
  const [marks, groups] = [new SqliteReadMarks(db), new SqliteGroupStore(db)]
  const row = sampleRow('carol', 1, { createdAt: 1_000 })
  await groups.putGroups(batchesOf([row]))
  await marks.raise([{ user: 'carol', change: { groupId: row.groupId, mark: 'read', upTo: 1, seq: 1 } }])
  assert.equal((await marks.get('carol', [row.groupId])).groups.size, 1)
  await groups.purge({ createdBefore: 2_000, limit: 10 })
  assert.equal((await marks.get('carol', [row.groupId])).groups.size, 0)
})
