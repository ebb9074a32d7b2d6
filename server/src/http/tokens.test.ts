import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

const now = Date.UTC(2026, 0, 1)

async function tokenApp() {
  const app = await testApp((routes, dependencies) => addAllRoutes(routes, testFeatures(now), dependencies))
  const post = (url: string, payload?: object, headers = {}) =>
    app.request({ method: 'POST', url, ...(payload && { payload }), headers })
  const statusOf = async (token: string) =>
    (await app.request({ url: '/v1/activities', headers: { authorization: `Bearer ${token}` } })).statusCode
  return { app, post, statusOf, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

test('a token is made, good, and revoked by user', async () => {
  await using t = await tokenApp()
  const made = await t.post('/v1/tokens', { user_id: 'alice', device_id: 'phone-1' })
  const { token, token_id, expires_at } = made.json()
  assert.deepEqual([made.statusCode, Object.keys(made.json())], [201, ['token', 'token_id', 'expires_at']])
  assert.equal(expires_at, now + 3_600_000)
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
  assert.deepEqual(claims, {
    sub: 'alice',
    iat: now / 1000,
    exp: expires_at / 1000,
    jti: token_id,
    device_id: 'phone-1',
  })
  assert.equal(await t.statusOf(token), 200)

  const revoked = await t.post('/v1/tokens/revoke', { user_id: 'alice' })
  assert.deepEqual([revoked.statusCode, revoked.body], [204, ''])
  assert.equal(await t.statusOf(token), 401)
  assert.equal(await t.statusOf((await t.post('/v1/tokens', { user_id: 'alice' })).json().token), 200)
})

test('a device has up to 128 characters, of whatever script, and its token is good', async () => {
  await using t = await tokenApp()
  const { token } = (await t.post('/v1/tokens', { user_id: 'alice', device_id: '📱'.repeat(128) })).json()
  assert.equal(await t.statusOf(token), 200)
  assert.equal((await t.post('/v1/tokens', { user_id: 'alice', device_id: '📱'.repeat(129) })).statusCode, 400)
})

test('one token is revoked by its id', async () => {
  await using t = await tokenApp()
  const one = (await t.post('/v1/tokens', { user_id: 'alice' })).json()
  const other = (await t.post('/v1/tokens', { user_id: 'alice' })).json()
  await t.post('/v1/tokens/revoke', { token_id: one.token_id })
  assert.deepEqual([await t.statusOf(one.token), await t.statusOf(other.token)], [401, 200])
})

test('a request that is repeated after a failure makes the same token', async () => {
  const ids: string[] = []
  for (let i = 0; i < 2; i++) {
    await using t = await tokenApp()
    const headers = { 'idempotency-key': 'order-7' }
    ids.push((await t.post('/v1/tokens', { user_id: 'alice' }, headers)).json().token_id)
  }
  assert.equal(ids[0], ids[1])
})

for (const [url, payload, path, code] of [
  ['/v1/tokens', {}, 'user_id', 'required'],
  ['/v1/tokens', { user_id: 'a b' }, 'user_id', 'invalid_id'],
  ['/v1/tokens', { user_id: '' }, 'user_id', 'too_short'],
  ['/v1/tokens', { user_id: 'a', ttl_s: 0 }, 'ttl_s', 'out_of_range'],
  ['/v1/tokens', { user_id: 'a', ttl_s: -1 }, 'ttl_s', 'out_of_range'],
  ['/v1/tokens', { user_id: 'a', ttl_s: 2_592_001 }, 'ttl_s', 'out_of_range'],
  ['/v1/tokens', { user_id: 'a', ttl_s: 1.5 }, 'ttl_s', 'invalid_type'],
  ['/v1/tokens', { user_id: 'a', ttl_s: null }, 'ttl_s', 'invalid_type'],
  ['/v1/tokens', { user_id: 'a', device_id: '' }, 'device_id', 'too_short'],
  ['/v1/tokens', { user_id: 'a', device_id: 'a\nb' }, 'device_id', 'invalid_id'],
  ['/v1/tokens', { user_id: 'a', role: 'admin' }, 'role', 'unknown_field'],
  ['/v1/tokens/revoke', {}, 'user_id', 'required'],
  ['/v1/tokens/revoke', { user_id: 'a', token_id: 'b' }, 'user_id', 'invalid_value'],
  ['/v1/tokens/revoke', { users: ['a'] }, 'users', 'unknown_field'],
  ['/v1/presence', { user_ids: [] }, 'user_ids', 'too_short'],
  ['/v1/presence', { user_ids: Array(501).fill('a') }, 'user_ids', 'too_long'],
  ['/v1/presence', { user_ids: 'alice' }, 'user_ids', 'invalid_type'],
] as const) {
  test(`${url} refuses ${JSON.stringify(payload).slice(0, 50)} as ${code}`, async () => {
    await using t = await tokenApp()
    const answer = await t.post(url, payload)
    const [error] = answer.json().errors
    assert.deepEqual([answer.statusCode, error.path, error.code], [400, path, code])
  })
}

test('presence tells who is online, once each, and on which devices', async () => {
  await using t = await tokenApp()
  const answer = await t.post('/v1/presence', { user_ids: ['alice', 'bob', 'alice'] })
  assert.deepEqual(answer.json(), { online: [{ user_id: 'alice', devices: ['phone-1'] }] })
})

test('a stream ticket is good for its user, once', async () => {
  await using t = await tokenApp()
  const answer = await t.post('/v1/stream-tickets', undefined, { 'x-user-id': 'alice' })
  const { ticket, expires_at } = answer.json()
  assert.deepEqual([answer.statusCode, expires_at], [201, now + 30_000])
  assert.deepEqual((await t.app.access.tickets.redeem(ticket))?.principal, { kind: 'server', actingAs: 'alice' })
  assert.equal(await t.app.access.tickets.redeem(ticket), undefined)
})

test('an object is deleted by type and id, whatever the id holds', async () => {
  const features = testFeatures(now)
  await using app = await testApp((routes, dependencies) => addAllRoutes(routes, features, dependencies))
  const remove = (url: string) => app.request({ method: 'DELETE', url: `/v1/objects/${url}` })
  for (const id of ['p1', 'a/b', 'ü?#', 'x'.repeat(256)]) {
    assert.equal((await remove(`POST/${encodeURIComponent(id)}`)).statusCode, 202, id)
    assert.deepEqual(features.calls.at(-1), ['deleteObject', 'POST', id])
  }
  for (const url of ['BOOK/p1', 'post/p1', 'POST/%00', 'POST/a%0d%0a', `POST/${'x'.repeat(257)}`]) {
    assert.equal((await remove(url)).statusCode, 400, url)
  }
})
