import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signToken, tokenSecret } from '../access/jwt.ts'
import type { App } from './app.ts'
import { apiKey, type TestApp, testApp, tokenSecretOfTests } from './app-for-tests.ts'
import { requireUser } from './principal.ts'

const addRoutes = (app: App): void => {
  app.get('/v1/me', { config: { access: 'any' } }, async (request) => ({ user: requireUser(request) }))
  app.post('/v1/me', { config: { access: 'any' } }, async (request) => ({ user: requireUser(request) }))
  app.get('/open', { config: { access: 'public' } }, async (request) => ({ known: request.principal !== undefined }))
}
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

test('a user is who the token says, the server whom it names', async () => {
  await using app = await testApp(addRoutes)
  const me = async (headers: Record<string, string>) => (await app.app.inject({ url: '/v1/me', headers })).json()
  const token = await app.tokenOf('alice')
  assert.equal((await me(bearer(token))).user, 'alice')
  assert.equal((await me({ authorization: `bearer  ${token}` })).user, 'alice')
  assert.equal((await me({ ...bearer(token), 'x-user-id': 'alice' })).user, 'alice')
  assert.equal((await me({ ...bearer(apiKey), 'x-user-id': 'bob' })).user, 'bob')
  assert.equal((await me(bearer(apiKey))).code, 'user_required')
})

for (const [name, headers, status, code] of [
  ['nothing', {}, 401, 'unauthenticated'],
  ['another scheme', { authorization: `Basic ${apiKey}` }, 401, 'unauthenticated'],
  ['the bare key', { authorization: apiKey }, 401, 'unauthenticated'],
  ['an empty header', { authorization: '' }, 401, 'unauthenticated'],
  ['a wrong key', bearer('wrong'), 401, 'unauthenticated'],
  ['a user without a credential', { 'x-user-id': 'alice' }, 401, 'unauthenticated'],
  ['a name that is no user', { ...bearer(apiKey), 'x-user-id': 'a b' }, 400, 'invalid_request'],
  ['an empty name', { ...bearer(apiKey), 'x-user-id': '' }, 400, 'user_required'],
] as const) {
  test(`${name}: ${status} ${code}`, async () => {
    await using app = await testApp(addRoutes)
    const answer = await app.app.inject({ url: '/v1/me', headers })
    assert.deepEqual([answer.statusCode, answer.json().code], [status, code])
    assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined)
  })
}

test('a user token acts for nobody else', async () => {
  await using app = await testApp(addRoutes)
  const headers = { ...bearer(await app.tokenOf('alice')), 'x-user-id': 'bob' }
  const answer = await app.app.inject({ url: '/v1/me', headers })
  assert.deepEqual([answer.statusCode, answer.json().code], [403, 'forbidden'])
})

test('a refusal says what is wrong with a token, and nothing of what is no token', async () => {
  await using app = await testApp(addRoutes)
  const expired = await app.tokenOf('alice', 1)
  const revoked = await app.tokenOf('bob')
  await app.access.revoke({ userId: 'bob' })
  app.seams.time.advance(1_000)
  const now = app.seams.clock.now() / 1_000
  const signed = (payload: object) => signToken(payload as Record<string, unknown>, tokenSecret(tokenSecretOfTests))
  const base = { sub: 'alice', iat: now, exp: now + 60 }
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
  const notSigned = 'The token is not signed with HS256 and the token secret of this server.'
  const plain = 'A valid API key or user token is required'
  for (const [credential, detail] of [
    ['wrong', plain],
    ['a.b.c', plain],
    [expired, 'The token has expired.'],
    [revoked, 'The token was revoked.'],
    [`${expired.slice(0, -4)}AAAA`, notSigned],
    [`${unsigned}.${expired.split('.')[1]}.AAAA`, notSigned],
    [signed({ sub: 'alice' }), 'The token has no iat, exp: sub, iat and exp are required.'],
    [signed({ ...base, sub: 'a b' }), 'The sub of the token is no user id.'],
    [signed({ ...base, exp: 'soon' }), 'The exp of the token is no number of seconds since 1970.'],
    [signed({ ...base, jti: '' }), 'The jti of the token is no text of 1 to 256 characters.'],
    [signed({ ...base, exp: now * 1_000 }), 'exp is in seconds since 1970.'],
    [
      signed({ ...base, nbf: now + 99 }),
      "The token is not valid yet: its nbf is more than 60 s ahead of the server's clock.",
    ],
  ] as const) {
    const answer = await app.app.inject({ url: '/v1/me', headers: bearer(credential) })
    const { code, detail: told } = answer.json()
    assert.deepEqual([answer.statusCode, code, told], [401, 'unauthenticated', detail])
  }
})

test('public routes ask for nothing and believe nothing', async () => {
  await using app = await testApp(addRoutes)
  assert.deepEqual((await app.app.inject({ url: '/open', headers: bearer('wrong') })).json(), { known: false })
})

test('after a hundred wrong keys in a minute an address is told to wait, and right ones still pass', async () => {
  await using app = await testApp(addRoutes)
  const call = (credential: string, remoteAddress = '192.0.2.1') =>
    app.app.inject({ url: '/v1/me', headers: bearer(credential), remoteAddress })
  const expired = await app.tokenOf('alice', 1)
  app.seams.time.advance(1_000)
  for (let i = 0; i < 150; i++) assert.equal((await call(expired)).statusCode, 401)
  for (let i = 0; i < 150; i++) assert.equal((await call(`${expired}${i}`)).statusCode, 401)
  for (let i = 0; i < 100; i++) assert.equal((await call(`wrong-${i}`)).statusCode, 401)
  const refused = await call('wrong')
  assert.deepEqual([refused.statusCode, refused.json().code], [429, 'rate_limited'])
  assert.ok(Number(refused.headers['retry-after']) >= 1)
  assert.equal((await call('wrong', '192.0.2.2')).statusCode, 401)
  assert.equal((await call(apiKey)).statusCode, 400)
  app.seams.time.advance(60_000)
  assert.equal((await call('wrong')).statusCode, 401)
})

/** What the last of more guesses than one address may make is answered. */
async function guessFrom({ app }: TestApp, forwardedFor: (i: number) => string): Promise<number> {
  let last = 0
  for (let i = 0; i <= 100; i++) {
    const headers = { ...bearer('wrong'), 'x-forwarded-for': forwardedFor(i) }
    last = (await app.inject({ url: '/v1/me', headers, remoteAddress: '10.0.0.1' })).statusCode
  }
  return last
}

test('a forwarded address is not believed, and it is told once that a proxy should be named', async () => {
  const told: string[] = []
  const log = { warn: (_: object, text: string) => void told.push(text), error: () => {} }
  await using app = await testApp(addRoutes, { log })
  for (let i = 0; i < 2; i++) assert.equal(await guessFrom(app, (n) => `192.0.2.${n}`), 429)
  assert.equal(told.filter((text) => text.includes('http.trustedProxies')).length, 1)
})

test('the clients of a trusted proxy are told apart by what it adds, and not by what they wrote', async () => {
  for (const trustedProxies of [['10.0.0.1'], ['loopback', '10.0.0.0/8'], ['uniquelocal']]) {
    await using app = await testApp(addRoutes, { settings: { trustedProxies } })
    assert.equal(await guessFrom(app, (i) => `192.0.2.${i}`), 401)
    assert.equal(await guessFrom(app, (i) => `192.0.2.${i}, 198.51.100.1`), 429)
    assert.equal(await guessFrom(app, (i) => `garbage-${i}`), 429)
  }
  await using app = await testApp(addRoutes, { settings: { trustedProxies: ['10.0.0.2'] } })
  assert.equal(await guessFrom(app, (i) => `192.0.2.${i}`), 429)
})

test('a user has a burst of requests and of writes, and is told how many are left', async () => {
  await using app = await testApp(addRoutes)
  const headers = bearer(await app.tokenOf('alice'))
  const call = (method: 'GET' | 'POST') => app.app.inject({ method, url: '/v1/me', headers })
  const first = await call('GET')
  assert.deepEqual(
    [first.headers['ratelimit-limit'], first.headers['ratelimit-remaining'], first.headers['ratelimit-reset']],
    ['100', '99', '1'],
  )
  for (let i = 0; i < 50; i++) assert.equal((await call('POST')).statusCode, 200)
  const refused = await call('POST')
  assert.deepEqual(
    [refused.statusCode, refused.headers['ratelimit-limit'], refused.headers['ratelimit-remaining']],
    [429, '50', '0'],
  )
  assert.equal(refused.headers['retry-after'], '1')
  for (let i = 0; i < 48; i++) assert.equal((await call('GET')).statusCode, 200)
  assert.equal((await call('GET')).statusCode, 429)
  const bob = bearer(await app.tokenOf('bob'))
  assert.equal((await app.app.inject({ url: '/v1/me', headers: bob })).statusCode, 200)
  app.seams.time.advance(1_000)
  for (let i = 0; i < 10; i++) assert.equal((await call('POST')).statusCode, 200)
  assert.equal((await call('POST')).statusCode, 429)
})

test('a second token of a user brings no second burst', async () => {
  await using app = await testApp(addRoutes, { settings: { userRequestBurst: 1 } })
  const call = async () => app.app.inject({ url: '/v1/me', headers: bearer(await app.tokenOf('alice')) })
  assert.deepEqual([(await call()).statusCode, (await call()).statusCode], [200, 429])
})

test('the API key is not limited unless it is configured', async () => {
  const headers = { ...bearer(apiKey), 'x-user-id': 'alice' }
  await using free = await testApp(addRoutes)
  const answer = await free.app.inject({ url: '/v1/me', headers })
  assert.equal(answer.headers['ratelimit-limit'], undefined)
  await using bound = await testApp(addRoutes, { settings: { apiKeyRequestsPerS: 1, apiKeyRequestBurst: 1 } })
  assert.equal((await bound.app.inject({ url: '/v1/me', headers })).statusCode, 200)
  assert.equal((await bound.app.inject({ url: '/v1/me', headers })).statusCode, 429)
})

test('limits can be switched off as a whole', async () => {
  await using app = await testApp(addRoutes, { settings: { rateLimits: 'off', userRequestBurst: 1 } })
  const headers = bearer(await app.tokenOf('alice'))
  for (let i = 0; i < 200; i++) assert.equal((await app.app.inject({ url: '/v1/me', headers })).statusCode, 200)
  for (let i = 0; i < 200; i++) {
    assert.equal((await app.app.inject({ url: '/v1/me', headers: bearer('wrong') })).statusCode, 401)
  }
})
