import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { UnknownOutcome } from '../lib/error.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { pendingMax } from '../model/activity-group.ts'
import type { LogValue } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { GroupStore } from '../ports/group-store.ts'
import { silentMetrics } from './aggregate.ts'
import { defaultActivitySettings } from './settings.ts'
import { ActivityWorker } from './worker.ts'

const like: LogValue = { kind: 'event', event: sampleEvent('carol', 1, { createdAt: null }) }

const likeBy = (n: number): LogValue => ({
  kind: 'event',
  event: sampleEvent('carol', n, { actor: `actor-${n}`, objectId: 'p1', op: 'ADD', createdAt: null }),
})

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
  await using worker = new ActivityWorker({ ...ports, log }, defaultActivitySettings, seams, silentMetrics, (error) => {
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

test('who waits for what is there is let go, also where more comes in with each write', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const writes: number[] = []
  const groups: GroupStore = {
    ...ports.groups,
    async putGroups(batches) {
      writes.push(seams.clock.monotonic())
      await ports.log.append([likeBy(writes.length)])
      return ports.groups.putGroups(batches)
    },
  }
  await using worker = new ActivityWorker(
    { ...ports, groups },
    defaultActivitySettings,
    seams,
    silentMetrics,
    (error) => {
      throw error
    },
  )
  await ports.log.append([likeBy(0)])
  await worker.settle()
  await worker.settle()
  assert.ok(writes.length < 10, `it was written ${writes.length} times`)
  // And nobody hurries the worker any more: who is not listened to is written every quarter of a second.
  const before = writes.length
  for (let i = 0; i < 1_000; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    seams.time.advance(1)
  }
  assert.ok(writes.length - before <= 5, `${writes.length - before} writes in a second`)
})

test('failures of long ago do not make the pause after a new one longer', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  let isDown = true
  const diedAt: number[] = []
  const joinedAt: number[] = []
  const log: EventLog = {
    ...ports.log,
    async join() {
      joinedAt.push(seams.clock.monotonic())
      const consumer = await ports.log.join()
      return {
        async poll(...asked) {
          if (isDown) throw new Error('the log is away')
          return consumer.poll(...asked)
        },
        commit: (offsets) => consumer.commit(offsets),
        release: (partition) => consumer.release(partition),
        [Symbol.asyncDispose]: () => consumer[Symbol.asyncDispose](),
      }
    },
  }
  await using worker = new ActivityWorker({ ...ports, log }, defaultActivitySettings, seams, silentMetrics, () => {
    diedAt.push(seams.clock.monotonic())
  })
  const pass = async (ms: number) => {
    for (const end = seams.clock.monotonic() + ms; seams.clock.monotonic() < end; seams.time.advance(100)) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const lastPause = () => (joinedAt[diedAt.length] as number) - (diedAt.at(-1) as number)
  await pass(60_000)
  assert.match(worker.wrong ?? '', /failed/)
  isDown = false
  await pass(20_000)
  assert.equal(lastPause(), 10_000)
  await pass(3_600_000)
  assert.equal(worker.wrong, null)
  isDown = true
  await pass(1_000)
  isDown = false
  await pass(20_000)
  assert.ok(lastPause() < 1_000, `it was ${lastPause()}`)
})

test('a group whose row carries as many registers as it may is loaded again and takes in more', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const start = () =>
    new ActivityWorker(ports, defaultActivitySettings, seams, silentMetrics, (error) => {
      throw error
    })
  await ports.log.append(Array.from({ length: pendingMax }, (_, n) => likeBy(n)))
  {
    await using worker = start()
    await worker.settle()
  }
  await ports.log.append([likeBy(pendingMax), likeBy(pendingMax + 1)])
  await using worker = start()
  await worker.settle()
  const [row] = await ports.groups.list('carol', { after: null, createdFrom: 0, types: null, limit: 10 })
  assert.equal(row?.actorCount, pendingMax + 2)
  const members = await ports.members.list('carol', row?.groupId ?? '', null, 3 * pendingMax)
  assert.ok(members.length >= pendingMax, 'what rode in the row is in the table before the row is replaced')
})

test('of a large flush only the part whose outcome is unknown is written again', async () => {
  const seams = virtualSeams()
  const ports = openMemory(createMemoryStorage({ partitions: 1 }), seams)
  const writes: number[] = []
  const groups: GroupStore = {
    ...ports.groups,
    ordered: false,
    async putGroups(batches) {
      writes.push(batches.length)
      if (writes.length === 2) throw new UnknownOutcome('the answer was lost')
      return ports.groups.putGroups(batches)
    },
  }
  const settings = { ...defaultActivitySettings, pollRecords: 3_000 }
  const users = Array.from({ length: 3_000 }, (_, i) => `user-${i}`)
  await ports.log.append(users.map((user) => ({ kind: 'event', event: sampleEvent(user, 1, { createdAt: null }) })))
  await using worker = new ActivityWorker({ ...ports, groups }, settings, seams, silentMetrics, (error) => {
    throw error
  })
  let isSettled = false
  const settled = worker.settle().then(() => {
    isSettled = true
  })
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve))
    seams.time.advance(10)
  }
  await settled
  assert.deepEqual(writes, [1_024, 1_024, 1_024, 952])
  assert.ok((await ports.groups.heads(users)).every((head) => head > 0))
})
