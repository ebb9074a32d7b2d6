// What is past retention goes from every store at once, whichever engine it is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../../src/config/load.ts'
import { sampleRegister, sampleRow, someTime } from '../../src/conformance/samples.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { monthOf } from '../../src/model/activity-group.ts'
import type { Ports } from '../../src/ports/ports.ts'

const user = 'carol'

test('a group that is purged from memory leaves no member, mark or index entry', async () => {
  await assertLeavesNothing(openMemory(createMemoryStorage(), systemSeams))
})

test('a group that is purged from SQLite leaves no member, mark or index entry', async () => {
  using folder = temporaryFolder()
  await using engines = await openEmbedded(settingsWith({ 'data.dir': folder.path }), systemSeams)
  await assertLeavesNothing(engines.ports)
})

async function assertLeavesNothing(ports: Ports): Promise<void> {
  const [old, kept] = [sampleRow(user, 1), sampleRow(user, 2, { createdAt: someTime + 1 })]
  for (const row of [old, kept]) {
    const { groupId, objectType, objectId } = row
    await ports.objects.put([{ user, groupId, object: { objectType, objectId } }])
    await ports.groups.putGroups([{ user, month: monthOf(row.createdAt), rows: [row] }])
    const joined = [{ user, groupId, registers: [sampleRegister('ann', 1)] }]
    await ports.members.index(joined)
    await ports.members.put(joined)
    await ports.marks.raise([{ user, change: { groupId, mark: 'read', upTo: 5, seq: 5 } }])
  }
  assert.equal(await ports.groups.purge({ createdBefore: kept.createdAt, limit: 10 }), 1)
  for (const [row, left] of [
    [old, 0],
    [kept, 1],
  ] as const) {
    const { groupId, objectType, objectId } = row
    const found = {
      rows: (await ports.groups.get([{ user, groupId }])).filter((each) => each !== undefined).length,
      members: (await ports.members.list(user, groupId, null, 10)).length,
      marks: (await ports.marks.get(user, [groupId])).groups.size,
      index: (await ports.objects.groups({ objectType, objectId }, user)).filter((id) => id === groupId).length,
    }
    assert.deepEqual(found, { rows: left, members: left, marks: left, index: left })
  }
  const ofActor = await ports.members.groupsOfActor('ann', null, 10)
  assert.deepEqual(
    ofActor.map(({ groupId }) => groupId),
    [kept.groupId],
  )
}
