// The unread sets are a cache: one that missed something, or is built while others ask, must not show.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { derivedUuidV7 } from '../../src/lib/uuid.ts'
import { type VirtualSeams, virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { LogValue } from '../../src/model/log-record.ts'
import type { Ports } from '../../src/ports/ports.ts'
import { createApi, isDone, passUntil, TestWorker } from '../model/world.ts'

const start = Date.UTC(2026, 0, 28)

test('a badge counts a flush that the unread set was not told of', async () => {
  const seams = virtualSeams({ now: start, seed: 1 })
  let isDeaf = false
  const memory = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const unread: Ports['unread'] = {
    ...memory.unread,
    apply: async (flushes, createdFrom) => {
      if (isDeaf) throw new Error('the cache does not answer')
      return memory.unread.apply(flushes, createdFrom)
    },
  }
  const ports = { ...memory, unread }
  const api = createApi(ports, seams)
  const worker = new TestWorker(ports, seams)
  await fold(ports, seams, like('carol', 'p1'))
  assert.equal((await api.badge('carol')).unread, 1)
  isDeaf = true
  await fold(ports, seams, like('carol', 'p2'))
  const { unread: count, upTo } = await api.badge('carol')
  assert.deepEqual([count, upTo], [2, (await ports.groups.heads(['carol']))[0]])
  await end(worker, seams)
})

test('users who ask at once, while their sets are built, each get their own counts', async () => {
  const seams = virtualSeams({ now: start, seed: 1 })
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const api = createApi(ports, seams)
  const worker = new TestWorker(ports, seams)
  await fold(ports, seams, like('carol', 'p1'), like('carol', 'p2'), like('dave', 'p1'))
  await ports.unread.drop(['carol', 'dave'])
  const counts = await Promise.all(['carol', 'dave', 'carol', 'eve'].map((user) => api.badge(user)))
  assert.deepEqual(
    counts.map(({ unread }) => unread),
    [2, 1, 2, 0],
  )
  await end(worker, seams)
})

async function fold(ports: Ports, seams: VirtualSeams, ...values: LogValue[]): Promise<void> {
  await ports.log.append(values)
  await passUntil(seams, 'it is folded', () => isDone(ports.log))
}

async function end(worker: TestWorker, seams: VirtualSeams): Promise<void> {
  let isOver = false
  void worker.stop().finally(() => {
    isOver = true
  })
  await passUntil(seams, 'the worker ends', () => isOver)
}

const like = (user: string, objectId: string): LogValue => ({
  kind: 'event',
  event: {
    eventId: derivedUuidV7(start, `${user} ${objectId}`),
    eventType: 'LIKE',
    verb: '',
    actor: 'ann',
    targetUser: user,
    objectType: 'POST',
    objectId,
    metadata: {},
    createdAt: start,
    op: 'ADD',
  },
})
