// A backup and what comes of it: the restored server knows what it knew then, clients are told to read anew, and all goes on.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { StreamPosition } from '@headwater/protocol'
import { backUp, restore } from '../../src/backup.ts'
import { settingsWith } from '../../src/config/load.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openData } from '../../src/server.ts'
import type { TestServer } from '../../src/testing.ts'
import { allActors, like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { EventStream } from './testing/event-stream.ts'
import { Disk } from './testing/on-disk.ts'
import { openSocket } from './testing/socket.ts'
import { View } from './testing/view.ts'

const quiet = (): void => {}
const settingsOf = (folder: string, more = {}) => settingsWith({ 'data.dir': folder, ...more })

/** An empty place for a restored copy; its clock stands where that of the disk does. */
async function emptyDisk(from: Disk): Promise<Disk> {
  const disk = await Disk.make()
  disk.seams.time.advance(from.seams.clock.now() - disk.seams.clock.now())
  return disk
}

/** What a client that stood somewhere is told first. */
async function openings(server: TestServer, user: string, resume: StreamPosition) {
  using socket = await openSocket(server, user, { resume })
  await socket.roundTrip()
  await using stream = await EventStream.open(server, '', {
    authorization: `Bearer ${await server.token(user)}`,
    'last-event-id': `${resume.epoch}:${resume.seq}`,
  })
  const isTold = () => stream.events.some(({ event }) => event === 'reset') || stream.events.length > 2
  await stream.until('reset', isTold)
  return {
    socket: socket.frames.filter(({ type }) => type !== 'pong').map(({ type, reason, seq }) => [type, reason, seq]),
    stream: stream.events.slice(0, 2).map(({ event, data }) => [event, data.reason, data.seq]),
  }
}

test('a restored server shows what the backup had, tells every older client reset, and goes on from there', async () => {
  await using disk = await Disk.make()
  const first = await disk.start()
  await first.request('PUT', '/v1/users/ann', { body: { name: 'Ann' } })
  await send(first, ...Array.from({ length: 40 }, (_, i) => like(`actor-${i % 9}`, 'carol', `p${i % 12}`)))
  const [some, other, gone] = await walk(first, 'carol')
  await mark(first, 'carol', 'seen', { all: true })
  await mark(first, 'carol', 'read', { group_ids: [some?.group_id ?? '', other?.group_id ?? ''] })
  await first.request('DELETE', `/v1/activities/${gone?.group_id}`, { user: 'carol' })
  await send(first, like('ann', 'carol', 'p3'), like('ann', 'carol', 'new'))
  const then = await page(first, 'carol', '?limit=100')
  const before = { epoch: then.epoch, seq: then.seq }
  assert.ok(then.unread_count > then.unseen_count && then.unseen_count > 0)

  const file = join(disk.folder, 'then.backup')
  await backUp(settingsOf(disk.folder), file, quiet)

  // What the restored server will never have known of.
  await send(first, ...Array.from({ length: 30 }, (_, i) => like(`late-${i}`, 'carol', `p${i % 15}`)))
  await mark(first, 'carol', 'read', { all: true })
  const lost = await page(first, 'carol', '?limit=100')
  const after = { epoch: lost.epoch, seq: lost.seq }
  await first.close()

  await using place = await emptyDisk(disk)
  await restore(settingsOf(place.folder), file, quiet)
  await using second = await place.start()
  const now = await page(second, 'carol', '?limit=100')
  assert.notEqual(now.epoch, then.epoch)
  assert.deepEqual({ ...now, epoch: then.epoch }, then)
  assert.deepEqual(await allActors(second, 'carol', some?.group_id ?? ''), await actorsThen())

  for (const resume of [before, after]) {
    const told = await openings(second, 'carol', resume)
    const expected = [
      ['hello', undefined, now.seq],
      ['reset', 'epoch_changed', now.seq],
    ]
    assert.deepEqual(told, { socket: expected, stream: expected })
  }

  // A client goes on live from the reset.
  using socket = await openSocket(second, 'carol', { resume: after })
  const view = new View()
  await view.load(second, 'carol')
  const known = now.activity_groups.find(({ object_id }) => object_id === 'p3')
  const [ids] = [
    await send(second, like('late-1', 'carol', 'p3'), unlike('ann', 'carol', 'new'), like('ann', 'dave', 'x')),
  ]
  await second.advance(1_000)
  await mark(second, 'carol', 'read', { group_ids: [known?.group_id ?? ''] })
  await second.settle()
  const later = await page(second, 'carol', '?limit=100')
  assert.ok(later.seq > after.seq && later.seq > now.seq, 'positions of the new epoch are above all old ones')
  await socket.reached(later.seq)
  view.follow(socket)
  await view.assertIsTheServers(second, 'carol')
  const grown = later.activity_groups.find(({ object_id }) => object_id === 'p3')
  assert.deepEqual([grown?.group_id, grown?.actor_count], [known?.group_id, (known?.actor_count ?? 0) + 1])
  assert.equal(
    later.activity_groups.some(({ object_id }) => object_id === 'new'),
    false,
  )
  assert.equal((await second.request('GET', `/v1/events/${ids[0]}`)).body.state, 'applied')
  const position = socket.position
  await second.close()

  // Within the new epoch nothing is reset.
  await using third = await place.start()
  using resumed = await openSocket(third, 'carol', { resume: position })
  await resumed.roundTrip()
  assert.deepEqual(
    resumed.frames.map(({ type }) => type),
    ['hello', 'pong'],
  )
  await third.close()
  await assertSound(place.folder)

  async function actorsThen() {
    await using again = await disk.start()
    const actors = await allActors(again, 'carol', some?.group_id ?? '')
    return actors.filter(({ id }) => !id.startsWith('late-'))
  }
})

test('clients of one restored copy are told reset by another copy of the same backup', async () => {
  await using disk = await Disk.make()
  const file = join(disk.folder, 'then.backup')
  {
    await using server = await disk.start()
    await send(server, like('ann', 'carol', 'p1'))
    await backUp(settingsOf(disk.folder), file, quiet)
  }
  await using one = await emptyDisk(disk)
  await restore(settingsOf(one.folder), file, quiet)
  const first = await one.start()
  await send(first, like('ben', 'carol', 'p1'))
  const { epoch, seq } = await page(first, 'carol')
  await first.close()

  await using two = await emptyDisk(disk)
  await restore(settingsOf(two.folder), file, quiet)
  await using second = await two.start()
  await send(second, like('cleo', 'carol', 'p1'), like('dan', 'carol', 'p2'))
  const told = await openings(second, 'carol', { epoch, seq })
  assert.deepEqual(
    told.socket.slice(0, 2).map(([type]) => type),
    ['hello', 'reset'],
  )
  assert.deepEqual(
    told.stream.map(([type]) => type),
    ['hello', 'reset'],
  )
})

test('a restore deals the users over another number of partitions, and folds what waited', async () => {
  await using disk = await Disk.make()
  const users = Array.from({ length: 20 }, (_, i) => `user-${i}`)
  const file = join(disk.folder, 'then.backup')
  const expected = new Map<string, unknown>()
  {
    await using server = await disk.start({ 'log.partitions': 2, 'activity.flushMs': 60_000 })
    await send(server, ...users.flatMap((user) => [like('ann', user, 'p1'), like('ben', user, 'p1')]))
    // In the log, and not in any group yet.
    const body = { events: users.map((user) => like('cleo', user, 'p1')) }
    assert.equal((await server.request('POST', '/v1/events', { body })).status, 202)
    await backUp(settingsOf(disk.folder), file, quiet)
    await server.settle()
    for (const user of users) expected.set(user, shown(await page(server, user)))
  }
  await using place = await emptyDisk(disk)
  const report = await restore(settingsOf(place.folder, { 'log.partitions': 5 }), file, quiet)
  assert.deepEqual(report.partitions, { before: 2, now: 5 })
  assert.equal(report.foldedEvents, 20)
  {
    await using server = await place.start({ 'log.partitions': 5 })
    for (const user of users) assert.deepEqual(shown(await page(server, user)), expected.get(user))
    await send(server, ...users.map((user) => like('dan', user, 'p1')))
    for (const user of users) {
      const { activity_groups, unread_count } = await page(server, user)
      assert.deepEqual([activity_groups.map(({ actor_count }) => actor_count), unread_count], [[4], 1])
    }
  }
  await assert.rejects(place.start({ 'log.partitions': 4 }), /has 5 partitions/)
  // Whoever does not name the number gets that of the data.
  await assertSound(place.folder)
  await backUp(settingsOf(place.folder), join(place.folder, 'again.backup'), quiet)
  await using again = await emptyDisk(place)
  const kept = await restore(settingsOf(again.folder), join(place.folder, 'again.backup'), quiet)
  assert.deepEqual(kept.partitions, { before: 5, now: 5 })

  function shown({ activity_groups, unread_count, unseen_count, seq }: Awaited<ReturnType<typeof page>>) {
    return { activity_groups, unread_count, unseen_count, seq }
  }
})

test('what the log tells of a key whose groups are older than it is not taken for a difference', async () => {
  await using disk = await Disk.make()
  const file = join(disk.folder, 'then.backup')
  {
    await using server = await disk.start()
    await send(server, like('ann', 'carol', 'p1', { created_at: server.now() }))
    await backUp(settingsOf(disk.folder), file, quiet)
  }
  await using place = await emptyDisk(disk)
  await restore(settingsOf(place.folder), file, quiet)
  {
    await using server = await place.start()
    const hourMs = 3_600_000
    await server.advance(20 * hourMs)
    // Joins the group of the backup, and would open one if the log were all there is.
    await send(server, like('ben', 'carol', 'p1', { created_at: server.now() }), like('ben', 'carol', 'p2'))
    await server.advance(10 * hourMs)
    await send(server, like('cleo', 'carol', 'p1', { created_at: server.now() }))
    assert.equal((await page(server, 'carol')).activity_groups.length, 3)
  }
  const report = await assertSound(place.folder)
  assert.deepEqual([report.groups, report.replayed], [3, 1])
})

async function assertSound(folder: string, more = {}) {
  // Verifying goes by the real clock, and the groups are of the virtual one.
  const settings = settingsOf(folder, { 'activity.retentionDays': 3_650, ...more })
  const config = { ...settings, access: { apiKeys: [], tokenSecrets: [] }, isDevelopment: false }
  await using data = await openData(config, { log: silentLog })
  const report = await data.verify(quiet)
  assert.deepEqual(report.differences, [])
  assert.ok(report.groups > 0)
  return report
}
