// A deletion of an object that was cut off halfway, by a crash or by a backup that was taken then, comes to its end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../../src/config/load.ts'
import { sampleEvent } from '../../src/conformance/samples.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import type { ObjectRef } from '../../src/ports/object-index.ts'
import { like, page, send, walk } from '../journeys/testing/calls.ts'
import { Disk } from '../journeys/testing/on-disk.ts'
import { passUntil } from '../model/world.ts'

const post: ObjectRef = { objectType: 'POST', objectId: 'p1' }

test('An object whose deletion stopped behind its tombstone is gone from lists and badges after the next start.', async () => {
  await using disk = await Disk.make()
  const users = Array.from({ length: 1_100 }, (_, i) => `user-${String(i).padStart(4, '0')}`)
  {
    await using server = await disk.start()
    await send(server, ...users.flatMap((user) => [like('ann', user, 'p1'), like('ann', user, 'p2')]))
  }
  await tombstone(disk)
  await using server = await disk.start()
  await server.advance(10)
  for (const user of [users[0], users[499], users[500], users.at(-1)] as string[]) {
    await untilFolded(async () => (await page(server, user)).unread_count === 1)
    assert.deepEqual(
      (await walk(server, user)).map(({ object_id }) => object_id),
      ['p2'],
    )
  }

  async function untilFolded(holds: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 500; turn++) {
      if (await holds()) return
      await server.advance(10)
    }
    assert.fail('it never came to its end')
  }
})

test('A group that opened after the deletion stays.', async () => {
  await using disk = await Disk.make()
  {
    await using server = await disk.start()
    await send(server, like('ann', 'carol', 'p1'))
  }
  await tombstone(disk)
  disk.seams.time.advance(2 * 86_400_000)
  {
    await using server = await disk.start()
    await send(server, like('ben', 'carol', 'p1', { created_at: server.now() }))
    const { unread_count, activity_groups } = await page(server, 'carol')
    assert.deepEqual([unread_count, activity_groups.map(({ actor_count }) => actor_count)], [1, [1]])
  }
  await using server = await disk.start()
  for (let turn = 0; turn < 20; turn++) {
    await server.advance(10)
    assert.equal((await page(server, 'carol')).unread_count, 1)
  }
})

test('A worker that is further behind than `log.maxLag` gets past an object that was deleted before its events were folded.', async () => {
  await using disk = await Disk.make()
  {
    await using engines = await openEmbedded(settingsWith({ 'data.dir': disk.folder }), disk.seams)
    const events = ['p1', 'p2', 'p3'].map((objectId, n) => sampleEvent('carol', n, { objectId, createdAt: null }))
    await engines.ports.log.append(events.map((event) => ({ kind: 'event', event })))
  }
  await tombstone(disk)
  await using server = await disk.start({ 'log.maxLag': 1 })
  await passUntil(disk.seams, 'all is folded', async () => (await page(server, 'carol')).unread_count === 2)
  await send(server, like('ann', 'carol', 'p4'))
  assert.equal((await page(server, 'carol')).unread_count, 3)
})

test('A tombstone is forgotten once nothing from before it can be seen any more.', async () => {
  await using disk = await Disk.make()
  const server = await disk.start()
  await send(server, like('ann', 'carol', 'p1'))
  assert.equal((await server.request('DELETE', '/v1/objects/POST/p1')).status, 202)
  await server.close()
  for (const [days, left] of [
    [96, 1],
    [2, 0],
  ] as const) {
    disk.seams.time.jump(days * 86_400_000)
    const later = await disk.start()
    await later.advance(3_600_000)
    for (let i = 0; i < 5; i++) await later.request('GET', '/healthz')
    await later.close()
    assert.equal(await tombstones(disk), left)
  }
})

async function tombstone(disk: Disk): Promise<void> {
  await using engines = await openEmbedded(settingsWith({ 'data.dir': disk.folder }), disk.seams)
  await engines.ports.objects.putTombstone(post, disk.seams.clock.now())
}

async function tombstones(disk: Disk): Promise<number> {
  await using engines = await openEmbedded(settingsWith({ 'data.dir': disk.folder }), disk.seams)
  return (await engines.ports.objects.newestTombstones(10)).length
}
