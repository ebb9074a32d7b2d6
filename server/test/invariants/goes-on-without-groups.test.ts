// The stores of groups, members and marks may be away: events are taken in, clients that have missed nothing come back,
// and who asks for groups is refused with the counts as they were known last.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accept, like, mark, page, send } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'
import { startWithParts } from './testing/parts-away.ts'

test('without groups the list tells the last counts and calls them stale', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p2'), like('ben', 'erin', 'p3'))
  const before = await page(server, 'carol')
  const [first, second] = before.activity_groups
  await mark(server, 'carol', 'read', { group_ids: [first?.group_id ?? ''] })
  await server.settle()
  const { seq } = await page(server, 'carol')

  away.add('store')
  const stale = { unread_count: 1, unseen_count: 1, epoch: before.epoch, seq, stale: true }
  for (const path of ['?limit=5', '?filter=LIKE', `/${second?.group_id}`]) {
    const { status, headers, body } = await server.request('GET', `/v1/activities${path}`, { user: 'carol' })
    assert.deepEqual([status, body.code, body.badge], [503, 'store_unavailable', stale], path)
    assert.equal(headers.has('retry-after'), true)
  }
  const unknown = await server.request('GET', '/v1/activities', { user: 'erin' })
  assert.deepEqual([unknown.status, 'badge' in unknown.body], [503, false], 'whose counts nobody has asked for')

  using back = await openSocket(server, 'carol', { resume: { epoch: before.epoch, seq } })
  assert.deepEqual([back.hello?.from_seq, back.hello?.unread_count], [seq, 1], 'who has missed nothing needs no group')
  await accept(server, [like('cy', 'carol', 'p4')])
  away.add('cache')
  const alone = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.deepEqual([alone.status, 'badge' in alone.body], [503, false], 'without the cache nothing is known')

  away.clear()
  await world.passUntil(() => back.seq > seq)
  const after = await page(server, 'carol')
  assert.deepEqual([after.unread_count, after.activity_groups.length], [2, 3])
  await back.reached(after.seq)
})

test('the store is away: pages are refused, events are taken in, and nothing is lost', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  await send(server, like('ann', 'carol', 'p1'))
  away.add('store')
  const refused = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.deepEqual([refused.status, refused.body.code], [503, 'store_unavailable'])
  assert.equal(refused.headers.has('retry-after'), true)
  await accept(server, [like('ben', 'carol', 'p1'), like('cy', 'carol', 'p2')])
  await world.pass(5_000)
  assert.match(await world.metrics(), /^headwater_part_up\{part="store"\} 0$/m)
  away.delete('store')
  await world.pass(20_000)
  await server.settle()
  const after = await page(server, 'carol')
  assert.deepEqual([after.unread_count, after.activity_groups.length], [2, 2])
  assert.match(await world.metrics(), /^headwater_part_up\{part="store"\} 1$/m)
})
