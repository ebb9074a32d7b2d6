import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesOf, sampleRow, someTime } from '../conformance/samples.ts'
import { openMemory } from '../engines/memory/open.ts'
import { createMemoryStorage } from '../engines/memory/storage.ts'
import { HeadwaterError } from '../lib/error.ts'
import { type VirtualSeams, virtualSeams } from '../lib/virtual-seams.ts'
import type { BadgeCounts } from '../ports/unread-sets.ts'
import { createBadge } from './badge.ts'

const dayMs = 86_400_000

test('when nobody has a set, badges are counted a few at a time, and past a bound refused', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  const users = Array.from({ length: 1_100 }, (_, n) => `user-${n}`)
  const rows = users.map((user) => sampleRow(user, 1))
  await memory.groups.putGroups(batchesOf(rows))
  await memory.groups.putHeads(users.map((user) => ({ user, head: 1 })))
  let running = 0
  let most = 0
  const groups: typeof memory.groups = {
    ...memory.groups,
    async unread(...asked) {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return memory.groups.unread(...asked)
    },
  }
  const badge = createBadge({ ...memory, groups }, 90 * dayMs, seams)
  const outcomes = await Promise.allSettled(users.map((user) => badge(user, 1)))
  assert.equal(most, 32)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(refused.length, 1_100 - 1_032)
  assert(refused.every(({ reason }) => HeadwaterError.is(reason) && reason.code === 'store_unavailable'))
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') assert.equal(outcome.value.unread, 1)
  assert.equal((await badge('user-1099', 1)).unread, 1, 'and answered when there is room again')
})

test('who asks while a badge is counted waits for the same count', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  let reads = 0
  const groups: typeof memory.groups = {
    ...memory.groups,
    async unread(...asked) {
      reads++
      return memory.groups.unread(...asked)
    },
  }
  const badge = createBadge({ ...memory, groups }, 90 * dayMs, seams)
  const counts = await Promise.all(Array.from({ length: 50 }, () => badge('carol', 0)))
  assert.equal(reads, 1)
  assert.equal(new Set(counts).size, 1)
})

for (const cache of ['kept', 'away'] as const) {
  test(`what a clock that was ahead held for past retention counts again when it is set right; the cache is ${cache}`, async () => {
    const seams = virtualSeams({ now: someTime + 95 * dayMs })
    const memory = openMemory(createMemoryStorage(), seams)
    const row = sampleRow('carol', 1, { createdAt: someTime })
    await memory.groups.putGroups(batchesOf([row]))
    await memory.groups.putHeads([{ user: 'carol', head: 1 }])
    const unread: typeof memory.unread = { ...memory.unread, put: () => Promise.reject(new Error('away')) }
    const badge = createBadge(cache === 'kept' ? memory : { ...memory, unread }, 90 * dayMs, seams)
    const countsAt = async () => (({ unread, unseen }) => [unread, unseen])(await badge('carol'))
    assert.deepEqual(await countsAt(), [0, 0])
    seams.time.jump(-10 * dayMs)
    assert.deepEqual(await countsAt(), [1, 1])
  })
}

test('a count that ends before what somebody asks for is not the answer', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 1)]))
  await memory.groups.putHeads([{ user: 'carol', head: 1 }])
  const late = Promise.withResolvers<void>()
  let asked = 0
  const groups: typeof memory.groups = {
    ...memory.groups,
    async heads(users) {
      const heads = await memory.groups.heads(users)
      // The answer to the first count's last look at the head is long under way.
      if (++asked === 2) await late.promise
      return heads
    },
  }
  const badge = createBadge({ ...memory, groups }, 90 * dayMs, seams)
  const before = badge('carol', 1)
  while (asked < 2) await new Promise((resolve) => setImmediate(resolve))
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 2)]))
  await memory.groups.putHeads([{ user: 'carol', head: 2 }])
  const after = badge('carol')
  await new Promise((resolve) => setImmediate(resolve))
  late.resolve()
  assert.deepEqual(
    [shown(await before), shown(await after)],
    [
      { upTo: 1, unread: 1 },
      { upTo: 2, unread: 2 },
    ],
  )
})

test('rows of a flush that is halfway are not counted for the head before it', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 1)]))
  await memory.groups.putHeads([{ user: 'carol', head: 1 }])
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 2)]))
  const badge = createBadge(memory, 90 * dayMs, seams)
  const counted = badge('carol')
  seams.scheduler.after(20, () => void memory.groups.putHeads([{ user: 'carol', head: 2 }]))
  await pass(seams, 100)
  assert.deepEqual(shown(await counted), { upTo: 2, unread: 2 })
})

test('a flush that never tells its head holds up nobody for long, and what came up with it is not counted', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  const [before, grown, cameUp] = [
    sampleRow('carol', 1),
    sampleRow('carol', 3, { visibleSince: 2, openedSeq: 2 }),
    sampleRow('carol', 4),
  ]
  await memory.groups.putGroups(batchesOf([before, grown, cameUp]))
  await memory.groups.putHeads([{ user: 'carol', head: 2 }])
  const counted = createBadge(memory, 90 * dayMs, seams)('carol')
  await pass(seams, 100)
  assert.deepEqual(shown(await counted), { upTo: 2, unread: 2 })
})

test('a badge that is counted while its user is erased counts nothing, then and later', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 1)]))
  await memory.groups.putHeads([{ user: 'carol', head: 1 }])
  const groups: typeof memory.groups = {
    ...memory.groups,
    async unread(...asked) {
      const rows = await memory.groups.unread(...asked)
      await memory.groups.purge({ user: 'carol' })
      await memory.unread.drop(['carol'])
      return rows
    },
  }
  const badge = createBadge({ ...memory, groups }, 90 * dayMs, seams)
  assert.deepEqual(shown(await badge('carol')), { upTo: 0, unread: 0 })
  assert.deepEqual(shown(await badge('carol')), { upTo: 0, unread: 0 })
})

test('a set that is ahead of the head, of before an erasure that the cache did not hear of, is not believed', async () => {
  const seams = virtualSeams({ now: someTime + dayMs })
  const memory = openMemory(createMemoryStorage(), seams)
  await memory.groups.putGroups(batchesOf([sampleRow('carol', 5)]))
  await memory.groups.putHeads([{ user: 'carol', head: 5 }])
  const badge = createBadge(memory, 90 * dayMs, seams)
  assert.deepEqual(shown(await badge('carol')), { upTo: 5, unread: 1 })
  await memory.groups.purge({ user: 'carol' })
  assert.deepEqual(shown(await badge('carol')), { upTo: 0, unread: 0 })
})

const shown = ({ upTo, unread }: BadgeCounts) => ({ upTo, unread })

async function pass(seams: VirtualSeams, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone++) {
    await new Promise((resolve) => setImmediate(resolve))
    seams.time.advance(1)
  }
}
