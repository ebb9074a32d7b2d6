// A worker that has a backlog folds it without waiting for anything. Requests and sockets live in the same process, and
// must get their turn meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentMetrics } from '../../src/activity/aggregate.ts'
import { defaultActivitySettings } from '../../src/activity/settings.ts'
import { ActivityWorker } from '../../src/activity/worker.ts'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import type { LogValue } from '../../src/model/log-record.ts'

const backlog = 20_000

test('while a backlog is folded the event loop goes round', async () => {
  const ports = openMemory(createMemoryStorage({ partitions: 2 }), systemSeams)
  for (let from = 0; from < backlog; from += 1_000) {
    await ports.log.append(Array.from({ length: 1_000 }, (_, i) => like(from + i)))
  }
  let rounds = 0
  let running = true
  const round = () => {
    rounds++
    if (running) setImmediate(round)
  }
  setImmediate(round)
  await using worker = new ActivityWorker(ports, defaultActivitySettings, systemSeams, silentMetrics, (error) => {
    throw error
  })
  await worker.settle()
  running = false
  assert.ok(rounds > backlog / 1_000, `the event loop went round ${rounds} times`)
})

const like = (n: number): LogValue => ({
  kind: 'event',
  event: {
    eventId: `event-${n}`,
    eventType: 'LIKE',
    verb: '',
    actor: `actor-${n}`,
    targetUser: `user-${n % 50}`,
    objectType: 'POST',
    objectId: 'p1',
    metadata: {},
    createdAt: Date.now(),
    op: 'ADD',
  },
})
