import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { ClientOptions } from 'ws'
import { LiveServer } from './testing/live-server.ts'

const bearer = (token: string): ClientOptions => ({ headers: { authorization: `Bearer ${token}` } })

test('a WebSocket tells what happens as it happens', async () => {
  await using server = await LiveServer.start()
  const client = await server.connect('carol', { device_id: 'phone' })
  server.stream.add('carol', 'p1')
  await server.pubSub.publish([server.stream.tell('carol')])
  const frame = await client.next('activity_group_created')
  assert.deepEqual([frame.seq, frame.prev_seq, frame.unread_count], [1, 0, 1])
  client.say({ type: 'ping' })
  await client.next('pong')
  client.ws.ping('are you there')
  const [answer] = await once(client.ws, 'pong')
  assert.equal(String(answer), 'are you there')
})

test('a token in the header opens a socket without an auth frame, also an API key that names a user', async () => {
  await using server = await LiveServer.start()
  assert.equal((await server.dial(bearer('carol')).next('hello')).user_id, 'carol')
  const headers = { authorization: 'Bearer api-key', 'x-user-id': 'dave' }
  assert.equal((await server.dial({ headers }).next('hello')).user_id, 'dave')
})

test('W01 a bad token in the header is refused before the upgrade', async () => {
  await using server = await LiveServer.start()
  server.access.expired.add('carol/old')
  server.access.revoked.add('carol/gone')
  for (const token of ['bad', 'carol/old', 'carol/gone']) {
    const { status, headers, problem } = await server.dial(bearer(token)).refused
    assert.deepEqual([status, problem.code], [401, 'unauthenticated'])
    assert.equal(headers['content-type'], 'application/problem+json')
    assert.equal(headers['www-authenticate'], 'Bearer')
  }
  const basic = await server.dial({ headers: { authorization: 'Basic Y2Fyb2w6' } }).refused
  assert.equal(basic.status, 401)
  assert.equal((await server.dial(bearer('api-key')).refused).problem.code, 'user_required')
  const other = { headers: { authorization: 'Bearer carol', 'x-user-id': 'bob' } }
  assert.equal((await server.dial(other).refused).status, 403)
})

test('W01 a foreign origin is refused before the upgrade, our own and those allowed are not', async () => {
  await using server = await LiveServer.start({ allowedOrigins: ['https://app.example.com'] })
  const foreign = [
    'https://evil.example',
    'null',
    'https://app.example.com.evil',
    'http://app.example.com',
    'https://app.example.com:8443',
    'HTTPS://APP.EXAMPLE.COM',
    'https://app.example.com, https://evil.example',
    `http://127.0.0.1:${server.port + 1}`,
    'file://',
  ]
  for (const origin of foreign) {
    const { status, problem } = await server.dial({ origin }).refused
    assert.deepEqual([origin, status, problem.code], [origin, 403, 'forbidden'])
  }
  for (const origin of ['https://app.example.com', `http://${server.host}`]) await server.dial({ origin }).opened
  await server.dial().opened
})

test('W01 too many upgrades, or too many sockets, are refused with Retry-After before the upgrade', async () => {
  await using server = await LiveServer.start({ upgradeBurst: 3, upgradesPerS: 1, maxSockets: 4 })
  for (let i = 0; i < 3; i++) await server.dial().opened
  const fast = await server.dial().refused
  assert.deepEqual([fast.status, fast.problem.code, fast.headers['retry-after']], [503, 'overloaded', '1'])
  server.seams.time.advance(2_000)
  await server.dial().opened
  const full = await server.dial().refused
  assert.deepEqual([full.status, full.headers['retry-after']], [503, '5'])
})

test('security 17: a token in the address is refused', async () => {
  await using server = await LiveServer.start()
  const { status, problem } = await server.dial({}, '/ws/v1/activities?token=carol').refused
  assert.deepEqual([status, problem.code], [400, 'invalid_request'])
  assert.equal(JSON.stringify(problem).includes('carol'), false)
})

test('another path is not found', async () => {
  await using server = await LiveServer.start()
  assert.equal((await server.dial({}, '/ws/v2/other').refused).problem.code, 'route_not_found')
})

test('W02 without an auth frame the socket closes with 4505, with a bad token with 4501', async () => {
  await using server = await LiveServer.start()
  const silent = server.dial()
  await silent.opened
  for (let i = 0; i < 12; i++) server.seams.time.advance(1_000)
  assert.deepEqual(await silent.closed, { code: 4505, reason: 'auth_timeout' })
  const bad = server.dial()
  await bad.opened
  bad.say({ type: 'auth', token: 'bad' })
  assert.deepEqual(await bad.closed, { code: 4501, reason: 'unauthenticated' })
})

test('W03 bytes and broken text are error frames, and ten of them close with 4500', async () => {
  await using server = await LiveServer.start()
  const client = await server.connect('carol')
  client.ws.send(Buffer.from('{"type":"ping"}'))
  assert.equal((await client.next('error')).code, 'bad_frame')
  for (let i = 0; i < 9; i++) client.say('{')
  assert.deepEqual(await client.closed, { code: 4500, reason: 'bad_frame' })
})

test('W04 a frame of 64 KiB is taken, a longer one closes with 1009', async () => {
  await using server = await LiveServer.start()
  const client = await server.connect('carol')
  client.say(JSON.stringify({ type: 'ping', pad: 'x'.repeat(65_536 - 24) }))
  await client.next('pong')
  client.say('x'.repeat(65_537))
  assert.equal((await client.closed).code, 1009)
})

test('W04 more than 64 fragments close with 1008 or 1009', async () => {
  await using server = await LiveServer.start()
  const client = await server.connect('carol')
  for (let i = 0; i < 65; i++) client.ws.send('x', { fin: false })
  assert.ok([1008, 1009].includes((await client.closed).code))
})

const rawFrames: [string, number[], number][] = [
  ['text that is not UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007],
  ['reserved bits', [0xf1, 0x80, 0, 0, 0, 0], 1002],
  ['a frame without a mask', [0x81, 0x02, 0x7b, 0x7d], 1002],
  ['an unknown opcode', [0x83, 0x80, 0, 0, 0, 0], 1002],
  ['a ping in fragments', [0x09, 0x80, 0, 0, 0, 0], 1002],
  ['a ping of 126 bytes', [0x89, 0xfe, 0, 126, 0, 0, 0, 0], 1002],
  ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0], 1002],
  ['a close of one byte', [0x88, 0x81, 0, 0, 0, 0, 0x03], 1002],
  ['a length of 2^63', [0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0], 1009],
]
for (const [name, bytes, code] of rawFrames) {
  test(`W04 security 23: ${name} closes with ${code}, and a healthy client notices nothing`, async () => {
    await using server = await LiveServer.start()
    const healthy = await server.connect('carol')
    const socket = await server.raw()
    socket.write(
      `GET /ws/v1/activities HTTP/1.1\r\nHost: ${server.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      const first = received.length === 0
      received = Buffer.concat([received, chunk])
      if (first) socket.write(Buffer.from(bytes))
    })
    await once(socket, 'close')
    const close = received.indexOf(Buffer.from('\r\n\r\n')) + 4
    assert.equal(received[close], 0x88)
    assert.equal(received.readUInt16BE(close + 2), code)
    healthy.say({ type: 'ping' })
    await healthy.next('pong')
  })
}

test('W09 one socket over the cap of a user closes with 4504', async () => {
  await using server = await LiveServer.start({ socketsPerUser: 2 })
  await server.connect('carol')
  await server.connect('carol')
  const third = server.dial(bearer('carol'))
  assert.deepEqual(await third.closed, { code: 4504, reason: 'too_many_sockets' })
})

test('W09 a client that reads nothing is closed, and its memory is freed', async () => {
  await using server = await LiveServer.start()
  const client = await server.connect('carol')
  client.ws.pause()
  for (let round = 0; server.gateway.stats().sockets > 0; round++) {
    assert.ok(round < 200, 'the socket must be closed')
    for (let i = 0; i < 400; i++) server.stream.add('carol', `${round}-${i}-${'x'.repeat(200)}`)
    await server.pubSub.publish([server.stream.tell('carol')])
    await new Promise(setImmediate)
    await new Promise(setImmediate)
  }
  assert.equal(server.gateway.stats().framesQueued, 0)
})

test('a client that stops for a while and reads again has everything', async () => {
  await using server = await LiveServer.start({ outboundBytes: 1 << 26, outboundFrames: 100_000 })
  const client = await server.connect('carol')
  client.ws.pause()
  const pad = 'x'.repeat(1_000)
  for (let round = 0; server.gateway.stats().framesQueued < 2_000; round++) {
    for (let i = 0; i < 400; i++) server.stream.add('carol', `${round}-${i}-${pad}`)
    await server.pubSub.publish([server.stream.tell('carol')])
    await new Promise(setImmediate)
    await new Promise(setImmediate)
  }
  client.ws.resume()
  let last = 0
  for (const head = server.stream.head('carol'); last < head; ) {
    const frame = await client.next('activity_group_created')
    assert.equal(frame.prev_seq, last)
    last = frame.seq as number
  }
  assert.equal(server.gateway.stats().framesQueued, 0)
})

test('W10 compression is not negotiated, nor a subprotocol', async () => {
  await using server = await LiveServer.start()
  const client = server.dial({ perMessageDeflate: true })
  await client.opened
  assert.equal(client.ws.extensions, '')
})

test('W10 a Sec-WebSocket-Protocol of 10 KiB of spaces is refused at once', async () => {
  await using server = await LiveServer.start()
  const socket = await server.raw()
  socket.write(
    `GET /ws/v1/activities HTTP/1.1\r\nHost: ${server.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      `Sec-WebSocket-Protocol: a${' '.repeat(10 * 1024)}b\r\n\r\n`,
  )
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 400 .*"code":"invalid_request"/s)
})

test('an upgrade to something else, or from an old version, is refused', async () => {
  await using server = await LiveServer.start()
  for (const [upgrade, version] of [
    ['h2c', '13'],
    ['websocket', '7'],
  ]) {
    const socket = await server.raw()
    socket.write(
      `GET /ws/v1/activities HTTP/1.1\r\nHost: ${server.host}\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n` +
        `Sec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 400 /)
  }
})

test('security 22: a connection that breaks at any moment harms nobody', async () => {
  await using server = await LiveServer.start()
  for (let i = 0; i < 20; i++) {
    const socket = await server.raw()
    socket.write(
      `GET /ws/v1/activities HTTP/1.1\r\nHost: ${server.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        (i % 2 ? 'Authorization: Bearer bad\r\n\r\n' : '\r\n'),
    )
    if (i % 3) await new Promise(setImmediate)
    socket.resetAndDestroy()
  }
  const client = await server.connect('carol')
  client.say({ type: 'ping' })
  await client.next('pong')
})

test('draining says when to come back, closes with 4000, and lets nobody in', async () => {
  await using server = await LiveServer.start()
  const client = await server.connect('carol')
  const drained = server.gateway.drain()
  assert.equal(typeof (await client.next('server_closing')).retry_after_ms, 'number')
  assert.deepEqual(await client.closed, { code: 4000, reason: 'server_closing' })
  const refused = await server.dial().refused
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '1')
  for (let i = 0; i < 30; i++) {
    server.seams.time.advance(100)
    await new Promise(setImmediate)
  }
  await drained
})
