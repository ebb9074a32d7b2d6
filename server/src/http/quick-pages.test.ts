import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { HeadwaterError } from '../lib/error.ts'
import { startHeadwater, type TestServer } from '../testing.ts'
import { testApp } from './app-for-tests.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'
import { type ExactAnswer, exactAnswer } from './testing/exact-answer.ts'

const get = (server: TestServer, path: string, headers: Record<string, string>): Promise<ExactAnswer> => {
  const { hostname, port } = new URL(server.url)
  return exactAnswer({ hostname, port, path, headers })
}

/** A header that nobody knows leaves a request to the framework. */
const slow = { 'x-something-else': '1' }

async function serverWithGroups(config: Readonly<Record<string, unknown>> = {}) {
  const server = await startHeadwater({ config })
  for (let i = 0; i < 3; i++) {
    await server.request('POST', '/v1/events', {
      body: { event_type: 'LIKE', actor_id: 'mia', target_user_id: 'ann', object_type: 'POST', object_id: `p${i}` },
    })
  }
  await server.settle()
  return server
}

for (const [name, path, headers] of [
  ['the first page', '/v1/activities', {}],
  ['a short page', '/v1/activities?limit=2', {}],
  ['the language asked for', '/v1/activities', { 'accept-language': 'de' }],
  ['a limit of 0', '/v1/activities?limit=0', {}],
  ['a limit past the largest', '/v1/activities?limit=101', {}],
  ['a limit with a zero before it', '/v1/activities?limit=02', {}],
  ['a parameter that nobody knows', '/v1/activities?limit=2&x=1', {}],
  ['a token that is none', '/v1/activities', { authorization: 'Bearer nonsense' }],
  ['no token', '/v1/activities', { authorization: '' }],
  ['a header of another user', '/v1/activities', { 'x-user-id': 'bob' }],
] as const) {
  test(`${name} is answered the same way with and without the framework`, async () => {
    await using server = await serverWithGroups()
    const all = { authorization: `Bearer ${await server.token('ann')}`, ...headers }
    const [quick, again, framework] = [
      await get(server, path, all),
      await get(server, path, all),
      await get(server, path, { ...all, ...slow }),
    ]
    assert.deepEqual(quick, framework)
    assert.deepEqual(again, framework)
  })
}

test('a revoked token gets no page, though it got one before', async () => {
  await using server = await serverWithGroups()
  const headers = { authorization: `Bearer ${await server.token('ann')}` }
  assert.equal((await get(server, '/v1/activities', headers)).status, 200)
  await server.request('POST', '/v1/tokens/revoke', { body: { user_id: 'ann' } })
  assert.equal((await get(server, '/v1/activities', headers)).status, 401)
})

test('pages count against the limit of their user, and say so', async () => {
  await using server = await serverWithGroups({
    'http.rateLimits': 'on',
    'http.userRequestsPerS': 1,
    'http.userRequestBurst': 2,
  })
  const headers = { authorization: `Bearer ${await server.token('ann')}` }
  const first = await get(server, '/v1/activities', headers)
  const second = await get(server, '/v1/activities', { ...headers, ...slow })
  assert.deepEqual(
    [first, second].map((answer) => [answer.status, answer.headers['ratelimit-remaining']]),
    [
      [200, '1'],
      [200, '0'],
    ],
  )
  assert.equal((await get(server, '/v1/activities', headers)).status, 429)
})

test('with listed origins every page says that it depends on the origin', async () => {
  await using server = await serverWithGroups({ 'http.corsOrigins': ['https://app.example.com'] })
  const headers = { authorization: `Bearer ${await server.token('ann')}` }
  const listed = await get(server, '/v1/activities', { ...headers, origin: 'https://app.example.com' })
  assert.equal(listed.headers['access-control-allow-origin'], 'https://app.example.com')
  assert.deepEqual(
    await get(server, '/v1/activities', headers),
    await get(server, '/v1/activities', { ...headers, ...slow }),
  )
})

test('a page that cannot be read is asked for once, counts once, and is refused for that alone', async () => {
  let asked = 0
  const firstPage = async () => {
    asked++
    throw new HeadwaterError('store_unavailable')
  }
  const addRoutes: Parameters<typeof testApp>[0] = (app, dependencies) => {
    const features = testFeatures(dependencies.seams.clock.now())
    addAllRoutes(app, { ...features, reader: { ...features.reader, firstPage } }, dependencies)
  }
  await using server = await testApp(addRoutes, { settings: { userRequestBurst: 2 } })
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.app.server.address() as AddressInfo
  const ask = async (user: string, more: Record<string, string>) => {
    const headers = { authorization: `Bearer ${await server.tokenOf(user)}`, ...more }
    return exactAnswer({ port, path: '/v1/activities', headers })
  }
  for (const [status, remaining] of [
    [503, '1'],
    [503, '0'],
    [429, '0'],
  ] as const) {
    const quick = await ask('ann', {})
    assert.deepEqual([quick.status, quick.headers['ratelimit-remaining']], [status, remaining])
    assert.deepEqual(quick, await ask('bob', slow))
  }
  assert.equal(asked, 4)
})
