import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { ask, assertProblem, portOf } from '../bad-input/testing/wire.ts'
import { like, page, send } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'

interface HalfRequest {
  readonly closed: Promise<string>
  readonly socket: Socket
}

/** A connection that says this much and then waits. */
function begun(server: TestServer, text: string): HalfRequest {
  const socket = connect(portOf(server), '127.0.0.1', () => socket.write(text))
  const { promise, resolve } = Promise.withResolvers<string>()
  let received = ''
  socket.setEncoding('utf8').on('data', (data) => {
    received += data
  })
  socket.on('error', () => {})
  socket.on('close', () => resolve(received))
  return { closed: promise, socket }
}

test('security 24: hundreds of requests that never end are closed, and whoever comes meanwhile is answered', async () => {
  await using server = await startHeadwater({ config: { 'http.requestTimeoutMs': 1_000 } })
  using healthy = await openSocket(server, 'carol')
  const post = `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.apiKey}\r\nContent-Type: application/json\r\n`
  const halves = [
    '',
    'G',
    'GET /v1/activities HTTP/1.1\r\nHost: x\r\nX-A: ',
    `${post}Content-Length: 100\r\n\r\n{"events"`,
    `${post}Transfer-Encoding: chunked\r\n\r\nff\r\n{`,
    'GET /ws/v1/activities HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
  ]
  const slow = Array.from({ length: 600 }, (_, i) => begun(server, halves[i % halves.length] as string))
  await once((slow.at(-1) as HalfRequest).socket, 'connect')
  await send(server, like('mia', 'carol', 'p1'))
  assert.equal((await page(server, 'carol')).unread_count, 1)
  await healthy.next('activity_group_created')
  // Bodies past the bound are refused at once.
  const ends = /^(?:HTTP\/1\.1 408 .*"code":"request_timeout"}|HTTP\/1\.1 503 .*"code":"overloaded".*)?$/s
  for (const { closed } of slow) assert.match(await closed, ends)
  await healthy.roundTrip()
})

test('security 24: sockets that never say whose they are are closed after 10 s', async () => {
  await using server = await startHeadwater()
  const upgrade =
    'GET /ws/v1/activities HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  const silent = Array.from({ length: 100 }, () => begun(server, upgrade))
  await Promise.all(silent.map(({ socket }) => once(socket, 'data')))
  assert.match((await ask(server, { path: '/metrics' })).text, /^headwater_sockets 100$/m)
  await server.advance(12_000)
  for (const { closed, socket } of silent) {
    socket.end()
    assert.match(await closed, /auth_timeout$/)
  }
  assert.match((await ask(server, { path: '/metrics' })).text, /^headwater_sockets 0$/m)
})

test('security 22: past the bound on sockets upgrades are refused, requests are not', async () => {
  await using server = await startHeadwater({ config: { 'gateway.maxSockets': 3 } })
  const sockets = await Promise.all(['a', 'b', 'c'].map((user) => openSocket(server, user)))
  const refused = begun(
    server,
    'GET /ws/v1/activities HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  assert.match(await refused.closed, /^HTTP\/1\.1 503 .*retry-after: \d+.*"code":"overloaded"/s)
  assert.equal((await ask(server, { path: '/v1/activities', user: 'a' })).status, 200)
  for (const socket of sockets) await socket.hangUp()
})

test('security 22: connections that break at any moment leave nothing behind', async () => {
  await using server = await startHeadwater()
  using healthy = await openSocket(server, 'carol')
  const token = await server.token('bob')
  const auth = JSON.stringify({ type: 'auth', token })
  const frame = Buffer.concat([
    Buffer.from([0x81, 0xfe, auth.length >> 8, auth.length & 255, 0, 0, 0, 0]),
    Buffer.from(auth),
  ])
  const whole = Buffer.concat([
    Buffer.from(
      'GET /ws/v1/activities HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ),
    frame,
  ])
  const random = seededRandom(22)
  for (let i = 0; i < 60; i++) {
    const socket = connect(portOf(server), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(whole.subarray(0, 1 + Math.floor(random.next() * whole.length)))
    if (i % 2) await new Promise((resolve) => setImmediate(resolve))
    socket.resetAndDestroy()
  }
  await healthy.roundTrip()
  for (let i = 0; i < 20; i++) await server.advance(1_000)
  await healthy.roundTrip()
  assert.match((await ask(server, { path: '/metrics' })).text, /^headwater_sockets 1$/m)
})

test('security 20: a hundred wrong keys a minute, then 429 whatever the key looks like', async () => {
  await using server = await startHeadwater({ config: { 'http.rateLimits': 'on' } })
  const guess = (i: number) => ask(server, { path: '/v1/activities', token: `wrong-${i}` })
  for (let i = 0; i < 100; i++) assertProblem(await guess(i), 401, 'unauthenticated')
  const texts = new Set<string>()
  for (let i = 100; i < 110; i++) {
    const answer = await guess(i)
    assertProblem(answer, 429, 'rate_limited')
    texts.add(answer.text)
  }
  assert.equal(texts.size, 1)
  const forwarded = { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7', 'x-real-ip': '192.0.2.7' }
  const elsewhere = await ask(server, { path: '/v1/activities', token: 'wrong', headers: forwarded })
  assertProblem(elsewhere, 429, 'rate_limited')
  assert.equal((await ask(server, { path: '/v1/activities', user: 'carol' })).status, 200)
})

test('security 29: one actor who mentions a thousand times is one line, and nobody else waits for it', async () => {
  await using server = await startHeadwater()
  using carol = await openSocket(server, 'carol')
  using dave = await openSocket(server, 'dave')
  const mention = (i: number) => ({
    ...like('mallory', 'carol', 'p1'),
    event_type: 'MENTION' as const,
    metadata: { preview: `hey ${i}` },
  })
  await send(server, ...Array.from({ length: 999 }, (_, i) => mention(i)), like('mia', 'dave', 'p2'))
  await dave.next('activity_group_created')
  const { activity_groups, unread_count } = await page(server, 'carol')
  assert.deepEqual([activity_groups.length, unread_count, activity_groups[0]?.actor_count], [1, 1, 1])
  await carol.next('activity_group_created')
  assert.ok(carol.chain.length < 10, 'a window is told as a whole')
})

test('security 29: a thousand actors at once are one line with a number, and few frames', async () => {
  await using server = await startHeadwater()
  using carol = await openSocket(server, 'carol')
  await send(server, ...Array.from({ length: 1_000 }, (_, i) => like(`fan-${i}`, 'carol', 'p1')))
  await server.advance(1_000)
  const { activity_groups, unread_count, seq } = await page(server, 'carol')
  assert.deepEqual([activity_groups.length, unread_count, activity_groups[0]?.actor_count], [1, 1, 1_000])
  assert.equal(activity_groups[0]?.top_actors.length, 3)
  await carol.reached(seq)
  assert.ok(carol.chain.length < 10, 'a window is told as a whole')
})

test('security 45: of pipelined requests that break off at random, every answer is for its asker', async () => {
  await using server = await startHeadwater()
  const users = Array.from({ length: 40 }, (_, i) => `user-${i}`)
  for (const user of users)
    await ask(server, { method: 'PUT', path: `/v1/users/${user}`, body: { name: `Name of ${user}` } })
  const random = seededRandom(45)
  const line = (user: string, last: boolean) =>
    `GET /v1/users/${user} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.apiKey}\r\nX-User-Id: ${user}\r\n` +
    `${last ? 'Connection: close\r\n' : ''}\r\n`
  const runs = Array.from({ length: 60 }, async (_, run) => {
    const asked = Array.from({ length: 10 }, () => users[Math.floor(random.next() * users.length)] as string)
    const text = asked.map((user, i) => line(user, i === asked.length - 1)).join('')
    const isCut = run % 2 === 1
    const half = begun(server, isCut ? text.slice(0, Math.floor(random.next() * text.length)) : text)
    // In the middle of the answers, if it comes to that.
    if (isCut) half.socket.once('data', () => half.socket.destroy())
    if (isCut) half.socket.once('connect', () => setImmediate(() => half.socket.resetAndDestroy()))
    const answered = [...(await half.closed).matchAll(/"id":"(user-\d+)","name":"Name of (user-\d+)"/g)]
    for (const [i, match] of answered.entries()) assert.deepEqual([match[1], match[2]], [asked[i], asked[i]])
    if (!isCut) assert.equal(answered.length, asked.length)
  })
  await Promise.all(runs)
})
