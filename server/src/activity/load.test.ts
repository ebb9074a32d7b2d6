import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent, sampleRow } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { GroupRow } from '../model/activity-group.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { GroupStore } from '../ports/group-store.ts'
import { createLoader } from './load.ts'
import { PartitionState } from './partition-state.ts'
import { defaultActivitySettings } from './settings.ts'

/** Loads what record 10 needs from a store that gives these answers, one after the other; how often it was asked. */
async function loaded(...answers: readonly (readonly GroupRow[])[]) {
  const memory = openMemory(createMemoryStorage(), virtualSeams())
  let asked = 0
  const groups: GroupStore = {
    ...memory.groups,
    ofKeys: async (asks) => asks.map(() => answers[Math.min(asked++, answers.length - 1)] ?? []),
  }
  const state = new PartitionState(0, 0)
  const event = sampleEvent('carol', 1, { objectId: 'p1' })
  const record: LogRecord = { partition: 0, offset: 9, seq: 10, appendedAt: 0, value: { kind: 'event', event } }
  await createLoader({ ...memory, groups }, defaultActivitySettings, () => 0).prepare(state, [record])
  const window = state.window('carol', event)
  const found = (window?.groups ?? []).map(({ openedSeq, applied }) => [openedSeq, applied] as const)
  return { asked, groups: found.toSorted(([a], [b]) => a - b) }
}

const [first, second] = [sampleRow('carol', 1), sampleRow('carol', 2)]
const withApplied = (row: GroupRow, applied: number): GroupRow => ({ ...row, applied })

test('rows of what is behind the record are taken as they are', async () => {
  assert.deepEqual(await loaded([withApplied(first, 9)]), { asked: 1, groups: [[1, 9]] })
})

test('rows that another worker is writing are asked for until two answers agree', async () => {
  const halfway = [withApplied(first, 12)]
  const whole = [withApplied(second, 11), withApplied(first, 12)]
  const expected = [
    [1, 12],
    [2, 11],
  ]
  assert.deepEqual(await loaded(halfway, whole), { asked: 3, groups: expected })
  assert.deepEqual(await loaded(whole), { asked: 2, groups: expected })
})
