// Users and tokens: who is shown how, what vanishes with an account, and which tokens are good until when.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { insideOf, startHeadwater, type TestServer } from '../../src/testing.ts'
import { allActors, like, page, send, walk } from './testing/calls.ts'
import { openSocket } from './testing/socket.ts'

test('a user is put, changed, and shown in every later answer at once', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const body = { name: 'Ann', avatar_url: 'https://example.org/a.png', locale: 'de', properties: { plan: 'pro' } }
  const put = await server.request('PUT', '/v1/users/ann', { body })
  assert.equal(put.status, 200)
  assert.deepEqual(put.body, { user: { id: 'ann', ...body, created_at: server.now(), updated_at: server.now() } })
  assert.equal((await walk(server, 'carol'))[0]?.summary, 'Ann liked your post')
  await server.advance(1_000)
  const changed = await server.request('PUT', '/v1/users/ann', { body: { name: 'Anna' } })
  assert.deepEqual(
    [changed.body.user.updated_at - changed.body.user.created_at, changed.body.user.avatar_url],
    [1_000, null],
  )
  const [held] = await walk(server, 'carol')
  assert.deepEqual([held?.summary, held?.top_actors[0]?.name], ['Anna liked your post', 'Anna'])
  assert.equal((await allActors(server, 'carol', held?.group_id ?? ''))[0]?.name, 'Anna')
  using socket = await openSocket(server, 'carol')
  await socket.reached((await page(server, 'carol')).seq)
  assert.equal(socket.chain.at(-1)?.group.summary, 'Anna liked your post')
})

test('who may see and change a user: properties are for the key and for that user', async () => {
  await using server = await startHeadwater()
  await server.request('PUT', '/v1/users/ann', { body: { name: 'Ann', properties: { secret: 1 } } })
  const [ann, ben] = [await server.token('ann'), await server.token('ben')]
  const get = async (request: object) => (await server.request('GET', '/v1/users/ann', request)).body.user
  assert.deepEqual((await get({})).properties, { secret: 1 })
  assert.deepEqual((await get({ token: ann })).properties, { secret: 1 })
  assert.equal('properties' in (await get({ token: ben })), false)
  assert.equal((await server.request('GET', '/v1/users/nobody')).status, 404)
  const put = async (token: string, path = 'ann') =>
    (await server.request('PUT', `/v1/users/${path}`, { token, body: { name: 'X' } })).status
  assert.deepEqual([await put(ann), await put(ben), await put(ben, 'ben')], [200, 403, 200])
  assert.equal((await server.request('DELETE', '/v1/users/ann', { token: ann })).status, 403)
})

test('what a user may be: names, ids, properties', async () => {
  await using server = await startHeadwater()
  const put = async (id: string, body: object) => {
    const answer = await server.request('PUT', `/v1/users/${encodeURIComponent(id)}`, { body })
    return `${answer.status} ${answer.body.errors?.[0]?.code ?? answer.body.code ?? ''}`.trim()
  }
  assert.equal(await put('A.z_0:@-', { name: 'x' }), '200')
  assert.equal(await put('x'.repeat(128), { name: 'x'.repeat(256) }), '200')
  assert.match(await put('x'.repeat(129), { name: 'x' }), /^400/)
  assert.match(await put('with space', { name: 'x' }), /^400/)
  for (const body of [{}, { name: '' }, { name: 'x'.repeat(257) }, { name: 5 }])
    assert.match(await put('ann', body), /^400/)
  assert.equal(await put('ann', { name: 'x', nmae: 'y' }), '400 unknown_field')
  assert.equal(await put('ann', { name: 'x', properties: { any: { thing: [1] } } }), '200')
})

test('deleting a user: name, avatar and own stream at once, memberships with the sweep, and counts follow', async () => {
  await using server = await startHeadwater()
  await server.request('PUT', '/v1/users/ann', { body: { name: 'Ann', avatar_url: 'https://example.org/a.png' } })
  await send(
    server,
    like('ann', 'carol', 'p1'),
    like('ben', 'carol', 'p1'),
    like('ann', 'carol', 'p2'),
    like('ben', 'ann', 'p3'),
  )
  using socket = await openSocket(server, 'carol')
  await socket.reached((await page(server, 'carol')).seq)
  const heard = socket.frames.length

  assert.equal((await server.request('DELETE', '/v1/users/ann')).status, 202)
  assert.equal((await server.request('GET', '/v1/users/ann')).status, 404)
  for (const held of await walk(server, 'carol')) {
    assert.equal(JSON.stringify(held).includes('Ann'), false)
    assert.ok(held.top_actors.every((actor) => actor.avatar_url === null))
  }
  assert.deepEqual([(await page(server, 'ann')).activity_groups, (await page(server, 'ann')).unread_count], [[], 0])

  await server.advance(60_000 - 15_000)
  await server.settle()
  const { activity_groups, unread_count } = await page(server, 'carol')
  assert.deepEqual(
    activity_groups.map((held) => [held.object_id, held.actor_count, held.summary]),
    [['p1', 1, 'ben liked your post']],
  )
  assert.equal(unread_count, 1)
  assert.deepEqual(
    (await allActors(server, 'carol', activity_groups[0]?.group_id ?? '')).map((actor) => actor.id),
    ['ben'],
  )
  await socket.reached((await page(server, 'carol')).seq)
  assert.deepEqual(
    new Set(socket.frames.slice(heard).map((frame) => frame.type)),
    new Set(['activity_group_updated', 'activity_group_removed']),
  )

  await send(server, like('ann', 'carol', 'p4'))
  const back = (await walk(server, 'carol')).find((held) => held.object_id === 'p4')
  assert.equal(back?.summary, 'ann liked your post', 'one who was never put is shown by the id')
})

test('who is made anew right behind the deletion keeps what they do', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p1'))
  assert.equal((await server.request('DELETE', '/v1/users/ann')).status, 202)
  await server.request('PUT', '/v1/users/ann', { body: { name: 'Anna' } })
  await send(server, like('ann', 'carol', 'p2'))
  await server.advance(60_000)
  await server.settle()
  const { activity_groups } = await page(server, 'carol')
  assert.deepEqual(Object.fromEntries(activity_groups.map(({ object_id, summary }) => [object_id, summary])), {
    p1: 'ben liked your post',
    p2: 'Anna liked your post',
  })
})

test('who is being erased writes nothing any more, however long it takes', async () => {
  await using server = await startHeadwater()
  await server.request('PUT', '/v1/users/ann', { body: { name: 'Ann' } })
  await send(server, like('ben', 'ann', 'p3'))
  const token = await server.token('ann')
  const { deletion } = insideOf(server).server.activity
  const erase = deletion.eraseUser
  const during: number[] = []
  const eraseSlowly: typeof erase = async (user) => {
    const existed = await erase(user)
    during.push((await server.request('POST', '/v1/activities/seen', { token, body: { all: true } })).status)
    during.push((await server.request('PUT', '/v1/users/ann', { token, body: { name: 'Ann' } })).status)
    return existed
  }
  Object.assign(deletion, { eraseUser: eraseSlowly })
  assert.equal((await server.request('DELETE', '/v1/users/ann')).status, 202)
  assert.deepEqual(during, [401, 401])
  assert.equal((await server.request('GET', '/v1/users/ann')).status, 404)
})

test('Tokens that never expire: each has an end, at most thirty days away, and is refused from then on', async () => {
  await using server = await startHeadwater()
  const make = (body: object) => server.request('POST', '/v1/tokens', { body })
  const { status, body } = await make({ user_id: 'carol' })
  assert.deepEqual([status, body.expires_at - server.now(), typeof body.token_id], [201, 3_600_000, 'string'])
  for (const ttl_s of [0, 2_592_001, 1.5, '60']) assert.equal((await make({ user_id: 'carol', ttl_s })).status, 400)
  assert.equal((await make({ user_id: 'carol', ttl_s: 2_592_000 })).status, 201)
  const use = async (token: string) => (await server.request('GET', '/v1/activities', { token })).status
  const short = (await make({ user_id: 'carol', ttl_s: 1 })).body.token
  assert.equal(await use(short), 200)
  await server.advance(999)
  assert.equal(await use(short), 200)
  await server.advance(1)
  assert.equal(await use(short), 401)
  assert.equal(
    (await server.request('POST', '/v1/tokens', { token: body.token, body: { user_id: 'carol' } })).status,
    403,
  )
})

test('Tokens that never expire: one that is signed elsewhere needs exp, iat and HS256', async () => {
  await using server = await startHeadwater()
  const now = server.now() / 1_000
  const secret = 'a secret that only this test server has'
  const use = async (claims: object, header: object = { alg: 'HS256', typ: 'JWT' }, key = secret) =>
    (await server.request('GET', '/v1/activities', { token: signed(header, claims, key) })).status
  const good = { sub: 'carol', iat: now, exp: now + 60 }
  assert.equal(await use(good), 200)
  assert.equal(await use({ ...good, jti: 'mine', device_id: 'phone' }), 200)
  assert.equal(await use({ sub: 'carol', iat: now }), 401)
  assert.equal(await use({ sub: 'carol', exp: now + 60 }), 401)
  assert.equal(await use({ iat: now, exp: now + 60 }), 401)
  assert.equal(await use({ ...good, exp: now - 1 }), 401)
  assert.equal(await use(good, { alg: 'none' }), 401)
  assert.equal(await use(good, { alg: 'HS512' }), 401)
  assert.equal(await use(good, { alg: 'HS256' }, 'another secret of some length'), 401)
})

test('revoking: a user or one token, at once over HTTP, sockets close with 4503, newer tokens are good', async () => {
  await using server = await startHeadwater()
  const [old, other] = [await server.token('carol'), await server.token('carol')]
  const dora = await server.token('dora')
  using socket = await openSocket(server, 'carol', { token: old })
  using bystander = await openSocket(server, 'dora', { token: dora })
  assert.equal(await revoke(server, { user_id: 'carol' }), 204)
  const use = async (token: string) => (await server.request('GET', '/v1/activities', { token })).status
  assert.deepEqual([await use(old), await use(other), await use(dora)], [401, 401, 200])
  await server.advance(5_000)
  assert.equal(await socket.closeCode(), 4503)
  await bystander.roundTrip()

  const fresh = await server.request('POST', '/v1/tokens', { body: { user_id: 'carol' } })
  const spare = await server.token('carol')
  assert.deepEqual([await use(fresh.body.token), await use(spare)], [200, 200])
  using again = await openSocket(server, 'carol', { token: fresh.body.token })
  assert.equal(await revoke(server, { token_id: fresh.body.token_id }), 204)
  assert.deepEqual([await use(fresh.body.token), await use(spare)], [401, 200])
  await server.advance(5_000)
  assert.equal(await again.closeCode(), 4503)

  for (const body of [{}, { user_id: 'carol', token_id: 'x' }]) assert.equal(await revoke(server, body), 400)
  assert.equal(
    (await server.request('POST', '/v1/tokens/revoke', { token: spare, body: { user_id: 'carol' } })).status,
    403,
  )
})

test('in one and the same millisecond: revoked tokens are refused and the one made after is good', async () => {
  await using server = await startHeadwater()
  const before = await server.token('carol')
  await revoke(server, { user_id: 'carol' })
  const after = (await server.request('POST', '/v1/tokens', { body: { user_id: 'carol' } })).body.token
  const use = async (token: string) => (await server.request('GET', '/v1/activities', { token })).status
  assert.deepEqual([await use(before), await use(after)], [401, 200])
})

const revoke = async (server: TestServer, body: object) =>
  (await server.request('POST', '/v1/tokens/revoke', { body })).status

function signed(header: object, claims: object, secret: string): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
