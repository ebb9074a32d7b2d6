// The badge: one number that every answer, every frame and a recount of the list agree on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventInput } from '@headwater/protocol'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { accept, like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { steps } from './testing/lengths.ts'
import { openSocket } from './testing/socket.ts'
import { View } from './testing/view.ts'

test('Badge wrong after mark-as-read: answer, frame and fresh read agree', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p2'), like('cy', 'carol', 'p3'))
  const { activity_groups, unread_count, seq } = await page(server, 'carol')
  assert.equal(unread_count, 3)
  using socket = await openSocket(server, 'carol')
  await socket.reached(seq)

  const marked = await mark(server, 'carol', 'read', { group_ids: [activity_groups[1]?.group_id ?? ''] })
  await server.settle()
  const frame = await socket.next('read_state')
  const fresh = await page(server, 'carol')
  assert.deepEqual(
    [marked.updated_unread_count, frame.unread_count, fresh.unread_count, fresh.unseen_count],
    [2, 2, 2, 2],
  )
  assert.deepEqual(
    fresh.activity_groups.map((group) => group.is_read),
    [false, true, false],
  )
  const single = await server.request('GET', `/v1/activities/${activity_groups[1]?.group_id}`, { user: 'carol' })
  assert.deepEqual([single.body.unread_count, single.body.activity_group.is_read], [2, true])
})

const operationsMax = steps(10_000, 2_000)

test(`Badge wrong after mark-as-read: ${operationsMax} random operations of two clients, and the badge is still a recount`, async () => {
  await using server = await startHeadwater({ config: { 'activity.flushMs': 0 } })
  const random = seededRandom(20_260_101)
  const pick = (count: number): number => Math.floor(random.next() * count)
  const tokens = [await server.token('carol'), await server.token('carol')]
  using phone = await openSocket(server, 'carol', { deviceId: 'phone' })
  using laptop = await openSocket(server, 'carol', { deviceId: 'laptop' })
  const views = [new View(), new View()]
  const taken = [0, 0]
  let operations = 0
  let known: string[] = []
  while (operations < operationsMax) {
    const events = Array.from({ length: 120 }, (): EventInput => {
      const object = `p${pick(60)}`
      const actor = `actor-${pick(12)}`
      return random.next() < 0.35 ? unlike(actor, 'carol', object) : like(actor, 'carol', object)
    })
    operations += events.length
    const writes: Promise<unknown>[] = [accept(server, events)]
    for (let i = 0; i < 6; i++) {
      writes.push(operate(server, tokens[i % 2] as string, pick(6), known[pick(known.length)]))
      operations++
    }
    await Promise.all(writes)
    await server.advance(1)
    const now = await recount(server)
    known = now.ids
    await Promise.all([phone, laptop].map((socket) => socket.reached(now.seq)))
    for (const [i, socket] of [phone, laptop].entries()) {
      const view = views[i] as View
      taken[i] = view.follow(socket, taken[i])
      assert.deepEqual([view.counts.unread_count, view.counts.unseen_count], [now.unread, now.unseen])
      assert.deepEqual([...view.groups.keys()].sort(), [...known].sort())
    }
  }
  assert.ok(known.length > 20, 'there is something to count')
  for (const view of views) await view.assertIsTheServers(server, 'carol')
})

/** What one of the clients does while events come in. */
async function operate(server: TestServer, token: string, what: number, groupId: string | undefined): Promise<void> {
  const post = (path: string, body: object) => server.request('POST', path, { token, body })
  if (what === 0) await post('/v1/activities/read', { all: true })
  else if (what === 1) await post('/v1/activities/seen', { all: true })
  else if (groupId === undefined) await server.request('GET', '/v1/activities', { token })
  else if (what === 2) await server.request('DELETE', `/v1/activities/${groupId}`, { token })
  else if (what === 3) await post('/v1/activities/seen', { group_ids: [groupId] })
  else await post('/v1/activities/read', { group_ids: [groupId] })
}

/** The badge, which must be what counting the list gives. */
async function recount(server: TestServer): Promise<{ ids: string[]; unread: number; unseen: number; seq: number }> {
  const groups = await walk(server, 'carol')
  const { unread_count, unseen_count, seq } = await page(server, 'carol', '?limit=1')
  assert.equal(unread_count, groups.filter((group) => !group.is_read).length)
  assert.equal(unseen_count, groups.filter((group) => !group.is_seen).length)
  return { ids: groups.map((group) => group.group_id), unread: unread_count, unseen: unseen_count, seq }
}

test('Ghost badge: what is deleted or taken back is not counted, and open sockets hear of it', async () => {
  await using server = await startHeadwater()
  await send(
    server,
    like('ann', 'carol', 'taken-back'),
    like('ann', 'carol', 'deleted-object'),
    like('ann', 'carol', 'deleted-group'),
    like('zoe', 'carol', 'deleted-account'),
    like('ann', 'carol', 'stays'),
  )
  using socket = await openSocket(server, 'carol')
  const before = await page(server, 'carol')
  assert.equal(before.unread_count, 5)
  await socket.reached(before.seq)

  const falls: readonly (readonly [what: string, run: () => Promise<unknown>])[] = [
    ['taken-back', () => send(server, unlike('ann', 'carol', 'taken-back'))],
    ['deleted-object', () => server.request('DELETE', '/v1/objects/POST/deleted-object')],
    [
      'deleted-group',
      () => server.request('DELETE', `/v1/activities/${idOf(before, 'deleted-group')}`, { user: 'carol' }),
    ],
    [
      'deleted-account',
      async () => {
        await server.request('DELETE', '/v1/users/zoe')
        // A round of the sweep finds that what came before is not folded yet, and the next one that it is.
        for (let rounds = 0; rounds < 3; rounds++) await server.advance(5_000)
      },
    ],
  ]
  let left = 5
  for (const [what, run] of falls) {
    const heard = socket.frames.length
    await run()
    await server.settle()
    left--
    const removed = await socket.next('activity_group_removed', heard)
    assert.deepEqual([removed.group_id, removed.unread_count], [idOf(before, what), left], what)
    const now = await page(server, 'carol')
    assert.deepEqual([now.unread_count, now.activity_groups.length], [left, left], what)
  }
})

test('Ghost badge: a late event about an object that was deleted leaves no number without a group', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  assert.equal((await server.request('DELETE', '/v1/objects/POST/p1')).status, 202)
  await server.advance(1_000)
  await send(server, like('ben', 'carol', 'p1', { created_at: server.now() - 3_600_000 }))
  await server.settle()
  const late = await page(server, 'carol')
  assert.equal(late.unread_count, late.activity_groups.length)

  await server.advance(1_000)
  await send(server, like('cy', 'carol', 'p1'))
  await server.settle()
  const again = await page(server, 'carol')
  assert.deepEqual([again.unread_count, again.activity_groups.length], [1, 1])
})

test('Count counts events, list shows groups: thirty likes of two posts are two', async () => {
  await using server = await startHeadwater()
  await send(server, ...Array.from({ length: 30 }, (_, i) => like(`actor-${i}`, 'carol', `p${i % 2}`)))
  const { unread_count, unseen_count, activity_groups } = await page(server, 'carol')
  assert.deepEqual([unread_count, unseen_count, activity_groups.length], [2, 2, 2])
  assert.deepEqual(
    activity_groups.map((group) => group.event_count),
    [15, 15],
  )
})

test('Count capped: 250 unread groups are 250 everywhere', async () => {
  await using server = await startHeadwater()
  await send(server, ...Array.from({ length: 250 }, (_, i) => like('ann', 'carol', `p${i}`)))
  const { unread_count, unseen_count, filtered_unread_count, activity_groups, seq } = await page(server, 'carol')
  assert.deepEqual([unread_count, unseen_count, filtered_unread_count, activity_groups.length], [250, 250, 250, 20])
  using socket = await openSocket(server, 'carol', { resume: { epoch: (await page(server, 'carol')).epoch, seq } })
  assert.equal(socket.hello?.unread_count, 250)
  await send(server, like('ben', 'carol', 'p250'))
  assert.equal((await socket.next('activity_group_created')).unread_count, 251)
  const marked = await mark(server, 'carol', 'read', { group_ids: [activity_groups[0]?.group_id ?? ''] })
  assert.equal(marked.updated_unread_count, 250)
})

test('Counters negative / drift: taking back more than was given never goes below nothing', async () => {
  await using server = await startHeadwater()
  await send(
    server,
    unlike('ann', 'carol', 'p1'),
    unlike('ann', 'carol', 'p1'),
    like('ben', 'carol', 'p1'),
    unlike('ben', 'carol', 'p1'),
    unlike('ben', 'carol', 'p1'),
    unlike('cy', 'carol', 'p1'),
  )
  const empty = await page(server, 'carol')
  assert.deepEqual([empty.unread_count, empty.unseen_count, empty.activity_groups], [0, 0, []])
  await mark(server, 'carol', 'read', { all: true })
  await mark(server, 'carol', 'read', { all: true })
  await send(server, like('dan', 'carol', 'p1'))
  const { activity_groups, unread_count } = await page(server, 'carol')
  assert.deepEqual([unread_count, activity_groups.length, activity_groups[0]?.actor_count], [1, 1, 1])
  await send(server, unlike('dan', 'carol', 'p1'))
  assert.equal((await page(server, 'carol')).unread_count, 0)
})

function idOf({ activity_groups }: Awaited<ReturnType<typeof page>>, object: string): string {
  return activity_groups.find((group) => group.object_id === object)?.group_id ?? `no group about ${object}`
}
