// Groups: who is in them, when they close, and how they are listed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater } from '../../src/testing.ts'
import { accept, allActors, group, like, mark, page, send, unlike, walk } from './testing/calls.ts'

const dayMs = 86_400_000

test('Concurrent writers split a group: a thousand likes in a hundred requests at once are one group', async () => {
  await using server = await startHeadwater()
  const likes = Array.from({ length: 1_000 }, (_, i) => like(`actor-${i}`, 'carol', 'p1'))
  await Promise.all(Array.from({ length: 100 }, (_, i) => accept(server, likes.slice(i * 10, i * 10 + 10))))
  await server.settle()
  const { activity_groups, unread_count } = await page(server, 'carol')
  assert.deepEqual([activity_groups.length, unread_count], [1, 1])
  const [only] = activity_groups
  assert.deepEqual([only?.actor_count, only?.event_count, only?.new_actor_count], [1_000, 1_000, 1_000])
  const actors = await allActors(server, 'carol', only?.group_id ?? '')
  assert.equal(new Set(actors.map((actor) => actor.id)).size, 1_000)
  assert.equal(actors.length, 1_000)
})

test('Concurrent writers split a group: not when requests race while groups open, and not with repeats', async () => {
  await using server = await startHeadwater({ config: { 'activity.flushMs': 0, 'log.partitions': 8 } })
  const likes = Array.from({ length: 400 }, (_, i) => like(`actor-${i % 100}`, `user-${i % 4}`, `p${i % 3}`))
  await Promise.all(likes.map((one) => server.request('POST', '/v1/events', { body: one })))
  await server.settle()
  for (let user = 0; user < 4; user++) {
    const groups = await walk(server, `user-${user}`)
    assert.equal(groups.length, 3)
    const expected = (object: string) =>
      new Set(likes.filter((l) => l.target_user_id === `user-${user}` && l.object_id === object).map((l) => l.actor_id))
        .size
    for (const one of groups) assert.equal(one.actor_count, expected(one.object_id))
  }
})

test('Lost members or double-count: one outside the newest ten who takes back lowers the count', async () => {
  await using server = await startHeadwater()
  await send(
    server,
    ...Array.from({ length: 25 }, (_, i) => like(`actor-${i}`, 'carol', 'p1', { created_at: server.now() + i })),
  )
  await server.advance(6 * 60_000)
  await send(server, unlike('actor-3', 'carol', 'p1'))
  const [held] = (await page(server, 'carol')).activity_groups
  assert.deepEqual([held?.actor_count, held?.summary], [24, 'actor-24, actor-23 and 22 others liked your post'])
  const left = await allActors(server, 'carol', held?.group_id ?? '')
  assert.deepEqual(
    left.map((actor) => actor.id),
    Array.from({ length: 25 }, (_, i) => `actor-${24 - i}`).filter((id) => id !== 'actor-3'),
  )

  await send(
    server,
    ...Array.from({ length: 23 }, (_, i) => unlike(`actor-${24 - i}`, 'carol', 'p1', { created_at: server.now() + 1 })),
  )
  const [last] = (await page(server, 'carol')).activity_groups
  assert.deepEqual([last?.actor_count, last?.summary], [2, 'actor-1 and actor-0 liked your post'])
})

test('Lost members or double-count: like, unlike and like again is one actor and no second notice', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p1'))
  await mark(server, 'carol', 'read', { all: true })
  await server.settle()
  for (const event of [unlike, like, unlike, like]) {
    await server.advance(1_000)
    await send(server, event('ann', 'carol', 'p1'))
  }
  const { activity_groups, unread_count, unseen_count } = await page(server, 'carol')
  assert.deepEqual([activity_groups.length, unread_count, unseen_count], [1, 0, 0])
  assert.deepEqual([activity_groups[0]?.actor_count, activity_groups[0]?.new_actor_count], [2, 0])
})

test('Lost members or double-count: a few actors who come thousands of times are as many as they are', async () => {
  await using server = await startHeadwater()
  for (const actors of [1, 2, 8, 9]) {
    const start = server.now() - 5_000
    for (let from = 0; from < 5_000; from += 500) {
      // Each likes and takes back, in turns; the last time of each is a like.
      const events = Array.from({ length: 500 }, (_, i) => {
        const event = like(`actor-${(from + i) % actors}`, 'carol', `p${actors}`, { created_at: start + from + i })
        return from + i < 4_500 && Math.floor((from + i) / actors) % 2 === 1 ? { ...event, op: 'UNDO' as const } : event
      })
      await send(server, ...events)
    }
    const shown = (await page(server, 'carol')).activity_groups.find((one) => one.object_id === `p${actors}`)
    assert.equal(shown?.actor_count, actors)
    assert.equal((await allActors(server, 'carol', shown?.group_id ?? '')).length, actors)
  }
})

test('Lost members or double-count: an event repeated, or older than what is known, changes nothing', async () => {
  await using server = await startHeadwater()
  const [eventId] = await send(server, like('ann', 'carol', 'p1', { created_at: server.now() - 1_000 }))
  const before = await page(server, 'carol')
  const repeat = like('ann', 'carol', 'p1', { event_id: eventId as string, created_at: server.now() - 1_000 })
  await send(server, repeat, repeat)
  await send(server, like('ann', 'carol', 'p1', { created_at: server.now() - 2_000 }))
  await send(server, unlike('ann', 'carol', 'p1', { created_at: server.now() - 2_000 }))
  assert.deepEqual(await page(server, 'carol'), before)
})

test('Old group never closes: it takes in what happened 23:59:59.999 later, and not what happened 24 h later', async () => {
  await using server = await startHeadwater()
  const opened = server.now()
  await send(server, like('ann', 'carol', 'p1', { created_at: opened }))
  const first = (await walk(server, 'carol'))[0]?.group_id ?? ''
  await server.advance(dayMs - 1)
  assert.equal((await group(server, 'carol', first)).is_closed, false)
  await send(server, like('ben', 'carol', 'p1'))
  assert.equal((await group(server, 'carol', first)).actor_count, 2)
  await server.advance(1)
  assert.equal((await group(server, 'carol', first)).is_closed, true)
  await send(server, like('cy', 'carol', 'p1'))
  const groups = await walk(server, 'carol')
  assert.deepEqual(
    groups.map((held) => [held.group_created_at - opened, held.actor_count, held.is_closed]),
    [
      [dayMs, 1, false],
      [0, 2, true],
    ],
  )
  assert.notEqual(groups[0]?.group_id, first)

  await send(server, like('dan', 'carol', 'p1', { created_at: opened + dayMs - 1 }))
  assert.equal((await group(server, 'carol', first)).actor_count, 3, 'a late one joins the group of its time')
  assert.equal((await page(server, 'carol')).unread_count, 2)
})

test('a group takes in what happened up to 24 h before it opened, and nothing from before that', async () => {
  await using server = await startHeadwater()
  const opened = server.now()
  await send(
    server,
    like('ann', 'carol', 'p1', { created_at: opened }),
    like('ben', 'carol', 'p1', { created_at: opened - dayMs + 1 }),
    like('cy', 'carol', 'p1', { created_at: opened - dayMs }),
  )
  const groups = await walk(server, 'carol')
  assert.deepEqual(
    groups.map((held) => [held.group_created_at - opened, held.actor_count, held.top_actors[0]?.id]),
    [
      [0, 2, 'ann'],
      [-dayMs, 1, 'cy'],
    ],
  )
})

test('New activity is invisible in a collapsed group: it says how many are new since it was last seen', async () => {
  await using server = await startHeadwater()
  await send(server, ...Array.from({ length: 9 }, (_, i) => like(`actor-${i}`, 'carol', 'p1')))
  const [fresh] = await walk(server, 'carol')
  assert.equal(fresh?.new_actor_count, 9)
  await mark(server, 'carol', 'seen', { group_ids: [fresh?.group_id ?? ''] })
  assert.equal((await group(server, 'carol', fresh?.group_id ?? '')).new_actor_count, 0)
  await server.settle()
  await server.advance(10 * 60_000)
  await send(
    server,
    like('new-1', 'carol', 'p1'),
    like('new-2', 'carol', 'p1'),
    like('new-3', 'carol', 'p1'),
    like('actor-3', 'carol', 'p1'),
  )
  await send(server, unlike('new-2', 'carol', 'p1', { created_at: server.now() + 1 }))
  const again = await group(server, 'carol', fresh?.group_id ?? '')
  assert.deepEqual([again.new_actor_count, again.actor_count, again.is_seen], [2, 11, false])
})

test('Filtering a grouped feed: full pages of the types asked for, each with its own count', async () => {
  await using server = await startHeadwater()
  const types = ['LIKE', 'COMMENT', 'FOLLOW', 'MENTION'] as const
  await send(
    server,
    ...Array.from({ length: 80 }, (_, i) =>
      like('ann', 'carol', `p${i}`, { event_type: types[i % 4] ?? 'LIKE', created_at: server.now() - i }),
    ),
  )
  const objects = async (filter: string, limit: number) =>
    (await walk(server, 'carol', { filter, limit })).map((held) => held.object_id)
  const expected = (...wanted: number[]) =>
    Array.from({ length: 80 }, (_, i) => i).flatMap((i) => (wanted.includes(i % 4) ? [`p${i}`] : []))
  assert.deepEqual(await objects('LIKE', 7), expected(0))
  assert.deepEqual(await objects('MENTION,COMMENT', 9), expected(1, 3))

  const first = await page(server, 'carol', '?filter=FOLLOW&limit=8')
  assert.deepEqual([first.activity_groups.length, first.filtered_unread_count, first.unread_count], [8, 20, 80])
  await mark(server, 'carol', 'read', { group_ids: first.activity_groups.map((held) => held.group_id) })
  const later = await page(server, 'carol', `?filter=FOLLOW&limit=8&cursor=${first.next_cursor}`)
  assert.deepEqual([later.activity_groups.length, later.filtered_unread_count, later.unread_count], [8, 12, 72])
  assert.equal((await page(server, 'carol', '?filter=LIKE,MENTION')).filtered_unread_count, 40)
  const other = await server.request('GET', `/v1/activities?filter=LIKE&cursor=${first.next_cursor}`, { user: 'carol' })
  assert.equal(other.body.code, 'bad_cursor')
})
