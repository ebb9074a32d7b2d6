import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient, type HeadwaterClient } from './client.ts'
import { HeadwaterError } from './error.ts'
import { type Answer, problem, respond } from './testing/fake-server.ts'
import { settle, VirtualWorld } from './testing/virtual.ts'

interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: unknown
  readonly at: number
}
type Script = (sent: Sent, count: number) => Answer | Error | 'silence'

function setup(script: Script, options: Partial<Parameters<typeof createClient>[0]> = {}) {
  const world = new VirtualWorld()
  world.chance = 1
  const sent: Sent[] = []
  const fetch = ((url: string, init: RequestInit) => {
    const { method = 'GET', body } = init
    const one: Sent = {
      url,
      method,
      headers: new Headers(init.headers),
      body: body && JSON.parse(String(body)),
      at: world.elapsed,
    }
    sent.push(one)
    const answer = script(one, sent.length)
    if (answer instanceof Error) return Promise.reject(answer)
    if (answer !== 'silence') return Promise.resolve(respond(answer))
    return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
  }) as typeof globalThis.fetch
  const client = createClient({
    url: 'http://test/base/',
    token: 't',
    fetch,
    WebSocket: null,
    seams: world.seams,
    ...options,
  })
  /** Runs time until the call is over. */
  const finish = async <T>(call: Promise<T>): Promise<T> => {
    void call.catch(() => {})
    await world.run(300_000)
    return call
  }
  const fail = async (call: Promise<unknown>): Promise<HeadwaterError> => {
    const error = await finish(call).then(
      () => assert.fail('it worked'),
      (thrown: unknown) => thrown,
    )
    assert.ok(HeadwaterError.is(error))
    return error
  }
  return { world, sent, client, finish, fail }
}
const fine: Answer = { status: 200, body: { ok: true } }
const lost = new TypeError('fetch failed')

test('a request carries address, query, token and body', async () => {
  const { sent, client, finish } = setup(() => fine)
  const query = { filter: ['LIKE', 'COMMENT'], limit: 5, cursor: null, why: undefined, q: 'a&b' }
  assert.deepEqual(
    await finish(client.request('PUT', '/v1/x', { body: { a: 1 }, query, headers: { 'x-more': 'm' } })),
    { ok: true },
  )
  const [one] = sent as [Sent]
  assert.equal(one.url, 'http://test/base/v1/x?filter=LIKE%2CCOMMENT&limit=5&q=a%26b')
  assert.deepEqual(one.body, { a: 1 })
  const headers = ['authorization', 'content-type', 'x-more', 'x-user-id', 'idempotency-key'].map((name) =>
    one.headers.get(name),
  )
  assert.deepEqual(headers, ['Bearer t', 'application/json', 'm', null, null])
})

test('with an API key it acts for the user', async () => {
  const { sent, client, finish } = setup(() => fine, { token: undefined, apiKey: 'key', userId: 'carol' })
  await finish(client.request('GET', '/v1/activities'))
  assert.deepEqual([sent[0]?.headers.get('authorization'), sent[0]?.headers.get('x-user-id')], ['Bearer key', 'carol'])
})

test('what cannot be sent is refused by its code, and nothing goes out', async () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  const wrong: readonly (readonly [what: string, call: (client: HeadwaterClient) => Promise<unknown>])[] = [
    ['a path that names another host', (client) => client.request('GET', '@evil.example/')],
    ['a body that is a circle', (client) => client.request('POST', '/v1/x', { body: circle })],
    ['a body that JSON cannot say', (client) => client.request('PUT', '/v1/x', { body: { n: 1n } })],
    ['a key of other letters', (client) => client.events.send([], { idempotencyKey: '鍵' })],
    ['a key of two lines', (client) => client.events.send([], { idempotencyKey: 'a\nb' })],
    ['a header without a name', (client) => client.request('GET', '/v1/x', { headers: { '': 'x' } })],
    ['half a character in an id', (client) => client.users.get('\ud83c')],
    ['half a character in the id of a group', (client) => client.activities.actors('\ud83c')],
    ['the same, to be removed', (client) => client.activities.remove('\ud83c')],
  ]
  for (const [what, call] of wrong) {
    const { sent, client, fail } = setup(() => fine)
    const error = await fail(call(client))
    assert.deepEqual([error.code, error.retryable, error.status, sent.length], ['invalid_argument', false, 0, 0], what)
  }
})

test('a POST that may be done twice as it is goes without a key, and is the same each time', async () => {
  const event = { event_type: 'LIKE', actor_id: 'a', target_user_id: 'b', object_type: 'POST', object_id: 'p' } as const
  const named = { ...event, event_id: '0199f1b2-7c00-7abc-8def-0123456789ab' }
  const calls: readonly (readonly [
    what: string,
    isKeyed: boolean,
    call: (client: HeadwaterClient) => Promise<unknown>,
  ])[] = [
    ['marks of groups', false, ({ activities }) => activities.markRead(['g'])],
    ['marks of all', false, ({ activities }) => activities.markAllSeen()],
    ['who is there', false, (client) => client.presence(['a'])],
    ['an event with an id', false, ({ events }) => events.send(named)],
    ['events with ids', false, ({ events }) => events.send([named, named])],
    ['an event whose id the server fills in', true, ({ events }) => events.send(event)],
    ['events of which one has no id', true, ({ events }) => events.send([named, event])],
    ['with a key of the caller', true, ({ events }) => events.send(named, { idempotencyKey: 'mine' })],
    ['any other', true, (client) => client.request('POST', '/v1/x', { body: {} })],
  ]
  for (const [what, isKeyed, call] of calls) {
    const { sent, client, finish } = setup((_, count) => (count < 3 ? lost : fine))
    await finish(call(client))
    const [first, ...others] = sent.map(({ body, headers }) => [body, headers.get('idempotency-key')])
    assert.equal(first?.[1] !== null, isKeyed, what)
    assert.deepEqual(others, [first, first], what)
  }
})

test('GET, PUT and DELETE are tried again when the server was not reached or refused for now', async () => {
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    for (const trouble of [lost, problem(503, 'overloaded'), problem(429, 'rate_limited'), { status: 502 }]) {
      const { sent, client, finish } = setup((_, count) => (count < 3 ? trouble : fine))
      await finish(client.request(method, '/v1/x'))
      assert.deepEqual(
        sent.map(({ at }) => at),
        [0, 250, 750],
      )
    }
  }
})

test('POST is tried again with the same key', async () => {
  const { sent, client, finish } = setup((_, count) => (count < 3 ? lost : fine))
  await finish(client.request('POST', '/v1/x', { body: {} }))
  const keys = sent.map(({ headers }) => headers.get('idempotency-key'))
  assert.equal(keys.length, 3)
  assert.match(keys[0] ?? '', /^[0-9a-f]{32}$/)
  assert.equal(new Set(keys).size, 1)
})

test('each POST has a key of its own, or the one it was given', async () => {
  const { sent, client, finish } = setup(() => fine)
  await finish(client.request('POST', '/v1/x'))
  await finish(client.request('POST', '/v1/x'))
  await finish(client.events.send([], { idempotencyKey: 'mine' }))
  const keys = sent.map(({ headers }) => headers.get('idempotency-key'))
  assert.notEqual(keys[0], keys[1])
  assert.equal(keys[2], 'mine')
})

test('PATCH is never sent twice', async () => {
  const { sent, client, fail } = setup(() => lost)
  assert.equal((await fail(client.request('PATCH', '/v1/x'))).code, 'network')
  assert.equal(sent.length, 1)
})

test('what will not get better is not tried again', async () => {
  for (const [status, code] of [
    [400, 'invalid_request'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [422, 'idempotency_key_reused'],
    [500, 'internal'],
  ] as const) {
    const { sent, client, fail } = setup(() => problem(status, code))
    const error = await fail(client.request('POST', '/v1/x'))
    assert.deepEqual([error.code, error.status, sent.length], [code, status, 1])
  }
})

test('a call that is still running is waited for', async () => {
  const { sent, client, finish } = setup((_, count) =>
    count === 1 ? problem(409, 'idempotency_in_progress', { 'retry-after': '2' }) : fine,
  )
  await finish(client.request('POST', '/v1/x'))
  assert.deepEqual(
    sent.map(({ at }) => at),
    [0, 2_250],
  )
})

test('Retry-After is a lower bound, and past what one call may take the call fails', async () => {
  const patient = setup((_, count) => (count === 1 ? problem(503, 'overloaded', { 'retry-after': '7' }) : fine))
  await patient.finish(patient.client.request('GET', '/v1/x'))
  assert.equal(patient.sent[1]?.at, 7_250)

  const hopeless = setup(() => problem(503, 'overloaded', { 'retry-after': '120' }))
  const error = await hopeless.fail(hopeless.client.request('GET', '/v1/x'))
  assert.deepEqual(
    [error.code, error.retryable, error.retryAfterMs, hopeless.sent.length],
    ['overloaded', true, 120_000, 1],
  )
})

test('one call is tried four times, and all calls together within a budget', async () => {
  const { sent, client, fail } = setup(() => lost)
  await fail(client.request('GET', '/v1/x'))
  assert.equal(sent.length, 4)
  for (let i = 0; i < 10; i++) await fail(client.request('GET', '/v1/x'))
  assert.equal(sent.length, 11 + 10, 'eleven calls, ten retries')
})

test('an answer that does not come is given up', async () => {
  const { sent, client, fail, world } = setup(() => 'silence', { timeoutMs: 1_000 })
  const error = await fail(client.request('PATCH', '/v1/x'))
  assert.deepEqual([error.code, error.retryable, sent.length, world.timers], ['timeout', true, 1, 0])
})

test('a caller can stop a call, while it runs and while it waits', async () => {
  for (const script of [(): 'silence' => 'silence', () => lost]) {
    const { world, client } = setup(script)
    const controller = new AbortController()
    const call = client.request('GET', '/v1/x', { signal: controller.signal }).catch((error: unknown) => error)
    await settle()
    controller.abort()
    const error = await call
    assert.ok(HeadwaterError.is(error))
    assert.deepEqual([error.code, error.retryable, world.timers], ['aborted', false, 0])
  }
})

test('a refused token is renewed once', async () => {
  let tokens = 0
  const renewing = setup(
    (one) => (one.headers.get('authorization') === 'Bearer t2' ? fine : problem(401, 'unauthenticated')),
    {
      token: async () => `t${++tokens}`,
    },
  )
  await renewing.finish(renewing.client.request('PATCH', '/v1/x'))
  await renewing.finish(renewing.client.request('GET', '/v1/x'))
  assert.deepEqual([tokens, renewing.sent.length], [2, 3])

  const dead = setup(() => problem(401, 'unauthenticated'), { token: async () => 'same' })
  assert.equal((await dead.fail(dead.client.request('GET', '/v1/x'))).code, 'unauthenticated')
  assert.equal(dead.sent.length, 2)

  const fixed = setup(() => problem(401, 'unauthenticated'))
  await fixed.fail(fixed.client.request('GET', '/v1/x'))
  assert.equal(fixed.sent.length, 1)
})

test('the calls for servers', async () => {
  const user = { id: 'a b', name: 'A' }
  const answers: Record<string, Answer> = {
    'POST /base/v1/events': { status: 202, body: { accepted: 1, rejected: [], event_ids: ['e'] } },
    'PUT /base/v1/users/a%20b': { status: 200, body: { user } },
    'GET /base/v1/users/a%20b': { status: 200, body: { user } },
    'DELETE /base/v1/users/a%20b': { status: 202, body: {} },
    'POST /base/v1/tokens': { status: 201, body: { token: 'x', token_id: 'i', expires_at: 1 } },
    'POST /base/v1/tokens/revoke': { status: 204 },
    'POST /base/v1/presence': { status: 200, body: { online: [{ user_id: 'u', devices: ['d'] }] } },
  }
  const { sent, client, finish } = setup(
    ({ method, url }) => answers[`${method} ${new URL(url).pathname}`] ?? problem(404, 'route_not_found'),
    { apiKey: 'k' },
  )
  const event = { event_type: 'LIKE', actor_id: 'a', target_user_id: 'b', object_type: 'POST', object_id: 'p' } as const
  assert.equal((await finish(client.events.send(event))).accepted, 1)
  await finish(client.events.send([event]))
  assert.deepEqual(
    sent.map(({ body }) => body),
    [event, { events: [event] }],
  )
  assert.deepEqual(await finish(client.users.put('a b', { name: 'A' })), user)
  assert.deepEqual(await finish(client.users.get('a b')), user)
  assert.equal(await finish(client.users.delete('a b')), undefined)
  assert.equal((await finish(client.tokens.create({ user_id: 'u', ttl_s: 60 }))).token, 'x')
  assert.equal(await finish(client.tokens.revoke({ user_id: 'u' })), undefined)
  assert.deepEqual(await finish(client.presence(['u'])), [{ user_id: 'u', devices: ['d'] }])
})
