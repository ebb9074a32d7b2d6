// The users' store may be away: events, pages, marks and sockets go on, with the names that are at hand. What needs it is
// refused, and said to be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accept, like, mark, page, send } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'
import { startWithParts } from './testing/parts-away.ts'

const put = { name: 'Ann Lee', avatar_url: null, locale: null, properties: {} }

test('events, pages, marks and sockets without the users', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  const named = await server.request('PUT', '/v1/users/ann', { body: put })
  assert.equal(named.status, 200, JSON.stringify(named.body))
  await send(server, like('ann', 'carol', 'p1'))
  assert.equal((await page(server, 'carol')).activity_groups[0]?.top_actors[0]?.name, 'Ann Lee')
  const token = await server.token('carol')

  away.add('users')
  await send(server, like('ben', 'carol', 'p1'), like('ann', 'carol', 'p2'))
  for (const path of ['/v1/activities', '/v1/activities?limit=1', '/v1/activities?filter=LIKE']) {
    const answer = await server.request('GET', path, { user: 'carol' })
    assert.deepEqual([answer.status, answer.headers.get('headwater-degraded')], [200, 'users'], path)
    assert.deepEqual(answer.body.degraded, ['users'])
  }
  const quick = await fetch(`${server.url}/v1/activities`, { headers: { authorization: `Bearer ${token}` } })
  const shown = (await quick.json()) as Awaited<ReturnType<typeof page>> & { degraded?: string[] }
  assert.deepEqual([quick.status, quick.headers.get('headwater-degraded'), shown.degraded], [200, 'users', ['users']])
  const actors = shown.activity_groups.flatMap((group) => group.top_actors.map(({ name }) => name))
  assert.deepEqual(actors.sort(), ['Ann Lee', 'Ann Lee', 'ben'])

  const [first] = shown.activity_groups
  const marked = await mark(server, 'carol', 'read', { group_ids: [first?.group_id ?? ''] })
  assert.equal(marked.updated_unread_count, 1)
  using socket = await openSocket(server, 'carol', { token })
  assert.equal(socket.hello?.unread_count, 1)
  await accept(server, [like('dan', 'carol', 'p3')])
  await server.settle()
  const { seq } = await page(server, 'carol')
  await world.passUntil(() => socket.seq >= seq)

  const user = await server.request('GET', '/v1/users/ann')
  assert.deepEqual([user.status, user.body.code], [503, 'store_unavailable'], 'and not that there is no such user')
  const keyed = await server.request('POST', '/v1/events', {
    headers: { 'idempotency-key': 'k1' },
    body: { events: [like('eve', 'carol', 'p4')] },
  })
  assert.deepEqual([keyed.status, keyed.body.code], [503, 'store_unavailable'])
  assert.equal(keyed.headers.has('retry-after'), true)

  away.delete('users')
  await world.passUntil(() => false, 2_000)
  const again = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.deepEqual([again.headers.get('headwater-degraded'), again.body.degraded], [null, undefined])
})
