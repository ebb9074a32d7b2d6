import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from '../../src/config/config-error.ts'
import { settingsWith } from '../../src/config/load.ts'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { insideOf, startHeadwater, type TestServer } from '../../src/testing.ts'
import { ask, assertProblem } from '../bad-input/testing/wire.ts'
import { ownServer } from './testing/own-server.ts'

const strong = {
  'auth.apiKey': 'Wq8Zr3Tn5Lx7Vb2MKd9Pf4Jm',
  'auth.tokenSecret': 'Hs6Kd9Pf4Jm1Rc8YGt3Nv7Bz5Qw2Xl6E',
}

interface KnownRoute {
  readonly method: string
  readonly path: string
  readonly access: string | undefined
}

const routesOf = (server: TestServer): readonly KnownRoute[] =>
  insideOf(server).server.app.routeTable.routes.flatMap(({ method, url, config }) =>
    [method].flat().map((one) => ({ method: one, path: url, access: config?.access })),
  )

const filledIn = (path: string): string => path.replace(':object_type', 'POST').replaceAll(/:\w+/g, 'x1')

/** What anybody may ask for, of a server that others can reach. */
const open = ['GET /healthz', 'GET /readyz', 'GET /openapi.json', 'GET /asyncapi.json', 'GET /docs']
/** The gateway asks for the token itself. */
const streams = ['GET /v1/activities/stream']
/** Asks for an upgrade, whoever calls. */
const sockets = 'GET /ws/v1/activities'

test('security 2: every route of the server asks who calls, but for those that are named here', async () => {
  await using server = await startHeadwater({ config: { 'http.host': '0.0.0.0', ...strong } })
  const routes = routesOf(server)
  assert.ok(routes.length > 20)
  const answeredWithout: string[] = []
  for (const { method, path } of routes) {
    if (method === 'HEAD') continue
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
    const answer = await ask(server, { method, path: filledIn(path), token: null, ...body })
    if (answer.status === 401) assertProblem(answer, 401, 'unauthenticated')
    else if (`${method} ${path}` === sockets) assertProblem(answer, 426, 'upgrade_required')
    else answeredWithout.push(`${method} ${path}`)
  }
  assert.deepEqual(answeredWithout.sort(), open.toSorted())
  assert.ok(routes.some(({ method, path }) => streams.includes(`${method} ${path}`)))
})

test('security 2: routes of the server refuse every user token', async () => {
  await using server = await startHeadwater({ config: { 'http.host': '0.0.0.0', ...strong } })
  const token = await server.token('alice')
  const forServers = routesOf(server).filter(({ method, access }) => access === 'server' && method !== 'HEAD')
  assert.ok(forServers.length >= 8)
  for (const { method, path } of forServers) {
    const body = method === 'POST' ? { body: {} } : {}
    assertProblem(await ask(server, { method, path: filledIn(path), token, ...body }), 403, 'forbidden')
  }
})

test('security 9: metrics need the key unless the server is bound to loopback', async () => {
  await using near = await startHeadwater()
  assert.equal((await ask(near, { path: '/metrics', token: null })).status, 200)
  await using far = await startHeadwater({ config: { 'http.host': '0.0.0.0', ...strong } })
  assertProblem(await ask(far, { path: '/metrics', token: null }), 401, 'unauthenticated')
  assertProblem(await ask(far, { path: '/metrics', token: await far.token('alice') }), 403, 'forbidden')
  assert.equal((await ask(far, { path: '/metrics' })).status, 200)
})

const demoPaths = [
  { method: 'GET', path: '/v1/demo' },
  { method: 'POST', path: '/v1/demo/login', body: { user_id: 'carol' } },
  { method: 'POST', path: '/v1/demo/events', body: {} },
]

/** As a proxy on the machine of the server brings them. */
const fromElsewhere = [
  { host: 'activity.example.com' },
  { 'x-forwarded-for': '192.0.2.1' },
  { forwarded: 'for=192.0.2.1' },
  { via: '1.1 proxy' },
  { 'x-real-ip': '192.0.2.1' },
]

test('security 9: metrics need the key for whom a proxy brings to loopback', async () => {
  await using near = await startHeadwater()
  for (const headers of fromElsewhere) {
    assertProblem(await ask(near, { path: '/metrics', token: null, headers }), 401, 'unauthenticated')
    const token = await near.token('alice')
    assertProblem(await ask(near, { path: '/metrics', token, headers }), 403, 'forbidden')
    assert.equal((await ask(near, { path: '/metrics', headers })).status, 200)
  }
})

test('security 21: there is no demo for whom a proxy brings to loopback', async () => {
  await using demo = await startHeadwater({ demo: true })
  for (const headers of fromElsewhere) {
    for (const request of demoPaths) {
      assertProblem(await ask(demo, { ...request, token: null, headers }), 404, 'route_not_found')
    }
  }
})

test('security 21: demo routes and demo users are there with the development key alone', async () => {
  await using real = await startHeadwater()
  for (const request of demoPaths) {
    assertProblem(await ask(real, { ...request, token: null }), 404, 'route_not_found')
    assertProblem(await ask(real, request), 404, 'route_not_found')
  }
  assertProblem(await ask(real, { path: '/v1/users/carol' }), 404, 'not_found')
  assert.equal(JSON.stringify((await ask(real, { path: '/openapi.json' })).body).includes('/demo'), false)
  await using demo = await startHeadwater({ demo: true })
  assert.equal((await ask(demo, { ...demoPaths[1], path: '/v1/demo/login', token: null })).status, 201)
  const stranger = { method: 'POST', path: '/v1/demo/login', body: { user_id: 'admin' }, token: null }
  assertProblem(await ask(demo, stranger), 400, 'invalid_request', 'invalid_value')
  await using off = await startHeadwater({ demo: true, config: { 'demo.enabled': false } })
  assert.equal((await ask(off, { path: '/v1/demo', token: null })).status, 404)
})

test('security 21: a page elsewhere cannot use the demo of a machine that it happens to run on', async () => {
  await using demo = await startHeadwater({ demo: true })
  const body = JSON.stringify({ user_id: 'carol' })
  const login = { method: 'POST', path: '/v1/demo/login', token: null }
  const origin = { origin: 'https://evil.example' }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', null]) {
    assertProblem(await ask(demo, { ...login, body, type, headers: origin }), 415, 'unsupported_media_type')
  }
  const preflight = {
    ...origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  const asked = await ask(demo, { method: 'OPTIONS', path: '/v1/demo/login', token: null, headers: preflight })
  assertProblem(asked, 405, 'method_not_allowed')
  assert.ok(!Object.keys(asked.headers).some((name) => name.startsWith('access-control-')))
})

test('security 21: others may not reach a server whose secrets are not its own', () => {
  for (const [name, changes] of [
    ['none', { 'auth.apiKey': '', 'auth.tokenSecret': '' }],
    ['a development key', { 'auth.apiKey': 'dev_Wq8Zr3Tn5Lx7Vb2MKd9Pf4Jm' }],
    ['a key of an example', { 'auth.apiKey': 'your-api-key-goes-here' }],
    ['a short key', { 'auth.apiKey': 'Wq8Zr3Tn' }],
    ['a short secret', { 'auth.tokenSecret': 'Hs6Kd9Pf4Jm1Rc8Y' }],
    ['a secret of one letter', { 'auth.tokenSecret': 'a'.repeat(40) }],
    ['a previous key that is short', { 'auth.previousApiKey': 'abc' }],
  ] as const) {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.0.0.1.example.com']) {
      assert.throws(() => settingsWith({ 'http.host': host, ...strong, ...changes }), ConfigError, `${name} on ${host}`)
    }
  }
  assert.equal(settingsWith({ 'http.host': '0.0.0.0', ...strong }).http.host, '0.0.0.0')
  assert.equal(settingsWith().http.host, '127.0.0.1')
})

const everywhere: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
}

test('security 49: no answer goes without its headers, names what made it, or opens itself to other origins', async () => {
  await using server = await startHeadwater()
  const controller = new AbortController()
  const headers = { authorization: `Bearer ${await server.token('alice')}`, origin: server.url }
  const stream = await fetch(`${server.url}/v1/activities/stream`, { headers, signal: controller.signal })
  const answers = [
    await ask(server, { path: '/v1/activities', user: 'alice', headers: { origin: 'https://evil.example' } }),
    await ask(server, { path: '/healthz' }),
    await ask(server, { path: '/docs' }),
    await ask(server, { path: '/openapi.json' }),
    await ask(server, { path: '/nothing' }),
    await ask(server, { path: '/v1/users/%E0%A4%A' }),
    await ask(server, { path: '/v1/activities', token: null }),
    await ask(server, { path: '/v1/activities/stream', token: null }),
    await ask(server, { method: 'PUT', path: '/v1/activities' }),
    { headers: Object.fromEntries(stream.headers) },
  ]
  controller.abort()
  for (const answer of answers) {
    for (const [name, value] of Object.entries(everywhere))
      assert.equal(answer.headers[name], value, JSON.stringify(answer))
    assert.match(answer.headers['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/)
    assert.match(answer.headers['cache-control'] ?? '', /no-store/)
    for (const name of ['server', 'x-powered-by', 'via', 'set-cookie', 'access-control-allow-origin']) {
      assert.equal(answer.headers[name], undefined, name)
    }
  }
})

test('security 49: where origins are listed, streams are open to their pages as well, and to no others', async () => {
  const origin = 'https://app.example.com'
  await using server = await startHeadwater({ config: { 'http.corsOrigins': [origin] } })
  const { body } = await ask(server, { method: 'POST', path: '/v1/stream-tickets', user: 'alice' })
  const controller = new AbortController()
  const url = `${server.url}/v1/activities/stream?ticket=${body.ticket}`
  const stream = await fetch(url, { headers: { origin }, signal: controller.signal })
  assert.deepEqual([stream.status, stream.headers.get('access-control-allow-origin')], [200, origin])
  controller.abort()
  const foreign = await ask(server, { path: '/v1/activities/stream', headers: { origin: `${origin}.evil` } })
  assertProblem(foreign, 403, 'forbidden')
  assert.equal(foreign.headers['access-control-allow-origin'], undefined)
})

test('security 49: the page runs its own scripts alone, and no path leads out of its folder', async () => {
  using folder = temporaryFolder()
  const web = join(folder.path, 'web')
  mkdirSync(join(web, 'assets'), { recursive: true })
  writeFileSync(join(web, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(web, 'assets/main.js'), 'export {}')
  writeFileSync(join(folder.path, 'outside.txt'), 'planted outside')
  await using server = await ownServer({ webFolder: web })
  const page = await ask(server, { path: '/?user=carol', token: null })
  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
  for (const [name, value] of Object.entries(everywhere)) assert.equal(page.headers[name], value)
  const policy = page.headers['content-security-policy'] ?? ''
  assert.doesNotMatch(policy, /unsafe-|script-src[^;]*(?:\*|http|data:)/)
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]) {
    assert.ok(policy.split('; ').includes(part), part)
  }
  for (const path of [
    '/../outside.txt',
    '/assets/../../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/assets/..%5c..%5coutside.txt',
    '//outside.txt',
    '/assets/main.js/../../../outside.txt',
    '/index.html%00.txt',
    `/${encodeURIComponent(join(folder.path, 'outside.txt'))}`,
    '/__proto__',
    '/constructor',
  ]) {
    const answer = await ask(server, { path, token: null })
    assert.doesNotMatch(answer.text, /planted outside/)
    assertProblem(answer, 404, 'route_not_found')
  }
})

test('security 48: the OpenAPI document names every route, and no other', async () => {
  await using server = await startHeadwater({ demo: true })
  const { body } = await ask(server, { path: '/openapi.json', token: null })
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routes = routesOf(server)
    .filter(({ method }) => method !== 'HEAD')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  assert.deepEqual(documented.sort(), routes.toSorted())
})

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly maxLength?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** Where a schema takes texts or lists of any length. Free objects are bounded by hand, in bytes and levels. */
function unbounded(schema: Schema, path: string): string[] {
  const found: string[] = []
  const isFixed =
    schema.enum !== undefined || schema.const !== undefined || /^\^\[0-9A-Fa-f\]\{8\}-/.test(schema.pattern ?? '')
  if (schema.type === 'string' && schema.maxLength === undefined && !isFixed) found.push(path)
  if (schema.type === 'array' && schema.maxItems === undefined) found.push(path)
  if (schema.items) found.push(...unbounded(schema.items, `${path}[]`))
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    found.push(...unbounded(inner, `${path}.${name}`))
  for (const inner of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) found.push(...unbounded(inner, path))
  return found
}

test('security 25: every text and list that a body or query takes has an end', async () => {
  await using server = await startHeadwater({ demo: true })
  let bodies = 0
  const endless = insideOf(server).server.app.routeTable.routes.flatMap(({ method, url, schema }) => {
    const { body, querystring } = (schema ?? {}) as { readonly body?: Schema; readonly querystring?: Schema }
    if (body) bodies++
    return [...unbounded(body ?? {}, `${method} ${url}`), ...unbounded(querystring ?? {}, `${method} ${url} ?`)]
  })
  assert.ok(bodies >= 7)
  // A cursor that is too long is a cursor that was never given out, and is refused as that.
  assert.deepEqual(
    endless.filter((path) => !path.endsWith('?.cursor')),
    [],
  )
})
