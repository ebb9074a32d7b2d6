import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { apiKey, type TestApp, testApp } from './app-for-tests.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

/**
 * Every route under every kind of caller. Alice has groups, bob has none of his own; `asAlice` is the API key with
 * `X-User-Id: alice`. A route without a row fails, and so does a row without a route.
 */
const callers = ['anonymous', 'apiKey', 'asAlice', 'alice', 'bob', 'expired', 'revoked'] as const
type Caller = (typeof callers)[number]

interface Row {
  readonly route: string
  readonly request: (group: string) => Omit<InjectOptions, 'headers'>
  /** In the order of `callers`. */
  readonly statuses: readonly number[]
}

const forAll = (status: number): readonly number[] => callers.map(() => status)
const get = (url: string) => () => ({ method: 'GET', url }) as const
const post = (url: string, payload?: object) => () => ({ method: 'POST', url, ...(payload && { payload }) }) as const

const rows: readonly Row[] = [
  { route: 'GET /v1/activities', request: get('/v1/activities'), statuses: [401, 400, 200, 200, 200, 401, 401] },
  {
    route: 'GET /v1/activities/:group_id',
    request: (group) => ({ method: 'GET', url: `/v1/activities/${group}` }),
    statuses: [401, 400, 200, 200, 404, 401, 401],
  },
  {
    route: 'GET /v1/activities/:group_id/actors',
    request: (group) => ({ method: 'GET', url: `/v1/activities/${group}/actors` }),
    statuses: [401, 400, 200, 200, 404, 401, 401],
  },
  {
    route: 'DELETE /v1/activities/:group_id',
    request: (group) => ({ method: 'DELETE', url: `/v1/activities/${group}` }),
    statuses: [401, 400, 204, 204, 404, 401, 401],
  },
  {
    route: 'POST /v1/activities/read',
    request: (group) => ({ method: 'POST', url: '/v1/activities/read', payload: { group_ids: [group] } }),
    statuses: [401, 400, 200, 200, 404, 401, 401],
  },
  {
    route: 'POST /v1/activities/seen',
    request: (group) => ({ method: 'POST', url: '/v1/activities/seen', payload: { group_ids: [group] } }),
    statuses: [401, 400, 200, 200, 404, 401, 401],
  },
  {
    route: 'DELETE /v1/objects/:object_type/:object_id',
    request: () => ({ method: 'DELETE', url: '/v1/objects/POST/p1' }),
    statuses: [401, 202, 202, 403, 403, 401, 401],
  },
  {
    route: 'POST /v1/presence',
    request: post('/v1/presence', { user_ids: ['alice'] }),
    statuses: [401, 200, 200, 403, 403, 401, 401],
  },
  {
    route: 'POST /v1/tokens',
    request: post('/v1/tokens', { user_id: 'carol' }),
    statuses: [401, 201, 201, 403, 403, 401, 401],
  },
  {
    route: 'POST /v1/tokens/revoke',
    request: post('/v1/tokens/revoke', { user_id: 'carol' }),
    statuses: [401, 204, 204, 403, 403, 401, 401],
  },
  {
    route: 'POST /v1/stream-tickets',
    request: post('/v1/stream-tickets'),
    statuses: [401, 400, 201, 201, 201, 401, 401],
  },
  {
    route: 'PUT /v1/users/:id',
    request: () => ({ method: 'PUT', url: '/v1/users/alice', payload: { name: 'Alice' } }),
    statuses: [401, 200, 200, 200, 403, 401, 401],
  },
  { route: 'GET /v1/users/:id', request: get('/v1/users/alice'), statuses: [401, 200, 200, 200, 200, 401, 401] },
  {
    route: 'DELETE /v1/users/:id',
    request: () => ({ method: 'DELETE', url: '/v1/users/carol' }),
    statuses: [401, 202, 202, 403, 403, 401, 401],
  },
  {
    route: 'POST /v1/events',
    request: post('/v1/events', { events: [{}] }),
    statuses: [401, 202, 202, 403, 403, 401, 401],
  },
  {
    route: 'GET /v1/events/:event_id',
    request: get('/v1/events/01a1fbf6-9396-7365-9e9a-9dd4d0f6a5c3'),
    statuses: [401, 404, 404, 403, 403, 401, 401],
  },
  // The gateway asks for the token or ticket itself.
  { route: 'GET /v1/activities/stream', request: get('/v1/activities/stream'), statuses: forAll(200) },
  // Only there with the development key.
  { route: 'GET /v1/demo', request: get('/v1/demo'), statuses: forAll(200) },
  {
    route: 'POST /v1/demo/login',
    request: post('/v1/demo/login', { user_id: 'carol' }),
    statuses: forAll(201),
  },
  {
    route: 'POST /v1/demo/events',
    request: post('/v1/demo/events', {
      event_type: 'LIKE',
      actor_id: 'mia',
      target_user_id: 'carol',
      object_type: 'POST',
      object_id: 'p1',
    }),
    statuses: forAll(202),
  },
  { route: 'GET /metrics', request: get('/metrics'), statuses: [401, 200, 200, 403, 403, 401, 401] },
  { route: 'GET /healthz', request: get('/healthz'), statuses: forAll(200) },
  { route: 'GET /readyz', request: get('/readyz'), statuses: forAll(200) },
  { route: 'GET /openapi.json', request: get('/openapi.json'), statuses: forAll(200) },
  { route: 'GET /asyncapi.json', request: get('/asyncapi.json'), statuses: forAll(200) },
  { route: 'GET /docs', request: get('/docs'), statuses: forAll(200) },
]

async function matrixApp() {
  const features = testFeatures(Date.UTC(2026, 0, 1))
  const app = await testApp((routes, dependencies) => addAllRoutes(routes, features, dependencies))
  await features.users.put({ id: 'alice', name: 'Alice', avatarUrl: null, locale: null, properties: {} }, 0)
  return { app, group: features.groups[0]?.group_id ?? '' }
}

async function headersOf(app: TestApp): Promise<Record<Caller, Record<string, string>>> {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const revoked = await app.tokenOf('alice')
  const expired = await app.tokenOf('alice', 1)
  await app.access.revoke({ userId: 'alice' })
  const alice = await app.tokenOf('alice')
  const bob = await app.tokenOf('bob')
  app.seams.time.advance(1_500)
  return {
    anonymous: {},
    apiKey: bearer(apiKey),
    asAlice: { ...bearer(apiKey), 'x-user-id': 'alice' },
    alice: bearer(alice),
    bob: bearer(bob),
    expired: bearer(expired),
    revoked: bearer(revoked),
  }
}

test('every route has a row, and every row a route', async () => {
  await using matrix = (await matrixApp()).app
  await matrix.app.ready()
  const routes = matrix.app.routeTable.routes.flatMap(({ method, url }) => [method].flat().map((m) => `${m} ${url}`))
  const expected = rows.map(({ route }) => route)
  assert.deepEqual(routes.filter((route) => !route.startsWith('HEAD ')).sort(), expected.toSorted())
})

for (const { route, request, statuses } of rows) {
  test(`${route} answers every caller as the table says`, async () => {
    const { app, group } = await matrixApp()
    await using _ = app
    const headers = await headersOf(app)
    const answered: number[] = []
    for (const caller of callers) {
      const answer = await app.app.inject({ ...request(group), headers: headers[caller] })
      answered.push(answer.statusCode)
      if (answer.statusCode === 401) assert.equal(answer.json().code, 'unauthenticated')
      if (answer.statusCode === 403) assert.equal(answer.json().code, 'forbidden')
      if (answer.statusCode === 400) assert.equal(answer.json().code, 'user_required')
    }
    assert.deepEqual(answered, statuses)
  })
}

test('a route that does not say who may call it is not registered', async () => {
  await assert.rejects(
    testApp((app) => void app.get('/v1/open', async () => 'open')),
    /does not say who may call it/,
  )
})
