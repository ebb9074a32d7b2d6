// What only caches and hints are for may be away: sessions, pub/sub, unread sets, the offline queue and traces. Everything
// goes on, slower, and nothing is counted or told differently when they are back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accept, like, mark, page, send, walk } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'
import { startWithParts } from './testing/parts-away.ts'

/** Longer than a gateway takes to compare the heads of all its users. */
const roundMs = 40_000

test('events, pages, badges, marks and sockets without any cache', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  await send(server, like('ann', 'carol', 'before'))
  using early = await openSocket(server, 'carol')

  away.add('cache')
  await send(server, like('ben', 'carol', 'p1'), like('cy', 'carol', 'p1'), like('ben', 'carol', 'p2'))
  const shown = await page(server, 'carol')
  assert.deepEqual([shown.unread_count, shown.activity_groups.length], [3, 3])
  const [first] = shown.activity_groups
  const marked = await mark(server, 'carol', 'read', { group_ids: [first?.group_id ?? ''] })
  assert.equal(marked.updated_unread_count, 2)
  await server.settle()
  assert.equal((await page(server, 'carol')).unread_count, 2)

  using late = await openSocket(server, 'carol')
  assert.equal(late.hello?.unread_count, 2)
  await accept(server, [like('dan', 'carol', 'p3')])
  await server.settle()
  const { seq } = await page(server, 'carol')
  await world.passUntil(() => early.seq >= seq && late.seq >= seq)
  await Promise.all([early.reached(seq), late.reached(seq)])

  away.delete('cache')
  await world.passUntil(() => false, roundMs)
  await send(server, like('eve', 'carol', 'p4'))
  const after = await page(server, 'carol')
  await Promise.all([early.reached(after.seq), late.reached(after.seq)])
  const unread = (await walk(server, 'carol')).filter((group) => !group.is_read)
  assert.deepEqual([after.unread_count, unread.length], [4, 4])
})

test('what is only known to a cache is refused, and not denied', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  const [eventId] = await send(server, like('ann', 'carol', 'p1'))
  away.add('cache')
  const byEvent = await server.request('POST', '/v1/activities/read', { user: 'carol', body: { group_ids: [eventId] } })
  assert.deepEqual([byEvent.status, byEvent.body.code], [503, 'store_unavailable'])
  const presence = await server.request('POST', '/v1/presence', { body: { user_ids: ['carol'] } })
  assert.deepEqual([presence.status, presence.body.code], [503, 'store_unavailable'])
})

test('an event whose time is left out and whose trace cannot be looked up is taken in', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  away.add('cache')
  const answer = await server.request('POST', '/v1/events', {
    headers: { 'content-type': 'application/cloudevents+json' },
    body: {
      specversion: '1.0',
      id: 'order-1',
      source: '/shop',
      type: 'headwater.like',
      data: like('ann', 'carol', 'p1'),
    },
  })
  assert.equal(answer.status, 202, JSON.stringify(answer.body))
  await server.settle()
  assert.equal((await page(server, 'carol')).unread_count, 1)
})
