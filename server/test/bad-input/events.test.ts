import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSingleObjectWriter } from '../../src/model/avro-single-object.ts'
import { eventV1, eventV2, logEventV2 } from '../../src/model/event-schema.ts'
import { inhabited, type Refused, reader, refuses } from './testing/refusals.ts'
import { type Ask, ask, assertProblem } from './testing/wire.ts'

const now = Date.UTC(2026, 0, 1)
const day = 86_400_000
const like = { event_type: 'LIKE', actor_id: 'mia', target_user_id: reader, object_type: 'POST', object_id: 'p2' }
const post = (body: unknown, type?: string): Ask => ({
  method: 'POST',
  path: '/v1/events',
  body,
  ...(type && { type }),
})
/** An event with these fields instead; `undefined` leaves one out. */
const event = (fields: object): Ask => post({ ...like, ...fields })
const metadata = (value: object): Ask => event({ metadata: value })
const uuid = (time: number, tail = '7abc-8def-0123456789ab') => {
  const hex = time.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-${tail}`
}
const invalid = [400, 'invalid_request'] as const

const one = 'application/vnd.headwater.event+avro'
const many = 'application/vnd.headwater.events+avro'
const avroFields = { event_id: null, ...like, metadata: '{}', created_at: null, op: 'ADD', verb: '' }
const write = createSingleObjectWriter(eventV2)
const written = Buffer.from(write(avroFields))
const framed = (...values: readonly Buffer[]) =>
  Buffer.concat(
    values.flatMap((value) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(value.length)
      return [length, value]
    }),
  )
/** The event up to its metadata, then these bytes in place of it. */
function withMetadata(...bytes: readonly number[]): Buffer {
  const map = Buffer.from(write({ ...avroFields, metadata: { marker: 'x' } }))
  const at = map.indexOf('marker') - 3
  return Buffer.concat([map.subarray(0, at), Buffer.from(bytes)])
}

await refuses([
  ['B36 an unknown type', event({ event_type: 'WAVE' }), ...invalid, 'unknown_event_type'],
  ['B36 a type in small letters', event({ event_type: 'like' }), ...invalid, 'unknown_event_type'],
  ['B36 a type that objects have', event({ event_type: 'constructor' }), ...invalid, 'unknown_event_type'],
  ['B36 an unknown type of object', event({ object_type: 'toString' }), ...invalid, 'invalid_value'],
  ['B36 CUSTOM without a verb', event({ event_type: 'CUSTOM' }), ...invalid, 'verb_required'],
  ['B36 CUSTOM with an empty verb', event({ event_type: 'CUSTOM', verb: '' }), ...invalid, 'verb_required'],
  ['B36 a verb with LIKE', event({ verb: 'x' }), ...invalid, 'verb_not_allowed'],
  ['B36 an unknown op', event({ op: 'REMOVE' }), ...invalid, 'invalid_value'],
  ...['event_type', 'actor_id', 'target_user_id', 'object_type', 'object_id'].map(
    (name): Refused => [`B37 ${name} missing`, event({ [name]: undefined }), ...invalid, 'required'],
  ),
  ['B37 actor null', event({ actor_id: null }), ...invalid, 'invalid_type'],
  ['B37 actor empty', event({ actor_id: '' }), ...invalid, 'invalid_id'],
  ['B37 target blank', event({ target_user_id: '  ' }), ...invalid, 'invalid_id'],
  ['B37 target zero-width', event({ target_user_id: '\u200b' }), ...invalid, 'invalid_id'],
  ['B37 object empty', event({ object_id: '' }), ...invalid, 'invalid_id'],
  ['B37 object blank', event({ object_id: ' \u00a0\u3000' }), ...invalid, 'invalid_id'],
  ['B37 object zero-width', event({ object_id: '\u200b\u2060\ufeff' }), ...invalid, 'invalid_id'],
  ['B38 an actor of 129', event({ actor_id: 'a'.repeat(129) }), ...invalid, 'invalid_id'],
  ['B38 an object of 257', event({ object_id: 'a'.repeat(257) }), ...invalid, 'invalid_id'],
  ['B38 a control character', event({ object_id: 'p\r\n2' }), ...invalid, 'invalid_id'],
  ['B38 an escape sequence', event({ object_id: '\u001b[31mp2' }), ...invalid, 'invalid_id'],
  ['B38 a bidi override', event({ object_id: 'p\u202e2' }), ...invalid, 'invalid_id'],
  ['B38 a space in a user', event({ actor_id: 'mia b' }), ...invalid, 'invalid_id'],
  ['B38 a verb of 65', event({ event_type: 'CUSTOM', verb: 'v'.repeat(65) }), ...invalid, 'too_long'],
  ['B41 no UUID', event({ event_id: 'x' }), ...invalid, 'invalid_event_id'],
  ['B41 nil', event({ event_id: '00000000-0000-0000-0000-000000000000' }), ...invalid, 'invalid_event_id'],
  ['B41 version 4', event({ event_id: uuid(now, '4abc-8def-0123456789ab') }), ...invalid, 'invalid_event_id'],
  ['B41 another variant', event({ event_id: uuid(now, '7abc-cdef-0123456789ab') }), ...invalid, 'invalid_event_id'],
  ['B41 in braces', event({ event_id: `{${uuid(now)}}` }), ...invalid, 'invalid_event_id'],
  ['B42 an id from 6 min ahead', event({ event_id: uuid(now + 360_000) }), ...invalid, 'created_at_in_future'],
  ['B42 an id from 91 days ago', event({ event_id: uuid(now - 91 * day) }), ...invalid, 'created_at_too_old'],
  ['B42 6 min ahead', event({ created_at: now + 360_000 }), ...invalid, 'created_at_in_future'],
  ['B42 91 days ago', event({ created_at: now - 91 * day }), ...invalid, 'created_at_too_old'],
  ['B42 in seconds', event({ created_at: now / 1000 }), ...invalid, 'created_at_too_old'],
  ['B42 the year 10000', event({ created_at: 253_402_300_800_000 }), ...invalid, 'created_at_in_future'],
  ['B42 negative', event({ created_at: -1 }), ...invalid, 'created_at_too_old'],
  ['B42 as a text', event({ created_at: '2026-01-01T00:00:00Z' }), ...invalid, 'invalid_type'],
  ['B42 30 February', post(cloud({ time: '2026-02-30T00:00:00Z' }), cloudType()), ...invalid, 'cloudevent_invalid'],
  ['B43 8 KiB and a byte', metadata({ a: 'x'.repeat(8 * 1024 - 7) }), ...invalid, 'metadata_too_large'],
  ['B43 characters of three bytes', metadata({ a: '€'.repeat(2_800) }), ...invalid, 'metadata_too_large'],
  ['B43 a list', metadata([]), ...invalid, 'invalid_type'],
  ['B43 null', event({ metadata: null }), ...invalid, 'invalid_type'],
  ['B43 a text', event({ metadata: '{}' }), ...invalid, 'invalid_type'],
  ['B44 an empty batch', post({ events: [] }), ...invalid, 'too_short'],
  ['B44 1,001 events', post({ events: Array(1_001).fill(like) }), ...invalid, 'too_long'],
  ['B44 a batch that is none', post({ events: like }), ...invalid, 'invalid_type'],
  ['B44 a batch in which nothing is right', post({ events: [{}, null, 5] }), ...invalid, 'required'],
  ['B47 bytes that are no Avro', post(Buffer.from('{"event_type":"LIKE"}'), one), ...invalid, 'avro_invalid'],
  ['B47 nothing', post(Buffer.alloc(0), one), ...invalid, 'avro_invalid'],
  ['B47 a fingerprint that nobody knows', post(changed(written, 5), one), ...invalid, 'avro_unknown_schema'],
  ['B47 a schema of the log', post(Buffer.from(logged()), one), ...invalid, 'avro_unknown_schema'],
  ['B47 cut off', post(written.subarray(0, -3), one), ...invalid, 'avro_invalid'],
  ['B47 trailing bytes', post(Buffer.concat([written, Buffer.from([0])]), one), ...invalid, 'avro_invalid'],
  ['B47 a frame longer than the body', post(framed(written).subarray(0, -1), many), ...invalid, 'avro_invalid'],
  ['B47 a frame of 4 GiB', post(Buffer.from([255, 255, 255, 255, 1]), many), ...invalid, 'avro_invalid'],
  ['B47 a batch of nothing', post(Buffer.alloc(0), many), ...invalid, 'too_short'],
  [
    'B47 the fields of the wrong kind',
    post(Buffer.from(write({ ...avroFields, actor_id: 'a b' })), one),
    ...invalid,
    'invalid_id',
  ],
  [
    'B48 a map that says it has 2^31 entries',
    post(withMetadata(2, 0xfe, 0xff, 0xff, 0xff, 0x0f), one),
    ...invalid,
    'avro_invalid',
  ],
  [
    'B48 a text that says it is 2^62 long',
    post(withMetadata(0, ...Array(8).fill(0xff), 0x7f), one),
    ...invalid,
    'avro_invalid',
  ],
  ['B48 a number without an end', post(withMetadata(2, ...Array(64).fill(0xff)), one), ...invalid, 'avro_invalid'],
  ['B48 a block of -1 entries', post(withMetadata(2, 1, 2, 0, 0), one), ...invalid, 'avro_invalid'],
  ['B48 __proto__ as a key of a map', post(Buffer.from(protoMap()), one), ...invalid, 'forbidden_key'],
  [
    'B48 __proto__ in JSON in Avro',
    post(Buffer.from(write({ ...avroFields, metadata: '{"__proto__":{"polluted":1}}' })), one),
    ...invalid,
    'forbidden_key',
  ],
  [
    'B48 20,000 levels of JSON in Avro',
    post(Buffer.from(write({ ...avroFields, metadata: `{"a":${'['.repeat(20_000)}` })), one),
    ...invalid,
    'metadata_too_large',
  ],
  [
    'a CloudEvent of another version',
    post(cloud({ specversion: '0.3' }), cloudType()),
    ...invalid,
    'cloudevent_invalid',
  ],
  ['a CloudEvent without a source', post(cloud({ source: '' }), cloudType()), ...invalid, 'cloudevent_invalid'],
  ['a CloudEvent with bytes', post(cloud({ data_base64: 'e30=' }), cloudType()), ...invalid, 'cloudevent_invalid'],
  ['a CloudEvent with __proto__', post(cloudWithProto(), cloudType()), ...invalid, 'forbidden_key'],
  [
    'a CloudEvent with an id of half a character',
    post(cloud({ id: '\ud800' }), cloudType()),
    ...invalid,
    'cloudevent_invalid',
  ],
  [
    'a CloudEvent with a broken header',
    { ...post(like), headers: { 'ce-specversion': '1.0', 'ce-id': '%E0%A4%A', 'ce-source': 'x', 'ce-type': 'x' } },
    ...invalid,
    'cloudevent_invalid',
  ],
  ['an object of an unknown type', { method: 'DELETE', path: '/v1/objects/ROCK/p1' }, ...invalid, 'invalid_value'],
])

function cloudType(): string {
  return 'application/cloudevents+json'
}

function cloud(fields: object): object {
  return { specversion: '1.0', id: 'e1', source: '/shop', type: 'like', data: like, ...fields }
}

function cloudWithProto(): string {
  return JSON.stringify(cloud({})).replace('"event_type"', '"__proto__":{"polluted":1},"event_type"')
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0xff
  return copy
}

function logged(): Uint8Array {
  return createSingleObjectWriter(logEventV2)({ ...avroFields, event_id: Buffer.alloc(16), schema_version: 2 })
}

/** A library that writes objects would leave the key out, so it is put in afterwards. */
function protoMap(): Buffer {
  const map = Buffer.from(write({ ...avroFields, metadata: { marker_xy: 'x' } }))
  return Buffer.from(map.toString('latin1').replace('marker_xy', '__proto__'), 'latin1')
}

test('B39 ids that objects have by themselves are users and objects like any other', async () => {
  const server = await inhabited()
  const ids = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '0',
    'null',
    'undefined',
    '-',
    '.',
    '..',
    'NaN',
  ]
  const events = ids.flatMap((id) => [
    { ...like, actor_id: id, object_id: id, event_id: undefined },
    { ...like, actor_id: 'ben', target_user_id: id, object_id: id, metadata: { constructor: 1, toString: id } },
  ])
  assert.equal((await ask(server, post({ events }))).body.accepted, events.length)
  await server.settle()
  for (const id of ids) {
    const { body } = await server.request('GET', '/v1/activities', { user: id })
    assert.deepEqual(
      body.activity_groups.map((group: { object_id: string; metadata: object }) => [group.object_id, group.metadata]),
      [[id, { constructor: 1, toString: id }]],
    )
    const put = await ask(server, { method: 'PUT', path: `/v1/users/${id}`, body: { name: `The ${id}` } })
    assert.deepEqual([put.status, put.body.user.name], [200, `The ${id}`])
  }
  const own = await server.request('GET', '/v1/activities?limit=100', { user: reader })
  assert.equal(own.body.unread_count, 1 + ids.length)
})

test('B40 an actor who is the target is accepted, and makes no group', async () => {
  const server = await inhabited()
  const answer = await ask(server, event({ actor_id: reader }))
  assert.deepEqual([answer.status, answer.body.accepted], [202, 1])
  await server.settle()
  const page = await server.request('GET', '/v1/activities', { user: reader })
  assert.equal(page.body.activity_groups.length, 1)
  const trace = await server.request('GET', `/v1/events/${answer.body.event_ids[0]}`)
  assert.deepEqual([trace.body.state, trace.body.reason], ['ignored', 'self'])
})

test('B45 of a batch what is right is taken in, and what is wrong is told by its index', async () => {
  const server = await inhabited()
  const bad = { ...like, actor_id: 'a b' }
  const polluting = JSON.parse('{"__proto__":{"polluted":1}}')
  const events = [like, bad, { ...like, actor_id: 'ben' }, null, polluting, { ...like, object_id: '\ud800' }]
  const { status, body } = await ask(server, post({ events }))
  assert.deepEqual([status, body.accepted], [202, 2])
  assert.deepEqual(
    body.rejected.map(({ index, code }: { index: number; code: string }) => [index, code]),
    [
      [1, 'invalid_id'],
      [3, 'invalid_type'],
      [4, 'forbidden_key'],
      [5, 'invalid_id'],
    ],
  )
  assert.deepEqual(
    body.event_ids.map((id: string | null) => id === null),
    [false, true, false, true, true, true],
  )
  await server.settle()
  const page = await server.request('GET', '/v1/activities', { user: reader })
  const found = page.body.activity_groups.find((group: { object_id: string }) => group.object_id === 'p2')
  assert.deepEqual([page.body.activity_groups.length, found.actor_count], [2, 2])
})

test('B46 of one event_id the first event stands, in a batch and later', async () => {
  const server = await inhabited()
  const event_id = uuid(now)
  const first = { ...like, event_id }
  const other = { ...like, event_id, actor_id: 'ben', object_id: 'p9' }
  assert.equal((await ask(server, post({ events: [first, other] }))).body.accepted, 2)
  assert.equal((await ask(server, post({ ...other, event_id: event_id.toUpperCase() }))).status, 202)
  await server.settle()
  const page = await server.request('GET', '/v1/activities', { user: reader })
  assert.deepEqual(page.body.activity_groups.map((group: { object_id: string }) => group.object_id).sort(), [
    'p1',
    'p2',
  ])
})

test('B49 a type that only a newer schema has is taken from an older one as it is there', async () => {
  const server = await inhabited()
  const old = createSingleObjectWriter(eventV1)
  const { op: _op, verb: _verb, ...fields } = avroFields
  const answer = await ask(server, post(framed(Buffer.from(old(fields)), written), many))
  assert.deepEqual([answer.status, answer.body.accepted], [202, 2])
})

test('B47 of framed values one that cannot be read is told by its index, and one that is cut off takes all with it', async () => {
  const server = await inhabited()
  const answer = await ask(server, post(framed(written, changed(written, 5), written), many))
  assert.deepEqual([answer.body.accepted, answer.body.rejected[0].index], [2, 1])
  const cut = await ask(server, post(framed(written, written).subarray(0, -1), many))
  assertProblem(cut, 400, 'invalid_request', 'avro_invalid')
  assert.equal(cut.body.rejected[0].index, 1)
})
