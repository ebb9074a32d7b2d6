import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater } from '../../src/testing.ts'

test('likes of one post become one group that grows, with a badge that is right', async () => {
  await using server = await startHeadwater()
  const like = (actor_id: string) => ({
    event_type: 'LIKE',
    actor_id,
    target_user_id: 'carol',
    object_type: 'POST',
    object_id: 'p1',
    metadata: { preview: 'Sunset at the lake' },
  })
  await server.request('PUT', '/v1/users/mia', { body: { name: 'Mia' } })

  const first = await server.request('POST', '/v1/events', { body: like('ben') })
  assert.equal(first.status, 202, JSON.stringify(first.body))
  await server.settle()
  const batch = await server.request('POST', '/v1/events', { body: { events: ['alice', 'bob', 'mia'].map(like) } })
  assert.deepEqual(batch.body.accepted, 3)
  await server.settle()

  const page = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.equal(page.status, 200, JSON.stringify(page.body))
  const [group] = page.body.activity_groups
  assert.equal(group.summary, 'Mia, bob and 2 others liked your post')
  assert.equal(group.actor_count, 4)
  assert.equal(group.new_actor_count, 4)
  assert.equal(group.latest_preview, 'Sunset at the lake')
  assert.equal(page.body.unread_count, 1)
  assert.equal(page.body.seq, group.seq)

  const marked = await server.request('POST', '/v1/activities/read', { user: 'carol', body: { all: true } })
  assert.equal(marked.body.updated_unread_count, 0, JSON.stringify(marked.body))
  const trace = await server.request('GET', `/v1/events/${first.body.event_ids[0]}`)
  assert.equal(trace.body.state, 'applied')
  assert.equal(trace.body.group_id, group.group_id)
})
