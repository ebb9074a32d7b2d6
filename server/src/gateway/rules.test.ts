import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorFrame, ServerClosingFrame } from '@headwater/protocol'
import { Bench } from './testing/bench.ts'
import type { FakeClient } from './testing/fake-client.ts'

const errors = (client: FakeClient) => client.take('error').map((frame) => (frame as ErrorFrame).code)

/** The close code; `null` while the socket is open. */
const codeOf = (client: FakeClient): number | null => client.closed?.code ?? null

test('W02 no auth frame in 10 s closes with 4505, a bad token with 4501', async () => {
  await using bench = new Bench()
  const silent = bench.open()
  await bench.pass(9_000)
  assert.equal(codeOf(silent), null)
  await bench.pass(2_000)
  assert.deepEqual(silent.closed, { code: 4505, reason: 'auth_timeout' })
  const bad = await bench.connect('bad')
  assert.deepEqual(bad.closed, { code: 4501, reason: 'unauthenticated' })
})

test('W02 tokens that have expired or were revoked are told apart', async () => {
  await using bench = new Bench()
  bench.access.expired.add('carol/old')
  bench.access.revoked.add('carol/gone')
  assert.equal((await bench.connect('carol/old')).closed?.code, 4502)
  assert.equal((await bench.connect('carol/gone')).closed?.code, 4503)
})

const wrongFrames: [string, string | null][] = [
  ['text that is not JSON', '{'],
  ['bytes', null],
  ['a list', '[]'],
  ['a number', '7'],
  ['an unknown type', '{"type":"subscribe"}'],
  ['no type', '{}'],
  ['an ack without a position', '{"type":"ack"}'],
  ['an ack with text', '{"type":"ack","seq":"1"}'],
  ['a resume without an epoch', '{"type":"auth","resume":{"seq":1}}'],
  ['a device that is a number', '{"type":"auth","device_id":7}'],
  ['a device with control characters', '{"type":"auth","device_id":"a\\u0000b"}'],
  ['a device with half a character', '{"type":"auth","device_id":"a\\ud800"}'],
  ['a device that is too long', JSON.stringify({ type: 'auth', device_id: 'x'.repeat(129) })],
  ['a token that is an object', '{"type":"auth","token":{}}'],
]
for (const [name, text] of wrongFrames) {
  test(`W03 ${name} is answered with an error frame`, async () => {
    await using bench = new Bench()
    const client = await bench.connect('carol')
    client.session.receive(text)
    assert.deepEqual(errors(client), ['bad_frame'])
    assert.equal(codeOf(client), null)
  })
}

test('W03 after ten bad frames the socket is closed with 4500', async () => {
  await using bench = new Bench()
  const client = bench.open()
  for (let i = 0; i < 9; i++) client.session.receive('?')
  assert.equal(codeOf(client), null)
  client.session.receive('?')
  assert.equal(errors(client).length, 10)
  assert.deepEqual(client.closed, { code: 4500, reason: 'bad_frame' })
})

test('auth without a token is an error frame, and the socket waits on', async () => {
  await using bench = new Bench()
  const client = bench.open()
  client.say({ type: 'auth' })
  assert.deepEqual(errors(client), ['bad_frame'])
  client.say({ type: 'auth', token: 'carol' })
  await bench.settle()
  assert.equal(client.take('hello').length, 1)
})

test("W05 asking for another user's stream is refused, and the socket stays", async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.say({ type: 'subscribe', user_id: 'bob' })
  client.say({ type: 'auth', token: 'bob' })
  client.say({ type: 'auth', token: 'carol', user_id: 'bob' })
  assert.deepEqual(errors(client), ['forbidden', 'forbidden', 'forbidden'])
  assert.equal(codeOf(client), null)
  assert.equal(client.session.user, 'carol')
  const early = bench.open()
  early.say({ type: 'auth', token: 'carol', user_id: 'bob' })
  assert.deepEqual(errors(early), ['forbidden'])
  assert.equal(early.session.phase, 'waiting')
})

test('an API key opens a socket for the user that the request or the frame names', async () => {
  await using bench = new Bench()
  const byFrame = await bench.connect('api-key', { user_id: 'carol' })
  assert.equal(byFrame.session.user, 'carol')
  const byHeader = bench.open({ actingAs: 'dave' })
  byHeader.say({ type: 'auth', token: 'api-key' })
  assert.equal(byHeader.session.user, 'dave')
  assert.deepEqual(errors(await bench.connect('api-key')), ['user_required'])
})

test('W06 200 frames a second are too many: error frames, then 4003, which is no fault of the token', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.take()
  for (let i = 0; i < 99; i++) client.say({ type: 'ping' })
  assert.equal(client.take('pong').length, 99)
  for (let i = 0; i < 9; i++) client.say({ type: 'ping' })
  assert.deepEqual(errors(client), Array(9).fill('rate_limited'))
  await bench.pass(1_000)
  client.say({ type: 'ping' })
  assert.equal(client.take('pong').length, 1)
  for (let i = 0; i < 50; i++) client.say({ type: 'ping' })
  assert.deepEqual(client.closed, { code: 4003, reason: 'overloaded' })
})

test('an ack for each frame that was sent is not too many, however many were', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol', { device_id: 'phone' })
  for (let i = 0; i < 400; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  client.drain()
  for (let seq = 1; seq <= 400; seq++) client.say({ type: 'ack', seq })
  assert.deepEqual([errors(client), client.closed], [[], null])
  for (let i = 0; i < 200; i++) client.say({ type: 'ack', seq: 400 })
  assert.equal(errors(client).length, 10, 'the same again is')
})

test('nor is it when the stream began anew on the same socket, and the frames were sent once more', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  for (let i = 0; i < 400; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  client.drain()
  for (let seq = 1; seq <= 400; seq++) client.say({ type: 'ack', seq })
  client.say({ type: 'auth', token: 'carol/newer' })
  await bench.settle()
  for (let seq = 1; seq <= 400; seq++) client.say({ type: 'ack', seq })
  assert.deepEqual([errors(client), client.closed], [[], null])
})

test('an ack before the first frame is an error frame, whatever it says', async () => {
  await using bench = new Bench()
  for (const seq of [0, 1, -1]) {
    const client = bench.open()
    client.say({ type: 'ack', seq })
    assert.deepEqual([errors(client), client.session.phase], [['invalid_seq'], 'waiting'])
  }
})

test('W02 a client that does not answer the end of its socket is hung up on; one that did not read has longer', async () => {
  await using bench = new Bench({ outboundFrames: 1 })
  const silent = bench.open()
  const slow = await bench.connect('carol')
  slow.writable = false
  for (let i = 0; i < 3; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  await bench.pass(11_000)
  assert.deepEqual([codeOf(silent), codeOf(slow)], [4505, 4001])
  assert.deepEqual([silent.terminated, slow.terminated], [false, false])
  await bench.pass(4_000)
  assert.deepEqual([silent.terminated, slow.terminated], [true, false])
})

test('a mistake of ours ends the one session that met it', async () => {
  await using bench = new Bench()
  const [client, other] = [await bench.connect('carol'), await bench.connect('dave')]
  bench.access.verifyBearer = () => {
    throw new Error('broken')
  }
  client.say({ type: 'auth', token: 'carol' })
  assert.equal(client.closed?.code, 4003)
  other.say({ type: 'ping' })
  assert.equal(other.take('pong').length, 1)
  assert.equal(bench.failures.length, 1)
})

for (const seq of [2, -1, 0.5, 2 ** 53]) {
  test(`W08 an ack of ${seq} is an error frame, and is not stored`, async () => {
    await using bench = new Bench()
    bench.stream.add('carol', 'p1')
    const client = await bench.connect('carol', { device_id: 'phone' })
    client.say({ type: 'ack', seq })
    assert.deepEqual(errors(client), ['invalid_seq'])
    await bench.pass(2_000)
    assert.equal(bench.devices.positions.size, 0)
  })
}

test('acks of a device become one write a second, never go back, and survive a store that is down', async () => {
  await using bench = new Bench()
  for (let i = 0; i < 9; i++) bench.stream.add('carol', `p${i}`)
  const client = await bench.connect('carol', { device_id: 'phone' })
  for (const seq of [1, 5, 9, 3]) client.say({ type: 'ack', seq })
  bench.devices.failure = new Error('down')
  await bench.pass(2_000)
  bench.devices.failure = null
  await bench.pass(2_000)
  assert.equal(bench.devices.writes, 1)
  assert.equal(bench.devices.positions.get('carol phone')?.seq, 9)
})

test('W09 60 s of silence close with 4002, and any sign of life prevents it', async () => {
  await using bench = new Bench()
  const [silent, pinging, answering] = [await bench.connect('a'), await bench.connect('b'), await bench.connect('c')]
  for (let i = 0; i < 59; i++) {
    await bench.pass(1_000)
    if (i % 20 === 0) pinging.say({ type: 'ping' })
    if (i % 20 === 0) answering.session.alive()
  }
  assert.equal(codeOf(silent), null)
  assert.ok(silent.pings === 3 || silent.pings === 4, `${silent.pings} pings`)
  await bench.pass(3_000)
  assert.deepEqual(silent.closed, { code: 4002, reason: 'stale' })
  assert.equal(codeOf(pinging), null)
  assert.equal(codeOf(answering), null)
})

test('F10 a server that stood still does not close its sockets for it', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  await bench.pass(30_000)
  // One beat that comes 90 s late: the clock is moved without its timers.
  const clock = bench.seams.time
  const now = clock.monotonic.bind(clock)
  clock.monotonic = () => now() + 90_000
  await bench.pass(5_000)
  assert.equal(codeOf(client), null)
  await bench.pass(60_000)
  assert.equal(codeOf(client), 4002)
})

test('a stream that only goes out lives while it takes what it is sent', async () => {
  await using bench = new Bench()
  const client = bench.open({ user: 'carol', oneWay: true })
  await bench.pass(120_000)
  assert.equal(codeOf(client), null)
  client.writable = false
  await bench.pass(65_000)
  assert.equal(codeOf(client), 4002)
})

test('and while it takes it slowly, so that it is full again whenever one looks', async () => {
  await using bench = new Bench()
  const client = bench.open({ user: 'carol', oneWay: true })
  await bench.pass(1_000)
  for (let i = 0; i < 24; i++) {
    client.drain()
    client.writable = false
    bench.stream.add('carol', 'p1')
    await bench.publish('carol')
    await bench.pass(5_000)
  }
  assert.equal(codeOf(client), null)
})

test('W09 one socket over the cap of a user is closed with 4504', async () => {
  await using bench = new Bench({ socketsPerUser: 3 })
  const clients: FakeClient[] = []
  for (let i = 0; i < 4; i++) clients.push(await bench.connect('carol'))
  assert.deepEqual(
    clients.map(({ closed }) => closed?.code),
    [undefined, undefined, undefined, 4504],
  )
  clients[0]?.session.lost()
  assert.equal((await bench.connect('carol')).closed, null)
  assert.equal((await bench.connect('dave')).closed, null)
})

test('a token that runs out closes its socket with 4502, within a second or two', async () => {
  await using bench = new Bench()
  bench.access.expiresAtMs = bench.seams.clock.now() + 30_000
  const client = await bench.connect('carol')
  for (let i = 0; i < 29; i++) await bench.pass(1_000)
  assert.equal(codeOf(client), null)
  await bench.pass(2_000)
  assert.deepEqual(client.closed, { code: 4502, reason: 'token_expired' })
})

test('a newer token on a live socket takes the place of the old one', async () => {
  await using bench = new Bench()
  bench.access.expiresAtMs = bench.seams.clock.now() + 10_000
  const client = await bench.connect('carol')
  bench.access.expiresAtMs = bench.seams.clock.now() + 100_000
  client.say({ type: 'auth', token: 'carol', resume: { epoch: 'e1', seq: 0 } })
  await bench.pass(50_000)
  assert.equal(codeOf(client), null)
  client.say({ type: 'ping' })
  await bench.pass(52_000)
  assert.equal(codeOf(client), 4502)
})

test('W07 a revoked token closes its sockets with 4503 at once, and no others', async () => {
  await using bench = new Bench()
  const revoked = [await bench.connect('carol/1'), await bench.connect('carol/1')]
  const others = [await bench.connect('carol/2'), await bench.connect('dave/1')]
  bench.access.revoke('carol/1', { userId: 'carol', tokenId: null })
  assert.deepEqual(
    revoked.map(({ closed }) => closed?.code),
    [4503, 4503],
  )
  assert.deepEqual(
    others.map(({ closed }) => closed),
    [null, null],
  )
  bench.access.revoke('dave/1', { userId: null, tokenId: 'dave/1' })
  assert.equal(others[1]?.closed?.code, 4503)
  assert.equal((await bench.connect('carol/1', { resume: { epoch: 'e1', seq: 0 } })).closed?.code, 4503)
})

test('a revocation that another server tells of, or that nobody told of, is found as well', async () => {
  await using bench = new Bench()
  const [told, untold] = [await bench.connect('carol/1'), await bench.connect('dave/1')]
  bench.access.revoked.add('carol/1').add('dave/1')
  await bench.pubSub.publish([{ kind: 'revoked', user: 'carol' }])
  assert.equal(codeOf(told), 4503)
  await bench.pass(21_000)
  assert.equal(codeOf(untold), 4503)
})

test('a token that is revoked while its session starts opens nothing', async () => {
  await using bench = new Bench()
  const client = bench.open()
  client.say({ type: 'auth', token: 'carol/1' })
  bench.access.revoked.add('carol/1')
  await bench.settle()
  assert.equal(codeOf(client), 4503)
  assert.deepEqual(client.frames, [])
})

test('a token in the header needs no frame, and one that comes soon may say where to go on', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  const [quiet, speaking] = [bench.open({ user: 'carol' }), bench.open({ user: 'carol' })]
  speaking.say({ type: 'auth', resume: { epoch: 'e1', seq: 1 } })
  await bench.pass(200, 50)
  assert.deepEqual(
    quiet.frames.map(({ type }) => type),
    ['hello', 'activity_group_created'],
  )
  assert.deepEqual(
    speaking.frames.map(({ type }) => type),
    ['hello'],
  )
})

test('F12 draining sends everybody away, to come back at different moments', async () => {
  await using bench = new Bench()
  const clients: FakeClient[] = []
  for (let i = 0; i < 300; i++) clients.push(await bench.connect(`user${i}`, { device_id: 'phone' }))
  clients[0]?.say({ type: 'ack', seq: 0 })
  const drained = bench.switchboard.drain()
  await bench.settle()
  const first = clients.filter(({ closed }) => closed !== null).length
  assert.ok(first > 0 && first < 300, 'in batches')
  for (const client of clients) client.session.transport.close = () => client.session.lost()
  await bench.pass(12_000, 100)
  for (const client of clients) if (client.session.phase !== 'ended') assert.fail('still open')
  await drained
  const waits = clients.map((client) => (client.take('server_closing')[0] as ServerClosingFrame).retry_after_ms)
  assert.ok(new Set(waits).size > 100)
  assert.ok(Math.max(...waits) <= 1_750 && Math.min(...waits) >= 250)
  assert.equal(bench.devices.positions.size, 1)
  assert.equal(bench.sessions.entries.size, 0)
})

test('I13 nothing is left behind when the gateway is closed', async () => {
  const bench = new Bench()
  for (let i = 0; i < 5; i++) await bench.connect('carol')
  bench.open({ user: 'dave' })
  await bench[Symbol.asyncDispose]()
  assert.equal(bench.seams.time.pending, 0)
  assert.equal(bench.sessions.entries.size, 0)
  assert.deepEqual(bench.switchboard.stats(), { sockets: 0, users: 0, framesSent: 0, framesQueued: 0 })
})
