import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { inhabited, type Refused, reader, refuses, visibleState } from './testing/refusals.ts'
import { type Ask, ask, assertProblem } from './testing/wire.ts'

/** Credentials, keys of idempotency and limits. What a token may look like is in security/tokens.test.ts. */

const list = (more: Partial<Ask> = {}): Ask => ({ path: '/v1/activities', ...more })
const tokens = (body: unknown, headers: Record<string, string> = {}): Ask => ({
  method: 'POST',
  path: '/v1/tokens',
  body,
  headers,
})
const asUser =
  (user: string, request: Ask) =>
  async (server: TestServer): Promise<Ask> => ({ ...request, token: await server.token(user) })
const anonymous = [401, 'unauthenticated'] as const
const invalid = [400, 'invalid_request'] as const
const forbidden = [403, 'forbidden'] as const
const event = { event_type: 'LIKE', actor_id: 'mia', target_user_id: reader, object_type: 'POST', object_id: 'p2' }

await refuses([
  ['B24 no credential', list({ token: null }), ...anonymous],
  ['B24 a user without a credential', list({ token: null, user: reader }), ...anonymous],
  ['B24 another scheme', list({ token: null, headers: { authorization: 'Basic Y2Fyb2w6eA==' } }), ...anonymous],
  ['B24 a bare key', list({ token: null, headers: { authorization: 'test-api-key-without-scheme' } }), ...anonymous],
  ['B24 a wrong key', list({ token: 'another-key' }), ...anonymous],
  ['B24 the key without a user', list(), 400, 'user_required'],
  ['B24 another user beside a user token', asUser(reader, list({ user: 'bob' })), ...forbidden],
  ['B24 no user id to act for', list({ user: 'a b' }), ...invalid, 'invalid_id'],
  ['B24 an empty user to act for', list({ user: '' }), 400, 'user_required'],
  ['B25 no token at all', list({ token: 'not.a.token' }), ...anonymous],
  ['B25 a token signed by another', list({ token: signed({ sub: reader, iat: 0, exp: 9_999_999_999 }) }), ...anonymous],
  ['B27 ?token', list({ path: '/v1/activities?token=abc', user: reader }), ...invalid],
  ['B27 ?access_token', list({ path: '/v1/activities?limit=1&access_token=abc', user: reader }), ...invalid],
  ['?api_key where there is no route', { path: '/v1/nothing?api_key=abc' }, 404, 'route_not_found'],
  ['B27 ?token, encoded', list({ path: '/v1/activities?%74oken=abc', user: reader }), ...invalid, 'unknown_field'],
  ['B27 ?token instead of a credential', { path: '/v1/activities?token=abc', token: null }, ...anonymous],
  ['B27 ?token and a wrong key', { path: '/v1/activities?token=abc', token: 'another-key' }, ...anonymous],
  ['an unknown parameter and no credential', { path: '/v1/activities?x=1', token: null }, ...anonymous],
  ['B28 a user sends events', asUser(reader, { method: 'POST', path: '/v1/events', body: event }), ...forbidden],
  ['B28 a user asks about an event', asUser(reader, { path: '/v1/events/x' }), ...forbidden],
  ['B28 a user makes tokens', asUser(reader, tokens({ user_id: reader })), ...forbidden],
  [
    'B28 a user revokes',
    asUser(reader, { method: 'POST', path: '/v1/tokens/revoke', body: { user_id: 'bob' } }),
    ...forbidden,
  ],
  ['B28 a user deletes an object', asUser(reader, { method: 'DELETE', path: '/v1/objects/POST/p1' }), ...forbidden],
  ['B28 a user deletes a user', asUser(reader, { method: 'DELETE', path: `/v1/users/${reader}` }), ...forbidden],
  [
    'B28 a user asks who is online',
    asUser(reader, { method: 'POST', path: '/v1/presence', body: { user_ids: ['bob'] } }),
    ...forbidden,
  ],
  [
    "B29 another's own routes",
    asUser('bob', { method: 'PUT', path: `/v1/users/${reader}`, body: { name: 'Bob' } }),
    ...forbidden,
  ],
  ['B33 an empty Idempotency-Key', tokens({ user_id: 'bob' }, { 'idempotency-key': '' }), ...invalid, 'invalid_value'],
  [
    'B33 an Idempotency-Key of 256',
    tokens({ user_id: 'bob' }, { 'idempotency-key': 'k'.repeat(256) }),
    ...invalid,
    'invalid_value',
  ],
  [
    'B33 a tab in an Idempotency-Key',
    tokens({ user_id: 'bob' }, { 'idempotency-key': 'a\tb' }),
    ...invalid,
    'invalid_value',
  ],
  ['B35 ttl_s 0', tokens({ user_id: 'bob', ttl_s: 0 }), ...invalid, 'out_of_range'],
  ['B35 a negative ttl_s', tokens({ user_id: 'bob', ttl_s: -1 }), ...invalid, 'out_of_range'],
  ['B35 ttl_s over the cap', tokens({ user_id: 'bob', ttl_s: 2_592_001 }), ...invalid, 'out_of_range'],
  ['B35 half a second', tokens({ user_id: 'bob', ttl_s: 0.5 }), ...invalid, 'invalid_type'],
  ['B38 an id that is none: a token', tokens({ user_id: 'a b' }), ...invalid, 'invalid_id'],
  [
    'revoking both a user and a token',
    { method: 'POST', path: '/v1/tokens/revoke', body: { user_id: 'a', token_id: 'b' } },
    ...invalid,
  ],
  ['revoking nothing', { method: 'POST', path: '/v1/tokens/revoke', body: {} }, ...invalid, 'required'],
] satisfies readonly Refused[])

function signed(claims: object, secret = 'a secret of somebody else, 32 bytes'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test('B25 a token is told what is wrong with it in words, under one code; a wrong key is told nothing', async () => {
  const t = await inhabited()
  const expired = await t.token(reader, { ttlS: 1 })
  const revoked = await t.token('bob')
  await ask(t, { method: 'POST', path: '/v1/tokens/revoke', body: { user_id: 'bob' } })
  await t.advance(1_000)
  const others = signed({ sub: reader, iat: 0, exp: 9_999_999_999 })
  for (const [token, detail] of [
    [expired, 'The token has expired.'],
    [revoked, 'The token was revoked.'],
    [others, 'The token is not signed with HS256 and the token secret of this server.'],
    ['wrong', 'A valid API key or user token is required'],
  ] as const) {
    const answer = await ask(t, list({ token }))
    assertProblem(answer, 401, 'unauthenticated')
    assert.equal((answer.body as { detail: string }).detail, detail)
  }
})

test('B32 past a limit: 429 that says when to come back, and nothing is done', async () => {
  await using limited = await startHeadwater({ config: { 'http.rateLimits': 'on' } })
  const token = await limited.token(reader)
  const put = (name: string) => ask(limited, { method: 'PUT', path: `/v1/users/${reader}`, body: { name }, token })
  for (let i = 0; i < 50; i++) assert.equal((await put(`Carol ${i}`)).status, 200)
  assertProblem(await put('Carol 50'), 429, 'rate_limited')
  assert.equal((await ask(limited, { path: `/v1/users/${reader}` })).body.user.name, 'Carol 49')
  const others = await ask(limited, { path: '/v1/activities', token: await limited.token('bob') })
  assert.deepEqual([others.status, others.headers['ratelimit-remaining']], [200, '99'])
})

const send = (objectId: string, key: string, headers: Record<string, string> = {}): Ask => ({
  method: 'POST',
  path: '/v1/events',
  body: { ...event, object_id: objectId },
  headers: { 'idempotency-key': key, ...headers },
})

test('B34 the same key: the same answer, and an error for another body', async () => {
  const t = await inhabited()
  const first = await ask(t, send('p2', 'k1'))
  const state = await visibleState(t)
  const second = await ask(t, send('p2', 'k1'))
  assert.deepEqual([second.status, second.text], [202, first.text])
  assert.equal(second.headers['idempotency-replayed'], 'true')
  assertProblem(await ask(t, send('p3', 'k1')), 422, 'idempotency_key_reused')
  assert.deepEqual(await visibleState(t), state)
})

test('B34 the same key: of a CloudEvent in headers, the headers are part of what was said', async () => {
  const t = await inhabited()
  const cloud = (id: string): Ask =>
    send('p2', 'k2', { 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': '/shop', 'ce-type': 'like' })
  const first = await ask(t, cloud('one'))
  assert.equal(first.status, 202)
  assert.equal((await ask(t, cloud('one'))).text, first.text)
  assertProblem(await ask(t, cloud('two')), 422, 'idempotency_key_reused')
})

test('B34 the same key: another route or another principal is another request', async () => {
  const t = await inhabited()
  const keyed = { 'idempotency-key': 'k3' }
  const seen = (user: string, path: string): Ask => ({
    method: 'POST',
    path,
    user,
    body: { all: true },
    headers: keyed,
  })
  for (const [user, path] of [
    [reader, '/v1/activities/seen'],
    [reader, '/v1/activities/read'],
    ['bob', '/v1/activities/read'],
  ] as const) {
    const answer = await ask(t, seen(user, path))
    assert.deepEqual([answer.status, answer.headers['idempotency-replayed']], [200, undefined])
  }
  const anyone = await ask(t, tokens({ user_id: 'bob' }, keyed))
  assert.deepEqual([anyone.status, anyone.headers['idempotency-replayed']], [201, undefined])
})

test('B34 of many at once with one key one runs, and the others are told to wait or get its answer', async () => {
  const t = await inhabited()
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(t, send('p2', 'k4'))))
  const done = answers.filter(({ status }) => status === 202)
  assert.equal(new Set(done.map(({ text }) => text)).size, 1)
  for (const answer of answers) if (answer.status !== 202) assertProblem(answer, 409, 'idempotency_in_progress')
  await t.settle()
  const { body } = await t.request('GET', '/v1/activities', { user: reader })
  const counts = body.activity_groups.map((group: { actor_count: number }) => group.actor_count)
  assert.deepEqual(counts, [1, 1])
})
