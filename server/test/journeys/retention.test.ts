// Ninety days: what is older is nowhere to be seen, in no count, and a week later in no store.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { insideOf, startHeadwater, type TestServer } from '../../src/testing.ts'
import { like, mark, page, send, walk } from './testing/calls.ts'
import { Disk } from './testing/on-disk.ts'
import { openSocket } from './testing/socket.ts'
import { View } from './testing/view.ts'

const dayMs = 86_400_000

/** Moves the wall clock alone: ninety days of heartbeats are nothing to wait for. */
function sleepThrough(server: TestServer, ms: number): void {
  insideOf(server).time.jump(ms)
}

test('No TTL: after ninety days list, badge, single group, actors and resume agree that it is gone', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'old'), like('ben', 'carol', 'old'))
  const before = await page(server, 'carol')
  const old = before.activity_groups[0]?.group_id ?? ''
  sleepThrough(server, 10 * dayMs)
  await send(server, like('ann', 'carol', 'newer'))

  sleepThrough(server, 80 * dayMs - 1)
  assert.equal((await page(server, 'carol')).unread_count, 2, 'one millisecond before it is still there')
  assert.equal((await walk(server, 'carol')).length, 2)
  sleepThrough(server, 2)

  const after = await page(server, 'carol')
  assert.deepEqual(
    [
      after.unread_count,
      after.unseen_count,
      after.filtered_unread_count,
      after.activity_groups.map((held) => held.object_id),
    ],
    [1, 1, 1, ['newer']],
  )
  assert.equal((await page(server, 'carol', '?filter=LIKE')).filtered_unread_count, 1)
  for (const path of [`/v1/activities/${old}`, `/v1/activities/${old}/actors`]) {
    assert.equal((await server.request('GET', path, { user: 'carol' })).status, 404, path)
  }
  const marked = await server.request('POST', '/v1/activities/read', { user: 'carol', body: { group_ids: [old] } })
  assert.equal(marked.status, 404)
  assert.equal((await server.request('DELETE', `/v1/activities/${old}`, { user: 'carol' })).status, 404)

  for (const resume of [{ epoch: before.epoch, seq: 0 }, undefined]) {
    using socket = await openSocket(server, 'carol', resume ? { resume } : {})
    assert.equal(socket.hello?.unread_count, 1)
    await socket.reached(socket.hello?.seq)
    const view = new View()
    view.follow(socket)
    await view.assertIsTheServers(server, 'carol')
  }
})

test('No TTL: a badge that is at hand follows the clock, seen and unseen alike', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'old'), like('ann', 'carol', 'seen-and-old'))
  await mark(server, 'carol', 'seen', { all: true })
  await server.settle()
  sleepThrough(server, 45 * dayMs)
  await send(server, like('ann', 'carol', 'newer'))
  sleepThrough(server, 45 * dayMs + 1)
  const kept = await page(server, 'carol')
  assert.deepEqual([kept.unread_count, kept.unseen_count], [1, 1])
  const read = await mark(server, 'carol', 'read', { all: true })
  assert.deepEqual([read.updated_unread_count, read.unseen_count], [0, 0])
})

test('No TTL: after 97 days housekeeping drops the rows, and clients of before hear of it', async () => {
  await using server = await startHeadwater()
  const [eventId] = await send(
    server,
    ...Array.from({ length: 30 }, (_, i) => like(`actor-${i}`, 'carol', `p${i % 3}`)),
  )
  const { epoch, seq } = await page(server, 'carol')
  sleepThrough(server, 96 * dayMs)
  await housekeeping(server)
  assert.equal(await listedAt(server, -96 * dayMs), 3, 'a page walk that began before may still end')
  sleepThrough(server, 2 * dayMs)
  await housekeeping(server)
  assert.equal(await listedAt(server, -98 * dayMs), 0)
  assert.equal((await server.request('GET', `/v1/events/${eventId}`)).status, 404)

  using behind = await openSocket(server, 'carol', { resume: { epoch, seq: 0 } })
  await behind.next('reset')
  assert.equal(behind.hello?.unread_count, 0)
  using upToDate = await openSocket(server, 'carol', { resume: { epoch, seq } })
  assert.deepEqual([upToDate.hello?.from_seq, upToDate.hello?.seq], [seq, seq])

  await send(server, like('ann', 'carol', 'p1'))
  const again = await page(server, 'carol')
  assert.deepEqual([again.unread_count, again.activity_groups.length], [1, 1])
  await upToDate.reached(again.seq)
  await behind.reached(again.seq)
})

test('Disk grows for ever: after 97 days nothing of a group is left on the disk', async () => {
  await using disk = await Disk.make()
  const server = await disk.start()
  // More than ride in the group's row.
  await send(server, ...Array.from({ length: 10 }, (_, i) => like(`actor-${i}`, 'carol', 'p1')))
  const [held] = await walk(server, 'carol')
  await mark(server, 'carol', 'read', { group_ids: [held?.group_id ?? ''] })
  await server.settle()
  assert.deepEqual(rowsIn(disk.folder), {
    ...nothing,
    groups: 1,
    members: 10,
    actor_groups_new: 10,
    object_groups: 1,
    marks: 1,
    traces: 10,
    // Events that came together are one row, the mark is another.
    log: 2,
  })

  disk.seams.time.jump(98 * dayMs)
  await server.advance(3_600_000)
  for (let tries = 0; rowsIn(disk.folder).traces !== 0 && tries < 200; tries++) await server.request('GET', '/healthz')
  await server.close()
  assert.deepEqual(rowsIn(disk.folder), nothing)
})

test('a cursor that points at what is past retention says so', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'p2'), like('ann', 'carol', 'p3'))
  const { next_cursor } = await page(server, 'carol', '?limit=2')
  sleepThrough(server, 91 * dayMs)
  const answer = await server.request('GET', `/v1/activities?limit=2&cursor=${next_cursor}`, { user: 'carol' })
  assert.deepEqual([answer.status, answer.body.code], [410, 'cursor_expired'])
})

test('a group that opens for an event of long ago is as old as the event', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1', { created_at: server.now() - 89 * dayMs }))
  assert.equal((await page(server, 'carol')).unread_count, 1)
  sleepThrough(server, dayMs + 1)
  const { unread_count, activity_groups } = await page(server, 'carol')
  assert.deepEqual([unread_count, activity_groups], [0, []])
})

test('an event that joins a group past retention is shown on no socket, as in no list', async () => {
  await using server = await startHeadwater()
  const bornAt = server.now() - 89.5 * dayMs
  await send(server, like('ann', 'carol', 'p1', { created_at: bornAt }))
  using socket = await openSocket(server, 'carol', { resume: { epoch: (await page(server, 'carol')).epoch, seq: 0 } })
  await socket.reached(socket.hello?.seq)
  sleepThrough(server, dayMs)
  await send(server, like('ben', 'carol', 'p1', { created_at: bornAt + 0.9 * dayMs }))
  const { seq, activity_groups } = await page(server, 'carol')
  assert.deepEqual(activity_groups, [])
  await socket.reached(seq)
  const view = new View()
  view.follow(socket)
  await view.assertIsTheServers(server, 'carol')
})

/** Lets the hourly round of housekeeping happen; an answer from the server means that it had its turn. */
async function housekeeping(server: TestServer): Promise<void> {
  await server.advance(3_600_000)
  for (let i = 0; i < 5; i++) await server.request('GET', '/healthz')
}

/** How many groups a page that is not kept shows when the clock is set back: what the store still has. */
async function listedAt(server: TestServer, ms: number): Promise<number> {
  sleepThrough(server, ms)
  const { activity_groups } = await page(server, 'carol', '?filter=LIKE')
  sleepThrough(server, -ms)
  return activity_groups.length
}

const nothing = {
  groups: 0,
  members: 0,
  actor_groups: 0,
  actor_groups_new: 0,
  object_groups: 0,
  marks: 0,
  traces: 0,
  log: 0,
}

function rowsIn(folder: string): Record<string, number> {
  const database = new DatabaseSync(join(folder, databaseFile), { readOnly: true })
  const rows = Object.keys(nothing).map((table) => {
    const count = database.prepare(`SELECT count(*) AS n FROM ${table}`).get()
    return [table, Number(count?.n)]
  })
  database.close()
  return Object.fromEntries(rows)
}
