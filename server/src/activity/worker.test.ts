import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { LogValue } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'
import { defaultActivitySettings } from './settings.ts'
import { ActivityWorker } from './worker.ts'

const like: LogValue = {
  kind: 'event',
  event: {
    eventId: '0199f1b2-7c00-7abc-8def-000000000001',
    eventType: 'LIKE',
    actor: 'ann',
    targetUser: 'carol',
    objectType: 'POST',
    objectId: 'p1',
    op: 'ADD',
    createdAt: null,
    metadata: {},
    verb: '',
  },
}

const silent = {
  applied() {},
  openWindows() {},
  groupWrites() {},
  degraded() {},
  parked() {},
}

test('who asks while the worker looks whether it is done waits for what was accepted before they asked', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  let whileItLooks = async (): Promise<void> => {}
  const log: EventLog = {
    ...ports.log,
    async bounds(partition) {
      const bounds = await ports.log.bounds(partition)
      await whileItLooks()
      return bounds
    },
  }
  await using worker = new ActivityWorker({ ...ports, log }, defaultActivitySettings, seams, silent, (error) => {
    throw error
  })
  let second: Promise<void> | undefined
  whileItLooks = async () => {
    if (second) return
    await log.append([like])
    second = worker.settle()
  }
  await worker.settle()
  await second
  const groups = await ports.groups.list('carol', { after: null, createdFrom: 0, types: null, limit: 10 })
  assert.equal(groups.length, 1)
})
