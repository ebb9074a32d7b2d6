import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { Type } from 'typebox'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import type { App } from './app.ts'
import { testApp } from './app-for-tests.ts'
import { Exactly, UserId } from './schemas.ts'

const Body = Exactly({
  name: Type.String({ minLength: 1, maxLength: 8 }),
  count: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
  user_ids: Type.Optional(Type.Array(UserId, { maxItems: 3 })),
  properties: Type.Optional(Type.Object({}, { additionalProperties: true })),
})
const Query = Exactly({
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  filter: Type.Optional(Type.String()),
})

function addTestRoutes(app: App): void {
  const config = { access: 'any' } as const
  app.post('/v1/things', { config, schema: { body: Body } }, async (request) => request.body)
  app.get('/v1/things', { config, schema: { querystring: Query } }, async (request) => request.query)
  app.post('/v1/tickets', { config }, async (_request, reply) => reply.code(204).send())
  app.delete('/v1/things/:id', { config }, async (_request, reply) => reply.code(204).send())
  app.get('/v1/things/:id', { config }, async () => assert.fail('secret text in /work/file.ts'))
  app.post('/v1/items', { config: { ...config, checksBody: true } }, async (request) => request.body ?? 'nothing')
  app.get('/v1/unknown', { config }, async () => {
    throw new UnknownOutcome('timed out on 10.0.0.7')
  })
  app.get('/v1/down', { config }, async () => {
    throw new HeadwaterError('overloaded', { retryAfterS: 2.4 })
  })
}

const json = { 'content-type': 'application/json' }
const thing = (payload: string | Buffer, headers: Record<string, string> = json): InjectOptions => ({
  method: 'POST',
  url: '/v1/things',
  payload,
  headers,
})
const nested = (depth: number) => `{"name":"a","properties":{"a":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}}`

const refused: readonly [string, InjectOptions, number, string, string?][] = [
  ['truncated JSON', thing('{"name":"a"'), 400, 'invalid_json'],
  ['JSON with something behind it', thing('{"name":"a"} x'), 400, 'invalid_json'],
  ['an empty body that says it is JSON', thing(''), 400, 'invalid_json'],
  ['bytes that are not UTF-8', thing(Buffer.from('7b226e616d65223a22ff227d', 'hex')), 400, 'invalid_json'],
  ['null', thing('null'), 400, 'invalid_request', 'invalid_type'],
  ['a list', thing('[]'), 400, 'invalid_request', 'invalid_type'],
  ['a text', thing('"x"'), 400, 'invalid_request', 'invalid_type'],
  ['no body at all', { method: 'POST', url: '/v1/things' }, 400, 'invalid_request', 'invalid_type'],
  ['half a surrogate pair', thing('{"name":"\\ud800"}'), 400, 'invalid_request', 'invalid_character'],
  ['U+0000', thing('{"name":"a\\u0000"}'), 400, 'invalid_request', 'invalid_character'],
  ['U+0000 in a key', thing('{"name":"a","properties":{"\\u0000":1}}'), 400, 'invalid_request', 'invalid_character'],
  ['__proto__', thing('{"name":"a","__proto__":{"x":1}}'), 400, 'invalid_request', 'forbidden_key'],
  ['__proto__ inside', thing('{"name":"a","properties":{"__proto__":1}}'), 400, 'invalid_request', 'forbidden_key'],
  [
    'constructor.prototype',
    thing('{"name":"a","properties":{"constructor":{"prototype":1}}}'),
    400,
    'invalid_request',
    'forbidden_key',
  ],
  ['33 levels', thing(nested(33)), 400, 'invalid_request', 'too_deep'],
  ['a million levels', thing('['.repeat(1_000_000)), 400, 'invalid_request', 'too_deep'],
  ['more than 4 MiB', thing(`{"name":"${'a'.repeat(4 * 1024 * 1024)}"}`), 413, 'body_too_large'],
  ['text/plain', thing('{"name":"a"}', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
  ['no type', thing('{"name":"a"}', { 'content-type': '' }), 415, 'unsupported_media_type'],
  [
    'another charset',
    thing('{}', { 'content-type': 'application/json; charset=utf-16' }),
    415,
    'unsupported_media_type',
  ],
  [
    'another charset behind another parameter',
    thing('{}', { 'content-type': 'application/json; version=1; charset=latin1' }),
    415,
    'unsupported_media_type',
  ],
  [
    'garbage behind the type',
    thing('{}', { 'content-type': 'application/json garbage' }),
    415,
    'unsupported_media_type',
  ],
  ['a tab behind the type', thing('{}', { 'content-type': 'application/json\ta' }), 415, 'unsupported_media_type'],
  ['a text for a number', thing('{"name":"a","count":"1"}'), 400, 'invalid_request', 'invalid_type'],
  ['a number for a text', thing('{"name":5}'), 400, 'invalid_request', 'invalid_type'],
  ['a fraction', thing('{"name":"a","count":1.5}'), 400, 'invalid_request', 'invalid_type'],
  ['infinity', thing('{"name":"a","properties":{"a":1e400}}'), 400, 'invalid_request', 'out_of_range'],
  ['a number that is too large', thing('{"name":"a","count":11}'), 400, 'invalid_request', 'out_of_range'],
  ['a bad id', thing('{"name":"a","user_ids":["a b"]}'), 400, 'invalid_request', 'invalid_id'],
  ['a long list', thing('{"name":"a","user_ids":["a","b","c","d"]}'), 400, 'invalid_request', 'too_long'],
  ['a missing field', thing('{}'), 400, 'invalid_request', 'required'],
  ['an unknown field', thing('{"name":"a","cuont":1}'), 400, 'invalid_request', 'unknown_field'],
  ['a repeated parameter', { url: '/v1/things?limit=1&limit=2' }, 400, 'invalid_request', 'repeated'],
  ['an empty parameter', { url: '/v1/things?limit=' }, 400, 'invalid_request', 'too_short'],
  ['an unknown parameter', { url: '/v1/things?limti=1' }, 400, 'invalid_request', 'unknown_field'],
  ['a parameter where none is taken', { url: '/v1/down?a=1' }, 400, 'invalid_request', 'unknown_field'],
  ['limit 0', { url: '/v1/things?limit=0' }, 400, 'invalid_request', 'out_of_range'],
  ['limit -1', { url: '/v1/things?limit=-1' }, 400, 'invalid_request', 'out_of_range'],
  ['limit 101', { url: '/v1/things?limit=101' }, 400, 'invalid_request', 'out_of_range'],
  ['limit 1e1', { url: '/v1/things?limit=1e1' }, 400, 'invalid_request', 'invalid_type'],
  ['limit abc', { url: '/v1/things?limit=abc' }, 400, 'invalid_request', 'invalid_type'],
  ['a token in the address', { url: '/v1/things?token=abc' }, 400, 'invalid_request', 'unknown_field'],
  ['an address that cannot be decoded', { url: '/v1/things/%E0%A4%A' }, 400, 'invalid_request'],
  ['an address of more than 8 KiB', { url: `/v1/things/${'a'.repeat(8_200)}` }, 414, 'uri_too_long'],
  ['a body where none is taken', { method: 'DELETE', url: '/v1/things/1', payload: { a: 1 } }, 400, 'invalid_request'],
  [
    'a number where no body is taken',
    { method: 'DELETE', url: '/v1/things/1', payload: '5', headers: json },
    400,
    'invalid_request',
    'invalid_type',
  ],
  ['an unknown address', { url: '/v1/nothing' }, 404, 'route_not_found'],
  ['an unknown address with a broken body', { ...thing('{'), url: '/v1/nothing' }, 404, 'route_not_found'],
  ['no id behind the slash', { url: '/v1/things/' }, 404, 'route_not_found'],
  [
    'no id behind the slash, and no key',
    { url: '/v1/things/', headers: { authorization: '' } },
    404,
    'route_not_found',
  ],
  ['a deletion of no id', { method: 'DELETE', url: '/v1/things/' }, 404, 'route_not_found'],
  ['a deletion of no id and a body', { method: 'DELETE', url: '/v1/things/', payload: 'x' }, 404, 'route_not_found'],
  ['another method for no id', { method: 'PUT', url: '/v1/things/' }, 404, 'route_not_found'],
  ['another method', { method: 'PATCH', url: '/v1/things' }, 405, 'method_not_allowed'],
  ['an unknown outcome', { url: '/v1/unknown' }, 503, 'store_unavailable'],
  ['an overloaded server', { url: '/v1/down' }, 503, 'overloaded'],
  ['a bug', { url: '/v1/things/1' }, 500, 'internal'],
]

const shared = await testApp(addTestRoutes)
after(() => shared[Symbol.asyncDispose]())

for (const [name, options, status, code, itemCode] of refused) {
  test(`${name}: ${status} ${itemCode ?? code}`, async () => {
    const answer = await shared.request(options)
    const problem = answer.json()
    assert.deepEqual([answer.statusCode, problem.code, problem.status], [status, code, status])
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.deepEqual(Object.keys(problem).slice(0, 5), ['type', 'title', 'status', 'detail', 'code'])
    if (itemCode !== undefined) assert.equal(problem.errors[0].code, itemCode)
    assert.doesNotMatch(answer.body, /secret|10\.0\.0\.7|node_modules|\.ts|FST_/)
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false)
  })
}

const taken: readonly (readonly [string, InjectOptions, number?])[] = [
  ['a byte order mark', thing('\ufeff{"name":"a"}')],
  ['a charset', thing('{"name":"a"}', { 'content-type': 'application/json; charset=UTF-8' })],
  ['32 levels', thing(nested(32))],
  ['brackets in a text', thing(`{"name":"a","properties":{"a":"\\"${'['.repeat(100)}"}}`)],
  ['eight characters of two code units each', thing('{"name":"🙂🙂🙂🙂🙂🙂🙂🙂"}')],
  ['names that objects have by themselves', thing('{"name":"a","properties":{"constructor":1,"toString":2}}')],
  ['a type without a body where none is taken', { method: 'DELETE', url: '/v1/things/1', headers: json }, 204],
  ...['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', ';'].map(
    (type) =>
      [
        `a deletion without a body of the type ${type}`,
        { method: 'DELETE', url: '/v1/things/1', headers: { 'content-type': type } },
        204,
      ] as const,
  ),
  ...['text/plain', 'application/x-www-form-urlencoded'].map(
    (type) =>
      [
        `a POST with a body of no bytes and of the type ${type} where none is taken`,
        { method: 'POST', url: '/v1/tickets', headers: { 'content-type': type, 'content-length': '0' } },
        204,
      ] as const,
  ),
  [
    'a deletion with a body of no bytes and another type',
    { method: 'DELETE', url: '/v1/things/1', headers: { 'content-type': 'text/plain', 'content-length': '0' } },
    204,
  ],
]

for (const [name, options, status = 200] of taken) {
  test(`${name} is taken`, async () => {
    const answer = await shared.request(options)
    assert.equal(answer.statusCode, status, answer.body)
  })
}

test('every mistake of a body is told, and the nearest name of what does not exist', async () => {
  await using app = await testApp(addTestRoutes)
  const { errors } = (await app.request(thing('{"nmae":"a","count":"1","user_ids":["a","b c"]}'))).json()
  assert.deepEqual(
    errors.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`),
    ['name required', 'nmae unknown_field', 'count invalid_type', 'user_ids[1] invalid_id'],
  )
  assert.match(errors[1].detail, /"name"/)
})

test('a large body that is wrong is refused with its first mistake', async () => {
  await using app = await testApp(addTestRoutes)
  const user_ids = Array.from({ length: 100_000 }, () => 5)
  const { errors } = (await app.request({ method: 'POST', url: '/v1/things', payload: { name: 'a', user_ids } })).json()
  assert.equal(errors.length, 1)
})

test('a route that checks its body itself gets what is JSON as it is', async () => {
  await using app = await testApp(addTestRoutes)
  const odd = '{"a":"\\ud800","b":[{"__proto__":1}]}'
  assert.equal((await app.request({ method: 'POST', url: '/v1/items', payload: odd, headers: json })).statusCode, 200)
})

test('405 names the methods that there are', async () => {
  await using app = await testApp(addTestRoutes)
  const { headers } = await app.request({ method: 'PATCH', url: '/v1/things?x=1' })
  assert.equal(headers.allow, 'POST, GET, HEAD')
})

test('503 says when to come back', async () => {
  await using app = await testApp(addTestRoutes)
  assert.equal((await app.request({ url: '/v1/down' })).headers['retry-after'], '3')
})

test('a query gets its default, and numbers as numbers', async () => {
  await using app = await testApp(addTestRoutes)
  assert.deepEqual((await app.request({ url: '/v1/things' })).json(), { limit: 20 })
  assert.deepEqual((await app.request({ url: '/v1/things?limit=7&filter=5' })).json(), { limit: 7, filter: '5' })
})

test('only failures and slow requests are logged, by route and without what they carried', async () => {
  const lines: string[] = []
  const write = (fields: object, text: string) => {
    lines.push(`${text} ${JSON.stringify(fields)}`)
  }
  await using app = await testApp(addTestRoutes, { log: { warn: write, error: write } })
  await app.request({ url: '/v1/things?limit=abc' })
  await app.request(thing('{"name":"a"}'))
  assert.equal(lines.length, 0)
  await app.request({ url: '/v1/things/planted-id', headers: { 'idempotency-key': 'planted-key' } })
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /"route":"\/v1\/things\/:id","status":500/)
  assert.doesNotMatch(lines[0] ?? '', /planted|test-api-key/)
})

test('answers say nothing about what made them and may not be kept or framed', async () => {
  await using app = await testApp(addTestRoutes)
  for (const url of ['/v1/things', '/nothing', '/v1/things/1']) {
    const { headers } = await app.request({ url })
    assert.equal(headers['x-powered-by'], undefined)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})

test('pages of listed origins may call, others may not', async () => {
  const settings = { corsOrigins: ['https://app.example.com'] }
  await using app = await testApp(addTestRoutes, { settings })
  const preflight = (origin: string) =>
    app.app.inject({
      method: 'OPTIONS',
      url: '/v1/things',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
  const allowed = await preflight('https://app.example.com')
  assert.deepEqual(
    [allowed.statusCode, allowed.headers['access-control-allow-origin']],
    [204, 'https://app.example.com'],
  )
  for (const origin of ['https://app.example.com.evil', 'http://app.example.com', 'null', 'https://APP.example.com']) {
    const foreign = await preflight(origin)
    assert.deepEqual([foreign.statusCode, foreign.headers['access-control-allow-origin']], [405, undefined])
  }
  const called = await app.request({ url: '/v1/things', headers: { origin: 'https://app.example.com' } })
  assert.equal(called.headers['access-control-allow-origin'], 'https://app.example.com')
})
