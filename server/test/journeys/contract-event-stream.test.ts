// The same frames for those who have no socket: server-sent events.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { like, mark, page, send } from './testing/calls.ts'
import { EventStream } from './testing/event-stream.ts'
import { openSocket } from './testing/socket.ts'

async function ticket(server: TestServer, user: string): Promise<string> {
  const answer = await server.request('POST', '/v1/stream-tickets', { user })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  assert.equal(answer.body.expires_at - server.now(), 30_000)
  return answer.body.ticket
}

test('frames come as events whose id is the position, and Last-Event-ID goes on from there', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const { epoch, seq } = await page(server, 'carol')
  let lastId = ''
  {
    await using stream = await EventStream.open(server, `?ticket=${await ticket(server, 'carol')}`)
    assert.equal(stream.response.status, 200)
    assert.match(stream.response.headers.get('content-type') ?? '', /^text\/event-stream/)
    await stream.reached(seq)
    assert.deepEqual(
      stream.events.map(({ event, id, data }) => [event, id, data.type === event]),
      [
        ['hello', stream.events[0]?.id, true],
        ['activity_group_created', `${epoch}:${seq}`, true],
      ],
    )
    await send(server, like('ann', 'carol', 'p2'))
    await stream.reached((await page(server, 'carol')).seq)
    lastId = stream.last?.id ?? ''
  }
  await send(server, like('ann', 'carol', 'p3'))
  await mark(server, 'carol', 'seen', { all: true })
  await server.settle()
  await using again = await EventStream.open(server, `?ticket=${await ticket(server, 'carol')}`, {
    'last-event-id': lastId,
  })
  await again.reached((await page(server, 'carol')).seq)
  assert.deepEqual(
    again.events.slice(1).map(({ event, data }) => [event, data.group?.object_id]),
    [
      ['activity_group_created', 'p3'],
      ['read_state', undefined],
    ],
  )
  assert.equal(`${epoch}:${again.events[1]?.data.prev_seq}`, lastId)
})

test('a stream and a socket of one user are told the same', async () => {
  await using server = await startHeadwater({ config: { 'activity.flushMs': 0 } })
  const { epoch, seq: from } = await page(server, 'carol')
  using socket = await openSocket(server, 'carol', { resume: { epoch, seq: from } })
  await using stream = await EventStream.open(server, '', {
    authorization: `Bearer ${await server.token('carol')}`,
    'last-event-id': `${epoch}:${from}`,
  })
  await stream.until('hello', () => stream.events.length > 0)
  for (let i = 0; i < 12; i++) {
    await send(server, like(`actor-${i % 5}`, 'carol', `p${i % 3}`))
    if (i % 4 === 0) await mark(server, 'carol', 'read', { all: true })
  }
  await server.settle()
  const { seq } = await page(server, 'carol')
  await Promise.all([socket.reached(seq), stream.reached(seq)])
  assert.deepEqual(
    stream.events.slice(1).map(({ data }) => data),
    socket.chain,
  )
})

test('Last-Event-ID of another epoch, or of nothing known, is a reset', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  for (const id of ['another-epoch:1', 'nonsense']) {
    await using stream = await EventStream.open(server, `?ticket=${await ticket(server, 'carol')}`, {
      'last-event-id': id,
    })
    await stream.until('reset', () => stream.events.some(({ event }) => event === 'reset'))
  }
})

test('a ticket is good once, for thirty seconds, and for its user', async () => {
  await using server = await startHeadwater()
  const statusOf = async (query: string, headers = {}) => {
    await using stream = await EventStream.open(server, query, headers)
    return stream.response.status
  }
  const once = await ticket(server, 'carol')
  assert.deepEqual([await statusOf(`?ticket=${once}`), await statusOf(`?ticket=${once}`)], [200, 401])
  const late = await ticket(server, 'carol')
  await server.advance(30_000)
  assert.equal(await statusOf(`?ticket=${late}`), 401)
  assert.equal(await statusOf(''), 401)
  assert.equal(await statusOf('', { authorization: `Bearer ${server.apiKey}` }), 400)
  assert.equal(await statusOf('', { authorization: `Bearer ${server.apiKey}`, 'x-user-id': 'carol' }), 200)
  assert.equal(await statusOf(`?token=${await server.token('carol')}`), 400)
  assert.equal(await statusOf(`?ticket=${await ticket(server, 'carol')}`, { origin: 'https://evil.example.org' }), 403)
  assert.equal((await server.request('POST', '/v1/stream-tickets', {})).body.code, 'user_required')
  assert.equal((await server.request('POST', '/v1/stream-tickets', { token: await server.token('carol') })).status, 201)
})

test('comment lines keep the stream alive; it ends with a word when the token is revoked', async () => {
  await using server = await startHeadwater()
  const token = await server.token('carol')
  await using stream = await EventStream.open(server, '', { authorization: `Bearer ${token}` })
  await stream.until('hello', () => stream.events.length > 0)
  await server.advance(21_000)
  await stream.until('a comment', () => stream.comments.length > 0)
  for (let i = 0; i < 4; i++) await server.advance(20_000)
  await stream.until('more comments', () => stream.comments.length > 3)
  await server.request('POST', '/v1/tokens/revoke', { body: { user_id: 'carol' } })
  await server.advance(5_000)
  await stream.until('the end', () => stream.last?.event === 'close')
  assert.equal(stream.last?.data.code, 4503)
})
