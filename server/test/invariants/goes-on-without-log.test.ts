// The log may be away: what would be written there is refused, pages go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { like, page, send } from '../journeys/testing/calls.ts'
import { startWithParts } from './testing/parts-away.ts'

test('the log is away: events are refused, pages go on', async () => {
  await using world = await startWithParts()
  const { server, away } = world
  await send(server, like('ann', 'carol', 'p1'))
  away.add('log')
  const refused = await server.request('POST', '/v1/events', { body: { events: [like('ben', 'carol', 'p1')] } })
  assert.equal(refused.status, 503, JSON.stringify(refused.body))
  assert.equal(refused.headers.has('retry-after'), true)
  const shown = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.deepEqual([shown.status, shown.headers.get('headwater-degraded')], [200, null], 'made with all that it needs')
  assert.equal(shown.body.unread_count, 1)
  away.delete('log')
  await send(server, like('ben', 'carol', 'p1'))
  assert.equal((await page(server, 'carol')).activity_groups[0]?.actor_count, 2)
})
