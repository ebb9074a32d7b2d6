import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { encodeLogValue } from '../model/log-codec.ts'
import type { ParkedRecord, ParkedRecords, RecordPlace } from '../ports/parked-records.ts'
import { replayParked } from './replay-parked.ts'

const parkedAt = (offset: number, bytes: Uint8Array): ParkedRecord => ({
  epoch: 0,
  partition: 0,
  offset,
  user: 'carol',
  appendedAt: 7,
  reason: 'no known schema',
  parkedAt: 0,
  bytes,
})

test('an event that left its time to the log keeps the time at which the log took it first', async () => {
  const { log } = openMemory(createMemoryStorage({ partitions: 1 }), virtualSeams())
  const events = [null, 5].map((createdAt) => sampleEvent('carol', 1, { createdAt }))
  const parked: ParkedRecords = {
    park: async () => {},
    list: async () => events.map((event, offset) => parkedAt(offset, encodeLogValue({ kind: 'event', event }))),
    remove: async () => {},
  }
  await replayParked(log, parked)
  const { records } = await log.read(0, 0, 10)
  assert.deepEqual(
    records.map(({ value }) => value.kind === 'event' && value.event),
    [{ ...events[0], createdAt: 7 }, events[1]],
  )
})

test('what can be read by now is appended again and let go of; the rest stays', async () => {
  const { log } = openMemory(createMemoryStorage(), virtualSeams())
  const value = { kind: 'group_deleted', user: 'carol', groupId: 'g' } as const
  let records = [parkedAt(3, encodeLogValue(value)), parkedAt(4, Buffer.from('nothing')), parkedAt(5, new Uint8Array())]
  const isAt = (one: RecordPlace) => (other: RecordPlace) => one.offset === other.offset
  const parked: ParkedRecords = {
    park: async () => {},
    list: async () => records,
    async remove(places) {
      records = records.filter((record) => !places.some(isAt(record)))
    },
  }
  const { replayed, left } = await replayParked(log, parked)
  const offsets = (list: readonly ParkedRecord[]) => list.map(({ offset }) => offset)
  assert.deepEqual([offsets(replayed), offsets(left), offsets(records)], [[3], [4, 5], [4, 5]])
  const { records: stored } = await log.read(log.partitionOf('carol'), 0, 10)
  assert.deepEqual(
    stored.map((record) => record.value),
    [value],
  )
})
