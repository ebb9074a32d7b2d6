import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@headwater/protocol'
import { startHeadwater, type TestServer } from '../../src/testing.ts'

const batch = limits.eventsPerBatch

test('a group counts a hundred thousand actors exactly, and estimates beyond', async () => {
  await using server = await startHeadwater()
  for (let from = 0; from < limits.exactActors; from += batch) await like(server, from, batch)
  assert.deepEqual(await countOf(server), { actors: limits.exactActors, isEstimate: false, events: limits.exactActors })

  // Somebody from long ago, far outside of the newest actors that the row keeps.
  await act(server, { actor_id: 'actor-17', op: 'UNDO' })
  assert.deepEqual(await countOf(server), {
    actors: limits.exactActors - 1,
    isEstimate: false,
    events: limits.exactActors,
  })
  await act(server, { actor_id: 'actor-17' })
  const full = await countOf(server)
  assert.deepEqual([full.actors, full.isEstimate], [limits.exactActors, false])

  for (let i = 0; i < 10; i++) await like(server, limits.exactActors + i * batch, batch)
  const beyond = await countOf(server)
  assert.equal(beyond.isEstimate, true)
  assert.ok(Math.abs(beyond.actors - 110_000) < 5_500, `${beyond.actors} should be near 110,000`)

  const { body: page } = await server.request('GET', '/v1/activities', { user: 'carol' })
  const [group] = page.activity_groups
  const { body: members } = await server.request('GET', `/v1/activities/${group.group_id}/actors?limit=3`, {
    user: 'carol',
  })
  const ids = (actors: readonly { id: string }[]) => actors.map((actor) => actor.id)
  assert.deepEqual(ids(members.actors), ids(group.top_actors), 'the newest are listed first, beyond the limit too')

  await act(server, { actor_id: 'actor-100007', op: 'UNDO' })
  assert.equal((await countOf(server)).actors, beyond.actors, 'membership is no longer asked')
  const again = await countOf(server)
  await like(server, 0, batch)
  assert.equal((await countOf(server)).actors, again.actors, 'those who were there already add nothing')
})

const event = { event_type: 'LIKE', target_user_id: 'carol', object_type: 'POST', object_id: 'viral' } as const

async function like(server: TestServer, from: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({ ...event, actor_id: `actor-${from + i}` }))
  const answer = await server.request('POST', '/v1/events', { body: { events } })
  assert.equal(answer.body.accepted, count)
  await server.settle()
}

async function act(server: TestServer, change: { actor_id: string; op?: 'UNDO' }): Promise<void> {
  await server.advance(1)
  const answer = await server.request('POST', '/v1/events', { body: { ...event, ...change } })
  assert.equal(answer.status, 202)
  await server.settle()
}

async function countOf(server: TestServer): Promise<{ actors: number; isEstimate: boolean; events: number }> {
  const { body } = await server.request('GET', '/v1/activities', { user: 'carol' })
  const [group] = body.activity_groups
  return { actors: group.actor_count, isEstimate: group.actor_count_is_estimate, events: group.event_count }
}
