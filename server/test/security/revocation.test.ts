import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestServer } from '../../src/testing.ts'
import { ask, assertProblem } from '../bad-input/testing/wire.ts'
import { like, page, send } from '../journeys/testing/calls.ts'
import { dial, openSocket, type TestSocket } from '../journeys/testing/socket.ts'
import { ownServer } from './testing/own-server.ts'

/** Opens an event stream of a user; `end` gives all that it said. */
async function eventStream(server: TestServer, token: string): Promise<{ readonly end: Promise<string> }> {
  const stream = await fetch(`${server.url}/v1/activities/stream`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(stream.status, 200)
  return { end: stream.text() }
}

const revoke = (server: TestServer, body: object) => ask(server, { method: 'POST', path: '/v1/tokens/revoke', body })

async function openedEverywhere(server: TestServer, token: string): Promise<readonly TestSocket[]> {
  return [
    await openSocket(server, 'alice', { token }),
    await openSocket(server, 'alice', { token, deviceId: 'phone' }),
    await openSocket(server, 'alice', { token, headers: { authorization: `Bearer ${token}` } }),
  ]
}

test('security 14: revoking a user ends all that is open, lets nothing in, and touches nobody else', async () => {
  await using server = await ownServer()
  const token = await server.token('alice')
  const sockets = await openedEverywhere(server, token)
  const stream = await eventStream(server, token)
  const { body } = await ask(server, { method: 'POST', path: '/v1/stream-tickets', token })
  using bob = await openSocket(server, 'bob')
  const { epoch, seq } = await page(server, 'alice')
  assert.equal((await revoke(server, { user_id: 'alice' })).status, 204)
  for (const socket of sockets) assert.equal(await socket.closeCode(), 4503)
  assert.match(await stream.end, /event: close\ndata: {"type":"close","code":4503,"reason":"token_revoked"}/)
  for (const path of ['/v1/activities', '/v1/users/alice']) {
    assertProblem(await ask(server, { path, token }), 401, 'unauthenticated')
  }
  assertProblem(
    await ask(server, { path: `/v1/activities/stream?ticket=${body.ticket}`, token: null }),
    401,
    'unauthenticated',
  )
  const back = await dial(server)
  back.say({ type: 'auth', token, resume: { epoch, seq } })
  assert.equal(await back.closeCode(), 4503)
  await bob.roundTrip()
  using again = await openSocket(server, 'alice', { token: await server.token('alice') })
  await again.roundTrip()
})

test('security 14: revoking a token ends what it opened, and leaves the other devices', async () => {
  await using server = await ownServer()
  const made = await ask(server, { method: 'POST', path: '/v1/tokens', body: { user_id: 'alice' } })
  const lost = await openSocket(server, 'alice', { token: made.body.token })
  using kept = await openSocket(server, 'alice')
  await revoke(server, { token_id: made.body.token_id })
  assert.equal(await lost.closeCode(), 4503)
  assert.equal((await ask(server, { path: '/v1/activities', token: made.body.token })).status, 401)
  await kept.roundTrip()
})

test('security 14: what another server revokes is in force here within 5 s', async () => {
  await using server = await ownServer()
  const token = await server.token('alice')
  const sockets = await openedEverywhere(server, token)
  await server.advance(10)
  const at = server.now()
  await server.ports.revocations.revoke({ userId: 'alice', tokenId: null, at, expiresAt: at + 86_400_000 })
  for (let i = 0; i < 5; i++) {
    await server.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const socket of sockets) assert.equal(await socket.closeCode(), 4503)
  assert.equal((await ask(server, { path: '/v1/activities', token })).status, 401)
})

test('security 14: a user who is deleted is signed out everywhere', async () => {
  await using server = await ownServer()
  await server.request('PUT', '/v1/users/alice', { body: { name: 'Alice' } })
  const token = await server.token('alice')
  const sockets = await openedEverywhere(server, token)
  assert.equal((await ask(server, { method: 'DELETE', path: '/v1/users/alice' })).status, 202)
  for (const socket of sockets) assert.equal(await socket.closeCode(), 4503)
  assert.equal((await ask(server, { path: '/v1/activities', token })).status, 401)
  assertProblem(await ask(server, { path: '/v1/users/alice' }), 404, 'not_found')
})

test('security 15: a socket does not outlive its token by more than 25 s, unless it shows a newer one', async () => {
  await using server = await ownServer()
  const token = await server.token('alice', { ttlS: 30 })
  const old = await openSocket(server, 'alice', { token })
  using renewed = await openSocket(server, 'alice', { token })
  renewed.say({ type: 'auth', token: await server.token('alice') })
  await renewed.until('a second hello', () => renewed.frames.filter(({ type }) => type === 'hello').length === 2)
  const stream = await eventStream(server, token)
  for (let i = 0; i < 35; i++) await server.advance(1_000)
  assert.equal(await old.closeCode(), 4502)
  assert.match(await stream.end, /"code":4502/)
  await renewed.roundTrip()
})

test("security 16: another user's position, device and Last-Event-ID show nothing of that user", async () => {
  await using server = await ownServer()
  await send(server, ...Array.from({ length: 5 }, (_, i) => like(`fan-${i}`, 'alice', `secret-post-${i}`)))
  const alice = await openSocket(server, 'alice', { deviceId: 'phone' })
  await alice.reached((await page(server, 'alice')).seq)
  const { epoch, seq } = alice.position
  alice.say({ type: 'ack', seq })
  await alice.roundTrip()
  await alice.hangUp()
  const own = Array.from({ length: 20 }, (_, i) => like(`mia-${i}`, 'bob', 'own-post'))
  await send(server, like('mia', 'alice', 'secret-post-9'), ...own)

  const texts: string[] = []
  for (const options of [{ resume: { epoch, seq } }, { resume: { epoch, seq: 0 } }, { deviceId: 'phone' }]) {
    using bob = await openSocket(server, 'bob', options)
    await bob.roundTrip()
    assert.equal(bob.hello?.user_id, 'bob')
    texts.push(JSON.stringify(bob.frames))
  }
  const headers = { authorization: `Bearer ${await server.token('bob')}`, 'last-event-id': `${epoch}:${seq}` }
  const controller = new AbortController()
  const stream = await fetch(`${server.url}/v1/activities/stream`, { headers, signal: controller.signal })
  const reader = stream.body?.getReader()
  texts.push(Buffer.from((await reader?.read())?.value ?? []).toString())
  controller.abort()
  for (const text of texts) {
    assert.match(text, /bob/)
    assert.doesNotMatch(text, /secret-post|alice|fan-/)
  }
  using phone = await openSocket(server, 'bob', { deviceId: 'phone' })
  using other = await openSocket(server, 'bob', { deviceId: 'tablet' })
  assert.equal(phone.hello?.from_seq, other.hello?.from_seq, 'bob has no device of this name')
  using back = await openSocket(server, 'alice', { deviceId: 'phone' })
  assert.equal(back.hello?.from_seq, seq, "alice's device goes on from its own ack")
})
