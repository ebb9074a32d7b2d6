import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { startHeadwater } from '../../src/testing.ts'
import { like, page, send } from '../journeys/testing/calls.ts'
import { dial, openSocket, type TestSocket } from '../journeys/testing/socket.ts'
import { type Answer, assertProblem, exchange, firstAnswer, portOf } from './testing/wire.ts'

const server = await startHeadwater()
after(() => server.close())

const upgrade = (...lines: readonly string[]): string =>
  [
    'GET /ws/v1/activities HTTP/1.1',
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
    '',
    '',
  ].join('\r\n')
const refusedUpgrade = async (text: string): Promise<Answer> => firstAnswer(await exchange(server, text))
const key = `Authorization: Bearer ${server.apiKey}`

for (const [name, text, status, code] of [
  ['W01 a bad token in the header', upgrade('Authorization: Bearer bad'), 401, 'unauthenticated'],
  ['W01 another scheme', upgrade('Authorization: Basic eDp5'), 401, 'unauthenticated'],
  ['W01 an API key without a user', upgrade(key), 400, 'user_required'],
  ['W01 an API key for what is no user', upgrade(key, 'X-User-Id: a b'), 400, 'invalid_request'],
  ['W01 an API key for two users', upgrade(key, 'X-User-Id: bob', 'X-User-Id: carol'), 400, 'invalid_request'],
  ['W01 two credentials', upgrade(key, 'Authorization: Bearer bad', 'X-User-Id: bob'), 400, 'invalid_request'],
  ['W01 a foreign origin', upgrade('Origin: https://evil.example'), 403, 'forbidden'],
  ['W01 an origin that is null', upgrade('Origin: null'), 403, 'forbidden'],
  ['W01 an origin that begins as ours', upgrade('Origin: http://x.evil.example'), 403, 'forbidden'],
  ['B27 a token in the address', upgrade().replace('activities ', 'activities?token=abc '), 400, 'invalid_request'],
  ['another path', upgrade().replace('activities ', 'feed '), 404, 'route_not_found'],
  ['another method', upgrade().replace('GET', 'POST'), 400, 'invalid_request'],
  ['another version', upgrade().replace('Version: 13', 'Version: 7'), 400, 'invalid_request'],
  ['no key', upgrade().replace(/Sec-WebSocket-Key.*\r\n/, ''), 400, 'invalid_request'],
  ['W10 200 header lines', upgrade(...Array.from({ length: 200 }, (_, i) => `X-${i}: 1`)), 431, 'headers_too_large'],
  [
    'W10 a protocol of 10 KiB of spaces',
    upgrade(`Sec-WebSocket-Protocol: a${' '.repeat(10_240)}b`),
    400,
    'invalid_request',
  ],
] as const) {
  test(`${name}: ${status} before the upgrade`, async () => {
    const answer = await refusedUpgrade(text)
    assertProblem(answer, status, code)
    assert.doesNotMatch(answer.text, /abc|evil/)
  })
}

test('W10 no compression is agreed on', async () => {
  const { ws } = await dial(server, { perMessageDeflate: true })
  assert.equal(ws.extensions, '')
  ws.terminate()
})

test('W02 no auth frame in 10 s closes with 4505, a bad token in one with 4501', async () => {
  const silent = await dial(server)
  await server.advance(12_000)
  assert.equal(await silent.closeCode(), 4505)
  for (const token of ['', 'bad', 'x'.repeat(8_000), 'x'.repeat(60_000), `${await server.token('carol')}x`]) {
    const socket = await dial(server)
    socket.say({ type: 'auth', token })
    assert.equal(await socket.closeCode(), 4501)
  }
})

const frames: readonly (readonly [name: string, frame: string | Buffer, code: string])[] = [
  ['W03 no JSON', '{', 'bad_frame'],
  ['W03 bytes', Buffer.from('{"type":"ping"}'), 'bad_frame'],
  ['W03 a list', '[]', 'bad_frame'],
  ['W03 null', 'null', 'bad_frame'],
  ['W03 64 KiB of brackets', '['.repeat(65_000), 'bad_frame'],
  ['W03 an unknown type', '{"type":"shout"}', 'bad_frame'],
  ['W03 a type that objects have', '{"type":"constructor"}', 'bad_frame'],
  ['W03 no type', '{"__proto__":{"type":"ping","polluted":1}}', 'bad_frame'],
  ['W03 an ack of nothing', '{"type":"ack"}', 'bad_frame'],
  ['W03 a position without an epoch', '{"type":"auth","resume":{"seq":1}}', 'bad_frame'],
  ['W03 a device with a control character', '{"type":"auth","device_id":"a\\u0000b"}', 'bad_frame'],
  ['W03 a device of half a character', '{"type":"auth","device_id":"\\ud800"}', 'bad_frame'],
  ['W03 a device of 129', `{"type":"auth","device_id":"${'d'.repeat(129)}"}`, 'bad_frame'],
  ['W03 a user that is none', '{"type":"ping","user_id":"carol\\u001fphone"}', 'bad_frame'],
  ["W05 another user's stream", '{"type":"ping","user_id":"bob"}', 'forbidden'],
  ['W08 an ack that was never sent', '{"type":"ack","seq":999}', 'invalid_seq'],
  ['W08 a negative ack', '{"type":"ack","seq":-1}', 'invalid_seq'],
  ['W08 an ack of 2^53', '{"type":"ack","seq":9007199254740992}', 'invalid_seq'],
  ['W08 an ack of half', '{"type":"ack","seq":0.5}', 'invalid_seq'],
  ['W08 an ack of infinity', '{"type":"ack","seq":1e400}', 'invalid_seq'],
]

test('W03 W05 W08 a wrong frame is answered with an error frame, and the socket stays', async () => {
  for (const [name, frame, code] of frames) {
    using socket = await openSocket(server, 'carol', { deviceId: 'phone' })
    socket.ws.send(frame)
    const error = await socket.next('error')
    assert.deepEqual([name, error.code, typeof error.detail], [name, code, 'string'])
    await socket.roundTrip()
  }
})

test("W05 a token of another user on a socket that has one is refused, and nobody's frames come", async () => {
  using socket = await openSocket(server, 'carol')
  socket.say({ type: 'auth', token: await server.token('bob') })
  assert.equal((await socket.next('error')).code, 'forbidden')
  await send(server, like('mia', 'bob', 'p1'))
  await socket.roundTrip()
  assert.equal(socket.chain.length, 0)
})

test('an ack before anybody is known is answered, and harms nobody', async () => {
  using socket = await dial(server)
  socket.say({ type: 'ack', seq: 0 })
  assert.equal((await socket.next('error')).code, 'invalid_seq')
  socket.say({ type: 'auth', token: await server.token('carol') })
  await socket.next('hello')
})

test('W03 after ten wrong frames the socket is closed with 4500', async () => {
  const socket = await openSocket(server, 'carol')
  for (let i = 0; i < 10; i++) socket.say('{')
  assert.equal(await socket.closeCode(), 4500)
})

test('W06 200 frames at once are too many: error frames, then 4003', async () => {
  const socket = await openSocket(server, 'carol')
  for (let i = 0; i < 200; i++) socket.say({ type: 'ping' })
  assert.equal(await socket.closeCode(), 4003)
  assert.equal(socket.frames.filter((frame) => frame.code === 'rate_limited').length, 10)
})

test('W04 frames that break the protocol close with its codes, and a client beside notices nothing', async () => {
  using healthy = await openSocket(server, 'carol')
  const text = (payload: Buffer, first = 0x81) =>
    Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload])
  const fragments = Array.from({ length: 66 }, (_, i) => text(Buffer.from('x'), i === 0 ? 0x01 : 0x00))
  for (const [name, bytes, codes] of [
    ['invalid UTF-8', text(Buffer.from([0xc3, 0x28])), [1007]],
    ['more than 64 KiB', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]), [1009]],
    ['a length of 2^63', Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]), [1009]],
    ['more than 64 fragments', Buffer.concat(fragments), [1008, 1009]],
    ['reserved bits', text(Buffer.alloc(0), 0xf1), [1002]],
    ['no mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), [1002]],
    ['an unknown opcode', text(Buffer.alloc(0), 0x83), [1002]],
    ['a ping in fragments', text(Buffer.alloc(0), 0x09), [1002]],
    ['a continuation of nothing', text(Buffer.alloc(0), 0x80), [1002]],
    ['a close of one byte', text(Buffer.from([3]), 0x88), [1002]],
    ['a close with a reserved code', text(Buffer.from([0x03, 0xed]), 0x88), [1002]],
    ['a close with a reason that is no text', text(Buffer.from([0x03, 0xe8, 0xc3, 0x28]), 0x88), [1007]],
  ] as const) {
    const code = await closeCodeAfter(bytes)
    assert.ok((codes as readonly number[]).includes(code), `${name} closed with ${code}`)
    await healthy.roundTrip()
  }
})

/** Opens a socket by hand, sends these bytes, and gives the code of the close frame that comes back. */
async function closeCodeAfter(bytes: Buffer): Promise<number> {
  const socket: Socket = connect(portOf(server), '127.0.0.1')
  socket.on('error', () => {})
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    if (received.length === 0) socket.write(bytes)
    received = Buffer.concat([received, chunk])
  })
  socket.write(upgrade())
  await once(socket, 'close')
  const close = received.indexOf('\r\n\r\n') + 4
  assert.equal(received[close], 0x88)
  return received.readUInt16BE(close + 2)
}

test('W07 a position that this stream never had is a reset', async () => {
  await send(server, like('mia', 'dave', 'p1'))
  const { epoch, seq } = await page(server, 'dave')
  for (const [resume, reason] of [
    [{ epoch: 'another', seq: 0 }, 'epoch_changed'],
    [{ epoch: `${epoch}\u0000`, seq: 0 }, 'epoch_changed'],
    [{ epoch, seq: seq + 1 }, 'position_unknown'],
    [{ epoch, seq: -1 }, 'position_unknown'],
    [{ epoch, seq: 0.5 }, 'position_unknown'],
    [{ epoch, seq: 2 ** 53 }, 'position_unknown'],
  ] as const) {
    using socket = await openSocket(server, 'dave', { resume })
    assert.equal((await socket.next('reset')).reason, reason)
    assert.deepEqual([socket.hello?.from_seq, socket.hello?.seq, socket.seq], [seq, seq, seq])
  }
})

test('W07 a revoked token opens nothing, whatever position it shows', async () => {
  const token = await server.token('dave')
  const { epoch, seq } = await page(server, 'dave')
  await server.request('POST', '/v1/tokens/revoke', { body: { user_id: 'dave' } })
  const socket = await dial(server)
  socket.say({ type: 'auth', token, resume: { epoch, seq } })
  assert.equal(await socket.closeCode(), 4503)
  assert.deepEqual(socket.frames, [])
})

test('W09 silence for 60 s closes with 4002, the 21st socket of a user with 4504', async () => {
  const silent = await openSocket(server, 'erin')
  silent.ws.pong = () => {}
  const sockets: TestSocket[] = []
  for (let i = 0; i < 19; i++) sockets.push(await openSocket(server, 'erin'))
  const late = await dial(server)
  late.say({ type: 'auth', token: await server.token('erin') })
  assert.equal(await late.closeCode(), 4504)
  for (const socket of sockets) await socket.hangUp()
  for (let i = 0; i < 61; i++) await server.advance(1_000)
  assert.equal(await silent.closeCode(), 4002)
})
