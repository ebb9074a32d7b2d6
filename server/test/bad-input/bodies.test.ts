import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { inhabited, nobody, type Refused, reader, refuses } from './testing/refusals.ts'
import { type Ask, ask, assertProblem, exchange, firstAnswer } from './testing/wire.ts'

/** A body for each of the three ways in which bodies are checked: by a schema, item by item, as a mark. */
const user = (body: unknown, more: Partial<Ask> = {}): Ask => ({
  method: 'PUT',
  path: `/v1/users/${nobody}`,
  body,
  ...more,
})
const event = (body: unknown, more: Partial<Ask> = {}): Ask => ({ method: 'POST', path: '/v1/events', body, ...more })
const mark = (body: unknown, more: Partial<Ask> = {}): Ask => ({
  method: 'POST',
  path: '/v1/activities/read',
  user: reader,
  body,
  ...more,
})
const like = `"event_type":"LIKE","actor_id":"mia","target_user_id":"${reader}","object_type":"POST","object_id":"p2"`
const notUtf8 = (text: string) => Buffer.from(text.replace('?', '\xff'), 'latin1')
const invalid = [400, 'invalid_request'] as const
const unread = [400, 'invalid_json'] as const
const unsupported = [415, 'unsupported_media_type'] as const

const rows: readonly Refused[] = [
  ['B01 truncated JSON: a user', user('{"name":"Dora"'), ...unread],
  ['B01 truncated JSON: an event', event(`{${like}`), ...unread],
  ['B01 trailing garbage: a user', user('{"name":"Dora"} x'), ...unread],
  ['B01 trailing garbage: two events', event(`{${like}}{${like}}`), ...unread],
  ['B01 empty body: a user', user(''), ...unread],
  ['B01 empty body: an event', event(''), ...unread],
  ['B02 null: a user', user('null'), ...invalid, 'invalid_type'],
  ['B02 null: an event', event('null'), ...invalid, 'invalid_type'],
  ['B02 a number: a mark', mark('5'), ...invalid, 'invalid_type'],
  ['B02 a text: an event', event('"x"'), ...invalid, 'invalid_type'],
  ['B02 a list: a user', user('[]'), ...invalid, 'invalid_type'],
  ['B02 a list: an event', event(`[{${like}}]`), ...invalid, 'invalid_type'],
  ['B02 no body: a user', { method: 'PUT', path: `/v1/users/${nobody}` }, ...invalid, 'invalid_type'],
  ['B04 invalid UTF-8: a name', user(notUtf8('{"name":"D?"}')), ...unread],
  ['B04 invalid UTF-8: an object id', event(notUtf8(`{${like.replace('p2', 'p?')}}`)), ...unread],
  ['B04 UTF-16', user(Buffer.from('\ufeff{"name":"Dora"}', 'utf16le')), ...unread],
  ['B05 lone surrogate: a name', user('{"name":"\\ud800"}'), ...invalid, 'invalid_character'],
  ['B05 lone surrogate: an object id', event(`{${like.replace('p2', '\\udc00')}}`), ...invalid, 'invalid_id'],
  ['B05 lone surrogate: metadata', event(`{${like},"metadata":{"a":["\\ud800"]}}`), ...invalid, 'invalid_character'],
  [
    'B05 lone surrogate: a key of properties',
    user('{"name":"D","properties":{"\\ud800":1}}'),
    ...invalid,
    'invalid_character',
  ],
  ['B06 U+0000: a name', user('{"name":"D\\u0000"}'), ...invalid, 'invalid_character'],
  ['B06 U+0000: metadata', event(`{${like},"metadata":{"a":"\\u0000"}}`), ...invalid, 'invalid_character'],
  ['B06 U+0000: a key of metadata', event(`{${like},"metadata":{"\\u0000":1}}`), ...invalid, 'invalid_character'],
  ['B06 U+0000: a mark', mark('{"group_ids":["\\u0000"]}'), ...invalid, 'invalid_character'],
  ['B08 __proto__: a user', user('{"name":"D","__proto__":{"polluted":1}}'), ...invalid, 'forbidden_key'],
  [
    'B08 __proto__: properties',
    user('{"name":"D","properties":{"a":{"__proto__":{"polluted":1}}}}'),
    ...invalid,
    'forbidden_key',
  ],
  ['B08 __proto__: an event', event(`{${like},"__proto__":{"polluted":1}}`), ...invalid, 'forbidden_key'],
  [
    'B08 __proto__: metadata',
    event(`{${like},"metadata":{"a":[{"__proto__":{"polluted":1}}]}}`),
    ...invalid,
    'forbidden_key',
  ],
  [
    'B08 __proto__: beside events',
    event(`{"events":[{${like}}],"__proto__":{"polluted":1}}`),
    ...invalid,
    'forbidden_key',
  ],
  [
    'B08 constructor.prototype: metadata',
    event(`{${like},"metadata":{"constructor":{"prototype":{"polluted":1}}}}`),
    ...invalid,
    'forbidden_key',
  ],
  [
    'B08 constructor.prototype: a mark',
    mark('{"constructor":{"prototype":{"polluted":1}}}'),
    ...invalid,
    'forbidden_key',
  ],
  ['B09 nesting of 33: a user', user(`{"name":"D","properties":{"a":${nested(31)}}}`), ...invalid, 'too_deep'],
  ['B09 nesting of 33: an event', event(`{${like},"metadata":{"a":${nested(31)}}}`), ...invalid, 'too_deep'],
  ['B09 nesting of 9 in metadata', event(`{${like},"metadata":{"a":${nested(8)}}}`), ...invalid, 'too_deep'],
  ['B09 nesting of 9 in properties', user(`{"name":"D","properties":{"a":${nested(8)}}}`), ...invalid, 'too_deep'],
  [
    'security 27: 20,001 values',
    { method: 'POST', path: '/v1/tokens', body: { user_id: Array(20_001).fill(0) } },
    ...invalid,
    'too_long',
  ],
  ['B13 no content type', user('{"name":"D"}', { type: null }), ...unsupported],
  ['B13 text/plain', event(`{${like}}`, { type: 'text/plain' }), ...unsupported],
  ['B13 a form', user('name=D', { type: 'application/x-www-form-urlencoded' }), ...unsupported],
  ['B13 garbage behind the type', event(`{${like}}`, { type: 'application/json garbage' }), ...unsupported],
  ['B13 a tab and garbage behind the type', user('{"name":"D"}', { type: 'application/json\ta' }), ...unsupported],
  ['B13 UTF-16', event(`{${like}}`, { type: 'application/json; charset=utf-16' }), ...unsupported],
  [
    'B13 Avro where no events are taken',
    user('{"name":"D"}', { type: 'application/vnd.headwater.event+avro' }),
    ...unsupported,
  ],
  ['B14 gzip: a user', user(gzipSync('{"name":"D"}'), { headers: { 'content-encoding': 'gzip' } }), ...unsupported],
  ['B14 gzip that is none: an event', event(`{${like}}`, { headers: { 'content-encoding': 'gzip' } }), ...unsupported],
  ['B21 a number for a text: a user', user({ name: 5 }), ...invalid, 'invalid_type'],
  ['B21 a number for a text: an event', event(`{${like},"op":1}`), ...invalid, 'invalid_type'],
  [
    'B21 a text for a number: a token',
    { method: 'POST', path: '/v1/tokens', body: { user_id: nobody, ttl_s: '60' } },
    ...invalid,
    'invalid_type',
  ],
  ['B21 a text for a number: a mark', mark({ all: true, up_to_seq: '5' }), ...invalid, 'invalid_type'],
  ['B21 a text for a number: an event', event(`{${like},"created_at":"1767225600000"}`), ...invalid, 'invalid_type'],
  ['B21 a text for true', mark({ all: 'true' }), ...invalid, 'invalid_type'],
  ['B22 2^53 + 1: an event', event(`{${like},"created_at":9007199254740993}`), ...invalid, 'created_at_in_future'],
  ['B22 1e400: a user', user('{"name":"D","properties":{"a":1e400}}'), ...invalid, 'out_of_range'],
  ['B22 1e400: metadata', event(`{${like},"metadata":{"a":[1e400]}}`), ...invalid, 'out_of_range'],
  ['B22 1e400: created_at', event(`{${like},"created_at":1e400}`), ...invalid, 'out_of_range'],
  ['B22 1e400: a mark', mark('{"all":true,"up_to_seq":1e400}'), ...invalid, 'out_of_range'],
  ['B22 1.5: a mark', mark({ all: true, up_to_seq: 1.5 }), ...invalid, 'invalid_type'],
  ['B22 1.5: an event', event(`{${like},"created_at":1767225600000.5}`), ...invalid, 'invalid_type'],
  ['B22 -0: an event', event(`{${like},"created_at":-0}`), ...invalid, 'created_at_too_old'],
  ['B23 unknown field: a user', user({ name: 'D', emial: 'd@example.com' }), ...invalid, 'unknown_field'],
  ['B23 unknown field: an event', event(`{${like},"actor":"x"}`), ...invalid, 'unknown_field'],
  ['B23 unknown field: a mark', mark({ all: true, force: true }), ...invalid, 'unknown_field'],
  [
    'B23 unknown field: where none is taken',
    { method: 'POST', path: '/v1/stream-tickets', user: reader, body: { a: 1 } },
    ...invalid,
    'unknown_field',
  ],
]

function nested(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`
}

await refuses(rows)

test('B03 a byte order mark is passed over', async () => {
  const server = await inhabited()
  const put = await ask(server, { method: 'PUT', path: '/v1/users/erin', body: '\ufeff{"name":"Erin"}' })
  assert.deepEqual([put.status, put.body.user.name], [200, 'Erin'])
  const sent = await ask(server, event(`\ufeff{"events":[{${like}}]}`))
  assert.deepEqual([sent.status, sent.body.accepted], [202, 1])
})

test('B07 of a repeated key the last one holds, for the check and for the store alike', async () => {
  const server = await inhabited()
  const put = (body: string) => ask(server, { method: 'PUT', path: '/v1/users/erin', body })
  assertProblem(await put('{"name":"Erin","name":5}'), 400, 'invalid_request', 'invalid_type')
  assert.equal((await put('{"name":5,"name":"Erin"}')).body.user.name, 'Erin')
  await ask(server, event(`{${like},"object_id":"p3"}`))
  await server.settle()
  const { body } = await server.request('GET', '/v1/activities', { user: reader })
  assert.deepEqual(body.activity_groups.map((group: { object_id: string }) => group.object_id).sort(), ['p1', 'p3'])
})

test('B10 4 MiB and a byte: 413 before the body has come, and none of it is taken in', async () => {
  const server = await inhabited()
  const head = (length: string) =>
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.apiKey}\r\n` +
    `Content-Type: application/json\r\n${length}\r\n\r\n`
  const announced = await exchange(server, head(`Content-Length: ${4 * 1024 * 1024 + 1}`), '{"events":[')
  assertProblem(firstAnswer(announced), 413, 'body_too_large')
  const chunk = `100000\r\n${' '.repeat(0x10_0000)}\r\n`
  const growing = await exchange(server, head('Transfer-Encoding: chunked'), ...Array(4).fill(chunk), '1\r\n \r\n')
  assertProblem(firstAnswer(growing), 413, 'body_too_large')
  const whole = `{"events":[{${like}}]}`
  const padded = await ask(server, event(whole + ' '.repeat(4 * 1024 * 1024 - whole.length)))
  assert.equal(padded.status, 202)
})

test('B09 an event that is nested too deeply is refused alone, as deep as parsers go', async () => {
  const server = await inhabited()
  for (const depth of [8, 29, 31, 40, 900]) {
    const deep = `{${like},"metadata":{"a":${nested(depth)}}}`
    const sent = await ask(server, event(`{"events":[{${like}},${deep}]}`))
    assert.deepEqual([sent.status, sent.body.accepted], [202, 1], `${depth}`)
    assert.deepEqual(
      sent.body.rejected.map(({ index, code }: { index: number; code: string }) => [index, code]),
      [[1, 'too_deep']],
    )
    assertProblem(await ask(server, event(deep)), 400, 'invalid_request', 'too_deep')
    const key = { 'idempotency-key': `deep-${depth}` }
    const kept = await ask(server, event(`{"events":[{${like}},${deep}]}`, { headers: key }))
    assert.deepEqual([kept.status, kept.body.accepted], [202, 1], 'and with a key')
  }
  const deepest = await ask(server, event(`{"events":[{${like}},{${like},"metadata":{"a":${nested(1_000)}}}]}`))
  assertProblem(deepest, 400, 'invalid_request', 'too_deep')
  assert.equal(deepest.body.rejected, undefined)
})
