// What holds for every route: refusals with a code, retries that count once, limits that say so; and what operators read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater, type TestAnswer, type TestServer } from '../../src/testing.ts'
import { like, mark, page, send, walk } from './testing/calls.ts'
import { openSocket } from './testing/socket.ts'

test('Silent 200: whatever does not exist is a problem with a code, on every route', async () => {
  await using server = await startHeadwater()
  const missing = 'zyxwvtsrqpnmkjhgfedcba987'
  const cases: readonly (readonly [method: string, path: string, status: number, code: string, body?: object])[] = [
    ['GET', `/v1/activities/${missing}`, 404, 'not_found'],
    ['GET', `/v1/activities/${missing}/actors`, 404, 'not_found'],
    ['DELETE', `/v1/activities/${missing}`, 404, 'not_found'],
    ['POST', '/v1/activities/read', 404, 'not_found', { group_ids: [missing] }],
    ['POST', '/v1/activities/seen', 404, 'not_found', { group_ids: [missing] }],
    ['GET', '/v1/users/nobody', 404, 'not_found'],
    ['GET', '/v1/events/0199f1b2-7c00-7abc-8def-0123456789ab', 404, 'not_found'],
    ['GET', '/v1/nowhere', 404, 'route_not_found'],
    ['POST', '/v1/nowhere', 404, 'route_not_found', {}],
    ['PATCH', '/v1/activities', 405, 'method_not_allowed', {}],
    ['DELETE', '/v1/events', 405, 'method_not_allowed'],
    ['GET', '/v1/activities/read?x=1', 400, 'invalid_request'],
  ]
  for (const [method, path, status, code, body] of cases) {
    const answer = await server.request(method, path, { user: 'carol', ...(body && { body }) })
    if (path.includes('read?')) assert.ok(answer.status >= 400, path)
    else assertProblem(answer, status, code, `${method} ${path}`)
  }
  const wrongMethod = await server.request('PUT', '/v1/activities/read', { user: 'carol', body: {} })
  assert.match(wrongMethod.headers.get('allow') ?? '', /POST/)
})

test('bodies: what is no JSON, of another type, too long, or has fields that nobody knows', async () => {
  await using server = await startHeadwater()
  const post = (path: string, body: unknown, headers = {}) =>
    server.request('POST', path, { user: 'carol', body, headers })
  for (const path of ['/v1/events', '/v1/activities/read', '/v1/tokens', '/v1/presence']) {
    assertProblem(await post(path, '{"a":'), 400, 'invalid_json', path)
    assertProblem(
      await post(path, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported_media_type',
      path,
    )
    assertProblem(
      await post(path, JSON.stringify({ filler: 'x'.repeat(4 * 1024 * 1024) })),
      413,
      'body_too_large',
      path,
    )
    assertProblem(await post(path, '[]'), 400, 'invalid_request', path)
  }
  const unknown = await post('/v1/activities/read', { alll: true })
  assertProblem(unknown, 400, 'invalid_request', 'unknown field')
  assert.deepEqual(unknown.body.errors.map((error: { path: string; code: string }) => [error.path, error.code])[0], [
    'alll',
    'unknown_field',
  ])
  assert.match(unknown.body.errors[0].detail, /all/)
  assertProblem(await server.request('GET', '/v1/users/ann?verbose=1'), 400, 'invalid_request', 'unknown parameter')
})

test('Idempotency-Key: the same answer again and one effect, on every POST', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'p2'))
  const ids = (await walk(server, 'carol')).map((held) => held.group_id)
  const calls: readonly (readonly [path: string, body: object | undefined, other: object | undefined])[] = [
    ['/v1/events', like('ben', 'carol', 'p3'), like('cy', 'carol', 'p3')],
    ['/v1/activities/seen', { group_ids: [ids[0]] }, { all: true }],
    ['/v1/activities/read', { group_ids: [ids[0]] }, { group_ids: [ids[1]] }],
    ['/v1/activities/read', { group_ids: ['unknown'] }, { all: true }],
    ['/v1/tokens', { user_id: 'carol' }, { user_id: 'dora' }],
    ['/v1/tokens/revoke', { user_id: 'nobody' }, { user_id: 'carol' }],
    ['/v1/stream-tickets', undefined, undefined],
    ['/v1/presence', { user_ids: ['carol'] }, { user_ids: ['dora'] }],
  ]
  for (const [i, [path, body, other]] of calls.entries()) {
    const call = (sent: object | undefined) =>
      server.request('POST', path, {
        user: 'carol',
        ...(sent && { body: sent }),
        headers: { 'idempotency-key': `key ${i}` },
      })
    const first = await call(body)
    assert.equal(first.headers.get('idempotency-replayed'), null, path)
    const again = await call(body)
    assert.deepEqual([again.status, again.body], [first.status, first.body], path)
    assert.equal(again.headers.get('idempotency-replayed'), 'true', path)
    if (other) assertProblem(await call(other), 422, 'idempotency_key_reused', path)
    await server.settle()
  }
  const p3 = (await walk(server, 'carol')).find((held) => held.object_id === 'p3')
  assert.deepEqual([p3?.actor_count, p3?.event_count], [1, 1])

  await server.advance(25 * 3_600_000)
  const late = await server.request('POST', '/v1/presence', {
    user: 'carol',
    body: { user_ids: ['x'] },
    headers: { 'idempotency-key': 'key 7' },
  })
  assert.deepEqual([late.status, late.headers.get('idempotency-replayed')], [200, null], 'kept for a day')
})

test('Idempotency-Key: belongs to one principal and route, and has a length', async () => {
  await using server = await startHeadwater()
  const post = (path: string, user: string, key: string) =>
    server.request('POST', path, { user, body: { all: true }, headers: { 'idempotency-key': key } })
  for (const [path, user] of [
    ['/v1/activities/read', 'carol'],
    ['/v1/activities/read', 'dora'],
    ['/v1/activities/seen', 'carol'],
  ] as const) {
    const answer = await post(path, user, 'one')
    assert.deepEqual([answer.status, answer.headers.get('idempotency-replayed')], [200, null])
  }
  assert.equal((await post('/v1/activities/read', 'carol', 'x'.repeat(255))).status, 200)
  assertProblem(await post('/v1/activities/read', 'carol', 'x'.repeat(256)), 400, 'invalid_request', 'too long')
  assertProblem(await post('/v1/activities/read', 'carol', ''), 400, 'invalid_request', 'empty')
})

test('Idempotency-Key: many at once run once', async () => {
  await using server = await startHeadwater()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      server.request('POST', '/v1/events', {
        body: like('ann', 'carol', 'p1'),
        headers: { 'idempotency-key': 'race' },
      }),
    ),
  )
  for (const answer of answers) {
    assert.ok(answer.status === 202 || answer.status === 409, String(answer.status))
    if (answer.status === 409) assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  }
  const ids = new Set(answers.filter((answer) => answer.status === 202).map((answer) => answer.body.event_ids[0]))
  assert.equal(ids.size, 1)
  await server.settle()
  assert.equal((await walk(server, 'carol'))[0]?.event_count, 1)
})

test('rate limits: a user has bursts and a rate, is told so, and the API key has none', async () => {
  await using server = await startHeadwater({ config: { 'http.rateLimits': 'on' } })
  const token = await server.token('carol')
  const read = () => server.request('GET', '/v1/activities', { token })
  const first = await read()
  assert.equal(first.status, 200)
  for (const name of ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'])
    assert.ok(first.headers.has(name), name)
  const reads = await Promise.all(Array.from({ length: 110 }, read))
  assert.equal(reads.filter((answer) => answer.status === 200).length, 99)
  const refused = reads.find((answer) => answer.status === 429) as TestAnswer
  assertProblem(refused, 429, 'rate_limited', 'reads')
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  await server.advance(1_000)
  assert.equal((await read()).status, 200)

  const dora = await server.token('dora')
  const write = () => server.request('POST', '/v1/activities/seen', { token: dora, body: { all: true } })
  const writes = await Promise.all(Array.from({ length: 55 }, write))
  assert.equal(writes.filter((answer) => answer.status === 200).length, 50)
  const byKey = await Promise.all(
    Array.from({ length: 120 }, () => server.request('GET', '/v1/activities', { user: 'eve' })),
  )
  assert.ok(byKey.every((answer) => answer.status === 200))
})

test('CORS is off unless origins are listed', async () => {
  const ask = async (server: TestServer) => {
    const { headers } = await server.request('GET', '/v1/activities', {
      user: 'carol',
      headers: { origin: 'https://app.example.org' },
    })
    return headers.get('access-control-allow-origin')
  }
  await using closed = await startHeadwater()
  assert.equal(await ask(closed), null)
  await using open = await startHeadwater({ config: { 'http.corsOrigins': ['https://app.example.org'] } })
  assert.equal(await ask(open), 'https://app.example.org')
})

test('Self-host is hard: alive, ready, described and measured, with nothing beside the program', async () => {
  await using server = await startHeadwater()
  const get = (path: string) => server.request('GET', path, { token: null })
  assert.equal((await get('/healthz')).status, 200)
  const ready = await get('/readyz')
  assert.deepEqual([ready.status, ready.body.ready], [200, true])
  const openapi = await get('/openapi.json')
  assert.match(openapi.body.openapi, /^3\.1/)
  for (const path of [
    '/v1/events',
    '/v1/activities',
    '/v1/activities/{group_id}',
    '/v1/presence',
    '/v1/stream-tickets',
  ]) {
    assert.ok(path in openapi.body.paths, path)
  }
  const asyncapi = await get('/asyncapi.json')
  assert.match(asyncapi.body.asyncapi, /^3\.0/)
  assert.equal((await get('/docs')).status, 200)
})

test('metrics that tests read are there, and count', async () => {
  await using server = await startHeadwater()
  using socket = await openSocket(server, 'carol')
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p1'), like('ann', 'dora', 'p2'))
  await socket.reached((await page(server, 'carol')).seq)
  await mark(server, 'carol', 'read', { all: true })
  // To oneself, and twice in one request: taken in, and changing nothing.
  const eventId = '0199f1b2-7c00-7abc-8def-0123456789ab'
  const twice = { ...like('cy', 'dora', 'p3'), event_id: eventId }
  await send(server, like('dora', 'dora', 'p3'), twice, { ...twice, object_id: 'p4' })
  await server.settle()
  const { status, body } = await server.request('GET', '/metrics', { token: null })
  assert.equal(status, 200)
  const value = (name: string) => {
    const line = String(body)
      .split('\n')
      .find((text) => text.startsWith(`${name} `) || text.startsWith(`${name}{`))
    assert.ok(line, name)
    return Number(line.split(' ').at(-1))
  }
  assert.equal(value('headwater_events_accepted_total'), 6)
  assert.equal(value('headwater_events_applied_total'), 6)
  assert.ok(value('headwater_group_writes_total') >= 2)
  assert.equal(value('headwater_log_lag'), 0)
  assert.equal(value('headwater_sockets'), 1)
  assert.ok(value('headwater_push_seconds_count') >= 1)
  assert.ok(value('headwater_offline_queue_entries') >= 1)
  assert.ok(value('headwater_store_reads_total') >= 0)
})

function assertProblem(answer: TestAnswer, status: number, code: string, message: string): void {
  assert.deepEqual([answer.status, answer.body.code, answer.body.status], [status, code, status], message)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, message)
  for (const field of ['type', 'title', 'detail']) assert.equal(typeof answer.body[field], 'string', message)
  assert.doesNotMatch(JSON.stringify(answer.body), /node_modules|\.ts\b|SELECT/, message)
}
