// Section by section, what `POST /v1/events` and its neighbours say to a caller.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater } from '../../src/testing.ts'
import { accept, like, page, send, walk } from './testing/calls.ts'
import { openSocket } from './testing/socket.ts'

const dayMs = 86_400_000
const eventId = '0199f1b2-7c00-7abc-8def-0123456789ab'

test('one event, or a batch in which each item stands alone', async () => {
  await using server = await startHeadwater()
  const single = await server.request('POST', '/v1/events', { body: like('ann', 'carol', 'p1') })
  assert.deepEqual(
    [single.status, single.body.accepted, single.body.rejected, single.body.event_ids.length],
    [202, 1, [], 1],
  )

  const mixed = await server.request('POST', '/v1/events', {
    body: {
      events: [
        like('ann', 'carol', 'p2'),
        { ...like('ann', 'carol', 'p3'), event_type: 'LOVE' },
        like('ben', 'carol', 'p2'),
      ],
    },
  })
  assert.deepEqual([mixed.status, mixed.body.accepted], [202, 2])
  assert.deepEqual(
    mixed.body.rejected.map((item: { index: number; code: string }) => [item.index, item.code]),
    [[1, 'unknown_event_type']],
  )
  assert.deepEqual(
    mixed.body.event_ids.map((id: string | null) => id === null),
    [false, true, false],
  )
  await server.settle()
  assert.equal((await page(server, 'carol')).unread_count, 2)

  for (const body of [
    { ...like('ann', 'carol', 'p4'), event_type: 'LOVE' },
    { events: [{}, { event_type: 'LIKE' }] },
  ]) {
    const wrong = await server.request('POST', '/v1/events', { body })
    assert.deepEqual([wrong.status, wrong.body.code], [400, 'invalid_request'])
    assert.ok(wrong.body.rejected.length > 0)
  }
})

test('a thousand events are a batch, a thousand and one are not', async () => {
  await using server = await startHeadwater()
  const many = (count: number) => ({ events: Array.from({ length: count }, (_, i) => like(`a${i}`, 'carol', 'p1')) })
  assert.equal((await server.request('POST', '/v1/events', { body: many(1_000) })).body.accepted, 1_000)
  assert.equal((await server.request('POST', '/v1/events', { body: many(1_001) })).status, 400)
  assert.equal((await server.request('POST', '/v1/events', { body: { events: [] } })).status, 400)
})

test('fields: what is required, what is refused, and by which code', async () => {
  await using server = await startHeadwater()
  const good = like('ann', 'carol', 'p1')
  const cases: readonly (readonly [change: object, code: string])[] = [
    [{ event_type: undefined }, 'required'],
    [{ actor_id: undefined }, 'required'],
    [{ target_user_id: undefined }, 'required'],
    [{ object_type: undefined }, 'required'],
    [{ object_id: undefined }, 'required'],
    [{ actor_id: 'not an id' }, 'invalid_id'],
    [{ actor_id: 'x'.repeat(129) }, 'invalid_id'],
    [{ object_id: 'tab\there' }, 'invalid_id'],
    [{ object_id: 'x'.repeat(257) }, 'invalid_id'],
    [{ event_type: 'CUSTOM' }, 'verb_required'],
    [{ verb: 'endorsed' }, 'verb_not_allowed'],
    [{ op: 'TAKE' }, 'invalid_value'],
    [{ event_id: 'abc' }, 'invalid_event_id'],
    [{ actor: 'ann' }, 'unknown_field'],
    [{ metadata: { text: 'x'.repeat(8 * 1024) } }, 'metadata_too_large'],
    [{ metadata: { a: { b: { c: { d: { e: { f: { g: { h: {} } } } } } } } } }, 'too_deep'],
    [{ created_at: server.now() + 5 * 60_000 + 1 }, 'created_at_in_future'],
    [{ created_at: server.now() - 90 * dayMs - 1 }, 'created_at_too_old'],
  ]
  for (const [change, code] of cases) {
    const { status, body } = await server.request('POST', '/v1/events', { body: { ...good, ...change } })
    assert.deepEqual([status, body.rejected?.[0]?.code], [400, code], JSON.stringify(change))
  }
  for (const change of [
    { created_at: server.now() + 5 * 60_000 },
    { created_at: server.now() - 90 * dayMs + 1 },
    { event_type: 'CUSTOM', verb: 'endorsed' },
    { metadata: { anything: { goes: 'here' } } },
    { object_id: 'x'.repeat(256), actor_id: 'A.z_0:@-' },
    { op: 'UNDO' },
  ]) {
    const { status, body } = await server.request('POST', '/v1/events', { body: { ...good, ...change } })
    assert.equal(status, 202, JSON.stringify([change, body]))
  }
  const near = await server.request('POST', '/v1/events', { body: { ...good, actor_idd: 'x' } })
  assert.match(near.body.rejected[0].detail, /actor_id/)
})

test('created_at: given, else from the id of the caller, else when the log took it', async () => {
  await using server = await startHeadwater()
  const now = server.now()
  const idAt = (ms: number) => {
    const hex = ms.toString(16).padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-0123456789ab`
  }
  await send(
    server,
    like('ann', 'carol', 'given', { created_at: now - 5_000, event_id: idAt(now - 9_000) }),
    like('ann', 'carol', 'from-id', { event_id: idAt(now - 7_000) }),
    like('ann', 'carol', 'from-log'),
  )
  const groups = await walk(server, 'carol')
  assert.deepEqual(
    groups.map((held) => [held.object_id, held.group_created_at - now]),
    [
      ['from-log', 0],
      ['given', -5_000],
      ['from-id', -7_000],
    ],
  )
})

test('the same event again is accepted and changes nothing; for another user it is another event', async () => {
  await using server = await startHeadwater({ now: 1_760_000_000_000 })
  const event = like('ann', 'carol', 'p1', { event_id: eventId, created_at: server.now() })
  await send(server, event)
  const before = await page(server, 'carol')
  assert.deepEqual(await accept(server, [event, event]), [eventId, eventId])
  await server.settle()
  assert.deepEqual(await page(server, 'carol'), before)
  await send(server, { ...event, target_user_id: 'dora' })
  assert.equal((await page(server, 'dora')).unread_count, 1)
})

test('one who acts on what is their own is accepted and not told, unless notifySelf is set', async () => {
  for (const notifySelf of [false, true]) {
    await using server = await startHeadwater({ config: { 'activity.notifySelf': notifySelf } })
    const [id] = await send(server, like('carol', 'carol', 'p1'))
    assert.equal((await page(server, 'carol')).unread_count, notifySelf ? 1 : 0)
    const trace = await server.request('GET', `/v1/events/${id}`)
    assert.deepEqual([trace.status, trace.body.state], [200, notifySelf ? 'applied' : 'ignored'])
  }
})

test('what became of an event: pending, applied, ignored, for a day, and for the API key alone', async () => {
  await using server = await startHeadwater()
  const [first, repeat] = await send(
    server,
    like('ann', 'carol', 'p1'),
    like('ann', 'carol', 'p1', { created_at: server.now() - 5 }),
  )
  const groupId = (await walk(server, 'carol'))[0]?.group_id
  const applied = await server.request('GET', `/v1/events/${first}`)
  assert.deepEqual([applied.body.state, applied.body.group_id, applied.body.actor_id], ['applied', groupId, 'ann'])
  assert.equal((await server.request('GET', `/v1/events/${repeat}`)).body.state, 'ignored')
  assert.equal((await server.request('GET', `/v1/events/${eventId}`)).status, 404)
  assert.equal((await server.request('GET', `/v1/events/${first}`, { token: await server.token('carol') })).status, 403)
  await server.advance(25 * 3_600_000 + 1)
  assert.equal((await server.request('GET', `/v1/events/${first}`)).status, 404)
})

test('events are for the API key alone', async () => {
  await using server = await startHeadwater()
  const body = like('ann', 'carol', 'p1')
  const asUser = await server.request('POST', '/v1/events', { token: await server.token('ann'), body })
  assert.deepEqual([asUser.status, asUser.body.code], [403, 'forbidden'])
  const asNobody = await server.request('POST', '/v1/events', { token: null, body })
  assert.deepEqual([asNobody.status, asNobody.body.code], [401, 'unauthenticated'])
})

test('CloudEvents, one, many and in binary mode, are the same events', async () => {
  await using server = await startHeadwater()
  const envelope = (id: string, actor: string) => ({
    specversion: '1.0',
    id,
    source: '/tests',
    type: 'like',
    data: like(actor, 'carol', 'p1', { created_at: server.now() }),
  })
  const post = async (type: string, body: unknown, headers = {}) => {
    const answer = await server.request('POST', '/v1/events', { body, headers: { 'content-type': type, ...headers } })
    assert.equal(answer.status, 202, JSON.stringify(answer.body))
    return answer.body.event_ids as string[]
  }
  assert.deepEqual(await post('application/cloudevents+json', envelope(eventId, 'ann')), [eventId])
  const hashed = await post('application/cloudevents-batch+json', [
    envelope('order-1', 'ben'),
    envelope('order-2', 'cy'),
  ])
  assert.match(hashed[0] ?? '', /^[0-9a-f-]{36}$/)
  const repeated = await post('application/cloudevents+json', envelope('order-1', 'ben'))
  assert.equal(repeated[0], hashed[0], 'the same id and source are the same event')
  await post('application/json', like('dan', 'carol', 'p1'), {
    'ce-specversion': '1.0',
    'ce-id': 'order-3',
    'ce-source': '/tests',
    'ce-type': 'like',
  })
  await server.settle()
  assert.equal((await walk(server, 'carol'))[0]?.actor_count, 4)
})

test('a deleted object vanishes for everyone, pages and badges and sockets alike, and may live again', async () => {
  await using server = await startHeadwater()
  const users = Array.from({ length: 120 }, (_, i) => `user-${i}`)
  await send(
    server,
    ...users.flatMap((user) => [
      like('ann', user, 'p1'),
      like('ann', user, 'other'),
      like('ann', user, 'p1', { event_type: 'COMMENT' }),
    ]),
  )
  using socket = await openSocket(server, 'user-7')
  await socket.reached((await page(server, 'user-7')).seq)

  const answer = await server.request('DELETE', '/v1/objects/POST/p1')
  assert.equal(answer.status, 202)
  for (const user of users) {
    const { activity_groups, unread_count, unseen_count } = await page(server, user)
    assert.deepEqual(
      [activity_groups.map((held) => held.object_id), unread_count, unseen_count],
      [['other'], 1, 1],
      user,
    )
  }
  await server.settle()
  await socket.reached((await page(server, 'user-7')).seq)
  const removed = socket.chain.filter((frame) => frame.type === 'activity_group_removed')
  assert.equal(new Set(removed.map((frame) => frame.group_id)).size, 2)
  assert.equal(socket.chain.at(-1)?.unread_count, 1)

  assert.equal((await server.request('DELETE', '/v1/objects/POST/p1')).status, 202, 'twice is once')
  assert.equal((await server.request('DELETE', '/v1/objects/POST/never-there')).status, 202)
  assert.equal((await server.request('DELETE', '/v1/objects/PHOTO/p1')).status, 400)
  assert.equal(
    (await server.request('DELETE', '/v1/objects/POST/p1', { token: await server.token('ann') })).status,
    403,
  )
  await server.advance(1_000)
  await send(server, like('ben', 'user-7', 'p1'))
  assert.equal((await page(server, 'user-7')).unread_count, 2)
})

test('what is told only now of an object that was deleted since is shown to nobody, not for a moment', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'other'))
  using socket = await openSocket(server, 'carol')
  await socket.reached((await page(server, 'carol')).seq)
  const told = socket.chain.length
  const before = server.now() - 60_000
  await server.request('DELETE', '/v1/objects/POST/p1')
  await server.advance(1_000)
  await send(server, like('ben', 'carol', 'p1', { created_at: before, metadata: { preview: 'secret' } }))
  await send(server, like('cy', 'carol', 'other'))
  await socket.reached((await page(server, 'carol')).seq)
  const shown = socket.chain.slice(told).map((frame) => [frame.type, frame.group?.object_id])
  assert.equal(shown.filter(([, object]) => object === 'p1').length, 0, JSON.stringify(shown))
  assert.equal(JSON.stringify(socket.frames).includes('secret'), false)
  assert.equal(socket.chain.at(-1)?.unread_count, 1)
})

test('metadata of the newest event is shown, with its preview; taking it back uncovers the one before', async () => {
  await using server = await startHeadwater()
  await send(
    server,
    like('ann', 'carol', 'p1', { event_type: 'COMMENT', metadata: { preview: 'First', link: '/1' } }),
    like('ben', 'carol', 'p1', {
      event_type: 'COMMENT',
      metadata: { preview: 'Second' },
      created_at: server.now() + 1,
    }),
  )
  const shown = async () => {
    const [held] = await walk(server, 'carol')
    return [held?.latest_preview, held?.metadata]
  }
  assert.deepEqual(await shown(), ['Second', { preview: 'Second' }])
  await send(server, like('ben', 'carol', 'p1', { event_type: 'COMMENT', op: 'UNDO', created_at: server.now() + 2 }))
  assert.deepEqual(await shown(), ['First', { preview: 'First', link: '/1' }])
})
