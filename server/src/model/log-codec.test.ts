import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type EventType, eventOps, eventTypes, type JsonValue, objectTypes } from '@headwater/protocol'
import avsc from 'avsc'
import fc from 'fast-check'
import { sampleEvent, sampleValue } from '../conformance/samples.ts'
import { fingerprintOf } from './avro-fingerprint.ts'
import type { AvroDeclaration } from './avro-schema.ts'
import { createSingleObjectWriter, typeOf } from './avro-single-object.ts'
import { eventV1, eventV2, logEventV1, logEventV2 } from './event-schema.ts'
import { createLogCodec, decodeLogValue, encodeLogValue, encodeLogValues } from './log-codec.ts'
import type { LogValue } from './log-record.ts'
import { logWriters } from './log-schemas.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const eventOf = (value: LogValue) => {
  assert.equal(value.kind, 'event', JSON.stringify(value))
  return (value as Extract<LogValue, { kind: 'event' }>).event
}

/** What an `Event` of version 1 holds of a sample. */
const recordV1 = (n: number) => {
  const event = sampleEvent('carol', n)
  return {
    schema_version: 1,
    event_id: Buffer.from(event.eventId.replaceAll('-', ''), 'hex'),
    event_type: 'LIKE',
    actor_id: event.actor,
    target_user_id: 'carol',
    object_type: 'POST',
    object_id: event.objectId,
    metadata: { preview: 'Sunset' },
    created_at: event.createdAt,
  }
}

describe('values of the log', () => {
  test('every kind comes back as it was', () => {
    for (let n = 0; n < 64; n++) {
      const value = sampleValue('carol', n)
      assert.deepEqual(decodeLogValue(encodeLogValue(value), 'carol'), value)
    }
  })

  test('ids that are names of prototypes are ids like any other', () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      const event = sampleEvent(id, 1, { actor: id, objectId: id })
      assert.deepEqual(eventOf(decodeLogValue(encodeLogValue({ kind: 'event', event }), id)), event)
    }
  })

  test('a value larger than the scratch buffer', () => {
    const groupIds = Array.from({ length: 5_000 }, (_, n) => `group-${n}`)
    const value: LogValue = { kind: 'mark', user: 'carol', mark: 'seen', groupIds, upTo: 7 }
    assert.deepEqual(decodeLogValue(encodeLogValue(value), 'carol'), value)
  })

  test('an event is written to the byte as Avro’s library writes it', () => {
    const library = createSingleObjectWriter(logEventV2)
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    const time = fc.option(fc.oneof(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.integer({ min: -70, max: 70 })))
    const event = fc.record({
      n: fc.nat(1_000),
      actor: text,
      user: text,
      objectId: text,
      verb: text,
      metadata: fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<JsonValue>),
      createdAt: time,
      eventType: fc.constantFrom(...eventTypes),
      objectType: fc.constantFrom(...objectTypes),
      op: fc.constantFrom(...eventOps),
    })
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), (several) => {
        const events = several.map(({ n, user, ...fields }) => sampleEvent(user, n, fields))
        const written = encodeLogValues(events.map((event) => ({ kind: 'event', event })))
        const records = events.map((event) => ({
          schema_version: 2,
          event_id: Buffer.from(event.eventId.replaceAll('-', ''), 'hex'),
          event_type: event.eventType,
          actor_id: event.actor,
          target_user_id: event.targetUser,
          object_type: event.objectType,
          object_id: event.objectId,
          metadata: JSON.stringify(event.metadata),
          created_at: event.createdAt,
          op: event.op,
          verb: event.verb,
        }))
        assert.deepEqual(written.map(hex), records.map(library).map(hex))
      }),
      { numRuns: 300 },
    )
  })

  test('values that are larger together than the memory that is kept', () => {
    const metadata = { text: 'x'.repeat(8_000) }
    const values = Array.from({ length: 400 }, (_, n): LogValue => {
      return { kind: 'event', event: sampleEvent('carol', n, { metadata }) }
    })
    for (let round = 0; round < 2; round++) {
      const read = encodeLogValues(values).map((bytes) => decodeLogValue(bytes, 'carol'))
      assert.deepEqual(read, values)
    }
  })

  test('an event with a symbol that the schema does not have is not written', () => {
    const event = sampleEvent('carol', 1, { eventType: 'POKE' as EventType })
    assert.throws(() => encodeLogValue({ kind: 'event', event }), /no symbol POKE/)
    assert.deepEqual(decodeLogValue(encodeLogValue(sampleValue('carol', 1)), 'carol'), sampleValue('carol', 1))
  })

  test('begins with the marker and the fingerprint of its schema', () => {
    const bytes = encodeLogValue({ kind: 'event', event: sampleEvent('carol', 1) })
    assert.deepEqual([...bytes.subarray(0, 10)], [0xc3, 0x01, ...fingerprintOf(logEventV2)])
  })

  test('fingerprints of what was ever written do not change', () => {
    const fingerprints = [logEventV1, logEventV2, ...Object.values(logWriters).slice(1), eventV1, eventV2].map(
      (schema) => `${schema.namespace}.${schema.name} ${Buffer.from(fingerprintOf(schema)).toString('hex')}`,
    )
    assert.deepEqual(fingerprints, [
      'headwater.log.Event 2f328f53ed785090',
      'headwater.log.Event 57862f56be2ea464',
      'headwater.log.Mark d5213ce6047016c6',
      'headwater.log.GroupDeleted 3c2eaec14abc0f93',
      'headwater.log.ActorErased 5932ba92f033e0bc',
      'headwater.log.UserErased 476eb18ed6cce8a4',
      'headwater.Event f2e12858c76a743d',
      'headwater.Event e9830ece1ce068b2',
    ])
  })
})

describe('versions', () => {
  test('an event of version 1 is read, with defaults for what it lacks', () => {
    const event = eventOf(decodeLogValue(createSingleObjectWriter(logEventV1)(recordV1(1)), 'carol'))
    assert.deepEqual([event.op, event.verb, event.eventType], ['ADD', '', 'LIKE'])
    assert.deepEqual(event.metadata, { preview: 'Sunset' })
  })

  for (const [writer, reader] of [
    [logEventV1, logEventV2],
    [logEventV2, logEventV1],
  ] as const) {
    test(`Avro resolves ${writer.doc} for readers of the other`, () => {
      const [from, to] = [typeOf(writer), typeOf(reader)]
      const record = { ...recordV1(2), event_type: writer === logEventV2 ? 'REACTION' : 'LIKE', op: 'UNDO', verb: '' }
      const read = to.fromBuffer(from.toBuffer(record), to.createResolver(from)) as Record<string, unknown>
      assert.equal(read.actor_id, record.actor_id)
      assert.equal(read.event_type, writer === logEventV2 ? 'CUSTOM' : 'LIKE')
      assert.equal(read.op, writer === logEventV2 ? undefined : 'ADD')
    })
  }

  test('a later version with more fields and symbols is read as far as it is known', () => {
    const codec = createLogCodec([logEventV3])
    const bytes = createSingleObjectWriter(logEventV3)({
      ...recordV1(3),
      event_type: 'POKE',
      op: 'UNDO',
      verb: '',
      device: 'phone',
    })
    const event = eventOf(codec.decode(bytes, 'carol'))
    assert.deepEqual([event.eventType, event.verb, event.op], ['CUSTOM', 'POKE', 'UNDO'])
    assert.equal('device' in event, false)
  })

  test('every enum has a default', () => {
    const enums = [logEventV1, ...Object.values(logWriters), eventV1, eventV2].flatMap(enumsOf)
    assert.ok(enums.length >= 10)
    for (const one of enums) assert.ok(one.symbols?.includes(String(one.default)), String(one.name))
  })
})

/** What a next release could write. */
const logEventV3: AvroDeclaration = {
  ...logEventV2,
  fields: [
    ...(logEventV2.fields ?? []).map((field) =>
      field.name === 'event_type'
        ? { ...field, type: { type: 'enum', name: 'EventType', symbols: ['POKE', 'LIKE'], default: 'LIKE' } }
        : field,
    ),
    { name: 'device', type: 'string', default: '' },
  ],
}

function enumsOf(schema: AvroDeclaration): readonly AvroDeclaration[] {
  return (schema.fields ?? []).map((field) => field.type as AvroDeclaration).filter((type) => type.type === 'enum')
}

describe('bytes that cannot be read', () => {
  const good = encodeLogValue({ kind: 'event', event: sampleEvent('carol', 1) })
  const reasonOf = (bytes: Uint8Array, user = 'carol') => {
    const value = decodeLogValue(bytes, user)
    assert.equal(value.kind, 'unreadable')
    return (value as Extract<LogValue, { kind: 'unreadable' }>).reason
  }

  test('say why', () => {
    assert.match(reasonOf(new Uint8Array()), /does not begin with C3 01/)
    assert.match(reasonOf(good.with(5, (good[5] ?? 0) ^ 1)), /no known schema has the fingerprint/)
    assert.match(reasonOf(good.subarray(0, -1)), /ends too early/)
    assert.match(reasonOf(Buffer.concat([good, Buffer.of(0)])), /1 bytes follow/)
    assert.match(reasonOf(good, 'dave'), /belongs to another user/)
    const list = createSingleObjectWriter(logEventV2)({ ...recordV1(1), op: 'ADD', verb: '', metadata: '[]' })
    assert.match(reasonOf(list), /metadata is no object/)
  })

  test('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        assert.ok(decodeLogValue(good.with(at, byte).subarray(0, length), 'carol').kind)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('the published files hold the schemas', () => {
  const folder = new URL('../../../protocol/schemas/', import.meta.url)
  const published: Readonly<Record<string, AvroDeclaration>> = {
    'event.v1': eventV1,
    'event.v2': eventV2,
    'log-event.v1': logEventV1,
    'log-event.v2': logEventV2,
    'log-mark.v1': logWriters.mark,
    'log-group-deleted.v1': logWriters.group_deleted,
    'log-actor-erased.v1': logWriters.actor_erased,
    'log-user-erased.v1': logWriters.user_erased,
  }
  const files = readdirSync(folder).filter((file) => file.endsWith('.avsc'))
  assert.equal(files.length, Object.keys(published).length)
  for (const [name, schema] of Object.entries(published)) {
    const text = readFileSync(new URL(`${name}.avsc`, folder), 'utf8')
    assert.deepEqual(JSON.parse(text), schema, name)
    assert.ok(avsc.Type.forSchema(JSON.parse(text)))
  }
})
