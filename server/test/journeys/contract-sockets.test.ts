// Frame by frame, what a socket says: how it begins, what follows, and how it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { dial, openSocket, refusedStatus } from './testing/socket.ts'

test('hello has every field, and what waits comes after it, up to its seq', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'p2'), like('ben', 'carol', 'p1'))
  const { epoch, seq } = await page(server, 'carol')
  using socket = await openSocket(server, 'carol', { deviceId: 'phone-1' })
  const { session_id, ...hello } = await socket.next('hello')
  assert.equal(typeof session_id, 'string')
  assert.deepEqual(hello, {
    type: 'hello',
    user_id: 'carol',
    epoch,
    from_seq: 0,
    seq,
    unread_count: 2,
    unseen_count: 2,
    ping_interval_ms: 20_000,
    timeout_ms: 60_000,
  })
  await socket.reached(seq)
  assert.deepEqual(
    socket.chain.map((frame) => [frame.type, frame.group.object_id]),
    [
      ['activity_group_created', 'p2'],
      ['activity_group_created', 'p1'],
    ],
  )
  await socket.roundTrip()
})

test('a group is created once, then updated, removed, and created again; each frame with the counts of its time', async () => {
  await using server = await startHeadwater()
  using socket = await openSocket(server, 'carol')
  const steps = [
    like('ann', 'carol', 'p1'),
    like('ben', 'carol', 'p1'),
    unlike('ann', 'carol', 'p1'),
    unlike('ben', 'carol', 'p1'),
    like('cy', 'carol', 'p1'),
  ]
  for (const event of steps) {
    await server.advance(1_000)
    await send(server, event)
    await socket.reached((await page(server, 'carol')).seq)
  }
  assert.deepEqual(
    socket.chain.map((frame) => [
      frame.type.replace('activity_group_', ''),
      frame.unread_count,
      frame.group?.actor_count,
    ]),
    [
      ['created', 1, 1],
      ['updated', 1, 2],
      ['updated', 1, 1],
      ['removed', 0, undefined],
      ['created', 1, 1],
    ],
  )
  const ids = socket.chain.map((frame) => frame.group?.group_id ?? frame.group_id)
  assert.equal(new Set(ids).size, 1)
  for (const frame of socket.chain) {
    assert.ok(frame.counts_seq >= frame.seq)
    assert.equal(frame.epoch, socket.hello?.epoch)
  }
})

test('a caught-up group that the client was never told of comes as created, though it was folded since', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'known'))
  const { epoch, seq } = await page(server, 'carol')
  for (const actor of ['ben', 'cy']) {
    await server.advance(1_000)
    await send(server, like(actor, 'carol', 'known'), like(actor, 'carol', 'new'))
  }
  using socket = await openSocket(server, 'carol', { resume: { epoch, seq } })
  await socket.reached((await page(server, 'carol')).seq)
  assert.deepEqual(
    socket.chain.map((frame) => [frame.type, frame.group.object_id, frame.group.actor_count]),
    [
      ['activity_group_updated', 'known', 3],
      ['activity_group_created', 'new', 2],
    ],
  )
})

test('read_state tells every other device what was covered', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'p2'))
  const before = await page(server, 'carol')
  const id = before.activity_groups[0]?.group_id ?? ''
  using phone = await openSocket(server, 'carol', { deviceId: 'phone' })
  using laptop = await openSocket(server, 'carol', { deviceId: 'laptop', resume: before })
  await phone.reached(before.seq)
  await mark(server, 'carol', 'seen', { all: true })
  await server.settle()
  const { seq: seenAt } = await page(server, 'carol')
  await mark(server, 'carol', 'read', { group_ids: [id] })
  await mark(server, 'carol', 'read', { all: true, up_to_seq: 1 })
  await server.settle()
  const { seq } = await page(server, 'carol')
  for (const socket of [phone, laptop]) {
    await socket.reached(seq)
    const states = socket.chain.filter((frame) => frame.type === 'read_state')
    const all = { all_up_to_seq: before.seq }
    const one = { group_ids: [id], up_to_seq: seenAt }
    const first = { all_up_to_seq: 1 }
    assert.deepEqual(
      states.map((frame) => [frame.read, frame.seen]),
      [
        [null, all],
        [one, one],
        [first, first],
      ],
    )
    assert.deepEqual(
      [states[0]?.unseen_count, states.at(-1)?.unread_count],
      [0, (await page(server, 'carol')).unread_count],
    )
  }
})

test('another epoch, and a position from the future, are answered with reset, and the chain goes on from there', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const { epoch, seq } = await page(server, 'carol')
  for (const [resume, reason] of [
    [{ epoch: 'another', seq: 1 }, 'epoch_changed'],
    [{ epoch, seq: seq + 1_000 }, 'position_unknown'],
  ] as const) {
    const { seq: head } = await page(server, 'carol')
    using socket = await openSocket(server, 'carol', { resume })
    const reset = await socket.next('reset')
    assert.deepEqual([socket.hello?.from_seq, socket.hello?.seq, reset.seq, reset.reason], [head, head, head, reason])
    await send(server, like(`after-${reason}`, 'carol', 'p1'))
    await socket.reached(head + 1)
    assert.equal(socket.chain[0]?.prev_seq, head)
  }
})

test('a device that is known goes on from its last ack, one that is not gets what waits', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const first = await openSocket(server, 'carol', { deviceId: 'phone' })
  await first.reached((await page(server, 'carol')).seq)
  const acked = first.seq
  first.say({ type: 'ack', seq: acked })
  await first.roundTrip()
  await send(server, like('ann', 'carol', 'p2'))
  await first.reached((await page(server, 'carol')).seq)
  await first.hangUp()

  using again = await openSocket(server, 'carol', { deviceId: 'phone' })
  assert.equal(again.hello?.from_seq, acked)
  await again.reached(again.hello?.seq)
  assert.deepEqual(
    again.chain.map((frame) => frame.group.object_id),
    ['p2'],
  )
  using stranger = await openSocket(server, 'carol', { deviceId: 'tablet' })
  await stranger.reached(stranger.hello?.seq)
  assert.equal(stranger.chain.length, 2)
  again.say({ type: 'ack', seq: again.seq + 1 })
  assert.equal((await again.next('error')).code, 'invalid_seq')
})

test('the token is in the first frame or the header, never in the address', async () => {
  await using server = await startHeadwater()
  const token = await server.token('carol')
  using byHeader = await dial(server, { headers: { authorization: `Bearer ${token}` } })
  await server.advance(1_000)
  assert.equal((await byHeader.next('hello')).user_id, 'carol')
  using byKey = await dial(server, { headers: { authorization: `Bearer ${server.apiKey}`, 'x-user-id': 'dora' } })
  byKey.say({ type: 'auth' })
  assert.equal((await byKey.next('hello')).user_id, 'dora')
  assert.equal(await refusedStatus(server, {}, `/ws/v1/activities?token=${token}`), 400)
  assert.equal(await refusedStatus(server, { headers: { authorization: 'Bearer nonsense' } }), 401)
  assert.equal(await refusedStatus(server, { headers: { authorization: `Bearer ${server.apiKey}` } }), 400)
  assert.equal(await refusedStatus(server, {}, '/ws/v1/elsewhere'), 404)
})

test('a foreign Origin is refused at the upgrade; the own one, a listed one and none are not', async () => {
  await using server = await startHeadwater({ config: { 'http.allowedOrigins': ['https://app.example.org'] } })
  for (const origin of ['https://evil.example.org', 'https://app.example.org.evil.org', 'null']) {
    assert.equal(await refusedStatus(server, { origin }), 403, origin)
  }
  for (const origin of [server.url, 'https://app.example.org', undefined]) {
    using socket = await dial(server, origin === undefined ? {} : { origin })
    socket.say({ type: 'auth', token: await server.token('carol') })
    await socket.next('hello')
  }
})

test('close codes: wrong, expired, revoked tokens, and none at all', async () => {
  await using server = await startHeadwater()
  const codeFor = async (token: string) => {
    using socket = await dial(server)
    socket.say({ type: 'auth', token })
    return await socket.closeCode()
  }
  assert.equal(await codeFor('nonsense'), 4501)
  const short = await server.token('carol', { ttlS: 1 })
  await server.advance(1_000)
  assert.equal(await codeFor(short), 4502)
  const revoked = await server.token('carol')
  await server.request('POST', '/v1/tokens/revoke', { body: { user_id: 'carol' } })
  assert.equal(await codeFor(revoked), 4503)
  using silent = await dial(server)
  await server.advance(10_000 + 1_000)
  assert.equal(await silent.closeCode(), 4505)
})

test('an open socket closes when its token runs out, unless it was given a newer one', async () => {
  await using server = await startHeadwater()
  using closes = await openSocket(server, 'carol', { token: await server.token('carol', { ttlS: 30 }) })
  using renewed = await openSocket(server, 'carol', { token: await server.token('carol', { ttlS: 30 }) })
  renewed.say({ type: 'auth', token: await server.token('carol', { ttlS: 300 }), resume: renewed.position })
  await renewed.until('a second hello', () => renewed.frames.filter((frame) => frame.type === 'hello').length === 2)
  await server.advance(31_000)
  assert.equal(await closes.closeCode(), 4502)
  await renewed.roundTrip()
  await send(server, like('ann', 'carol', 'p1'))
  await renewed.next('activity_group_created')
})

test('sixty seconds of silence close a socket; any frame is a sign of life', async () => {
  await using server = await startHeadwater()
  using silent = await dial(server, { autoPong: false })
  silent.say({ type: 'auth', token: await server.token('carol') })
  await silent.next('hello')
  using speaks = await openSocket(server, 'carol')
  for (let i = 0; i < 4; i++) {
    await server.advance(20_000)
    if (i < 3) await speaks.roundTrip()
  }
  assert.equal(await silent.closeCode(), 4002)
  await speaks.roundTrip()
})

test('the server pings as well, every twenty seconds', async () => {
  await using server = await startHeadwater()
  using socket = await openSocket(server, 'carol')
  let pings = 0
  socket.ws.on('ping', () => pings++)
  for (let i = 0; i < 6; i++) {
    await server.advance(20_000)
    await socket.roundTrip()
  }
  assert.ok(pings >= 5 && pings <= 7, `${pings} pings`)
})

test('twenty sockets of one user, and one too many', async () => {
  await using server = await startHeadwater()
  const token = await server.token('carol')
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(server, 'carol', { token })))
  using extra = await dial(server)
  extra.say({ type: 'auth', token })
  assert.equal(await extra.closeCode(), 4504)
  using other = await openSocket(server, 'dora')
  await other.roundTrip()
  await sockets[0]?.hangUp()
  await server.request('GET', '/healthz')
  using again = await openSocket(server, 'carol', { token })
  await again.roundTrip()
  for (const socket of sockets) socket[Symbol.dispose]()
})

test('bad frames are answered, and after a few of them the socket is closed', async () => {
  await using server = await startHeadwater()
  using socket = await openSocket(server, 'carol')
  for (const bad of ['no json', '[]', '{}', { type: 'dance' }, { type: 'ack' }, { type: 'ack', seq: 'x' }]) {
    const heard = socket.frames.length
    socket.say(bad)
    const error = await socket.next('error', heard)
    assert.ok(typeof error.code === 'string' && typeof error.detail === 'string', JSON.stringify(bad))
  }
  await socket.roundTrip()
  for (let i = 0; i < 5; i++) socket.say('no json')
  assert.equal(await socket.closeCode(), 4500)
  using large = await openSocket(server, 'carol')
  large.say({ type: 'ping', filler: 'x'.repeat(64 * 1024) })
  assert.ok((await large.closeCode()) > 0)
})

test('a server that stops says so, and when to come back', async () => {
  const server = await startHeadwater()
  using socket = await openSocket(server, 'carol')
  await server.close()
  assert.equal(await socket.closeCode(), 4000)
  const closing = socket.frames.at(-1)
  assert.equal(closing?.type, 'server_closing')
  assert.ok(Number.isSafeInteger(closing?.retry_after_ms) && closing?.retry_after_ms > 0)
})

test('presence: who has sockets, and on which devices', async () => {
  await using server = await startHeadwater()
  const online = (...user_ids: string[]) => presence(server, user_ids)
  assert.deepEqual(await online('carol', 'dora'), [])
  const phone = await openSocket(server, 'carol', { deviceId: 'phone' })
  using laptop = await openSocket(server, 'carol', { deviceId: 'laptop' })
  using nameless = await openSocket(server, 'dora')
  await nameless.roundTrip()
  assert.deepEqual(
    (await online('dora', 'carol', 'eve')).map(({ user_id, devices }) => [user_id, [...devices].sort()]),
    [
      ['dora', []],
      ['carol', ['laptop', 'phone']],
    ],
  )
  await phone.hangUp()
  await laptop.roundTrip()
  await server.advance(60_000 - 15_000)
  assert.deepEqual(await online('carol'), [{ user_id: 'carol', devices: ['laptop'] }])
  for (const body of [{ user_ids: [] }, { user_ids: Array(501).fill('x') }, {}]) {
    assert.equal((await server.request('POST', '/v1/presence', { body })).status, 400)
  }
  assert.equal(
    (
      await server.request('POST', '/v1/presence', {
        token: await server.token('carol'),
        body: { user_ids: ['carol'] },
      })
    ).status,
    403,
  )
})

async function presence(server: TestServer, user_ids: string[]): Promise<{ user_id: string; devices: string[] }[]> {
  const answer = await server.request('POST', '/v1/presence', { body: { user_ids } })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body.online
}

test('what is deleted by its user on one device is removed on the others', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const [held] = await walk(server, 'carol')
  using socket = await openSocket(server, 'carol')
  await socket.reached((await page(server, 'carol')).seq)
  await server.request('DELETE', `/v1/activities/${held?.group_id}`, { user: 'carol' })
  await server.settle()
  const removed = await socket.next('activity_group_removed')
  assert.deepEqual([removed.group_id, removed.unread_count], [held?.group_id, 0])
})
