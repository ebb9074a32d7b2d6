import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { AvroDeclaration } from '../model/avro-schema.ts'
import { createSingleObjectWriter } from '../model/avro-single-object.ts'
import { eventV1, eventV2 } from '../model/event-schema.ts'
import { createAvroEventReader, splitFrames } from './event-avro.ts'
import { checkEvent } from './event-check.ts'

const read = createAvroEventReader()
const now = Date.UTC(2026, 4, 15, 12)
const like = {
  event_id: null,
  event_type: 'LIKE',
  actor_id: 'alice',
  target_user_id: 'carol',
  object_type: 'POST',
  object_id: 'p1',
  metadata: '{"preview":"Sunset"}',
  created_at: now,
  op: 'ADD',
  verb: '',
}
const writeV2 = createSingleObjectWriter(eventV2)

const eventOf = (bytes: Uint8Array, reader = read) => {
  const item = reader(bytes)
  assert.ok('value' in item, JSON.stringify(item))
  const verdict = checkEvent(item.value, { now })
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return verdict.event
}
const codeOf = (bytes: Uint8Array) => {
  const item = read(bytes)
  return 'refused' in item ? item.refused.code : 'accepted'
}

describe('an event in Avro', () => {
  test('is read in each published version', () => {
    const second = eventOf(writeV2({ ...like, op: 'UNDO' }))
    assert.deepEqual([second.metadata, second.op, second.createdAt], [{ preview: 'Sunset' }, 'UNDO', now])
    const first = eventOf(createSingleObjectWriter(eventV1)({ ...like, metadata: { preview: 'Lake' } }))
    assert.deepEqual([first.metadata, first.op, first.eventType], [{ preview: 'Lake' }, 'ADD', 'LIKE'])
  })

  test('may be of users named as prototypes are', () => {
    assert.equal(eventOf(writeV2({ ...like, actor_id: '__proto__' })).actor, '__proto__')
  })

  test('of a type that only a later version knows becomes a generic one', () => {
    const eventV3: AvroDeclaration = {
      ...eventV2,
      fields: (eventV2.fields ?? []).map((field) =>
        field.name === 'event_type'
          ? { ...field, type: { type: 'enum', name: 'EventType', symbols: ['LIKE', 'POKE'], default: 'LIKE' } }
          : field,
      ),
    }
    const bytes = createSingleObjectWriter(eventV3)({ ...like, event_type: 'POKE' })
    const event = eventOf(bytes, createAvroEventReader([eventV3]))
    assert.deepEqual([event.eventType, event.verb], ['CUSTOM', 'POKE'])
    assert.equal(codeOf(bytes), 'avro_unknown_schema')
  })

  test('is refused when its bytes are not right', () => {
    const good = writeV2(like)
    assert.equal(codeOf(new Uint8Array()), 'avro_invalid')
    assert.equal(codeOf(Buffer.from('80e1eb1700', 'hex')), 'avro_invalid')
    assert.equal(codeOf(good.subarray(0, -1)), 'avro_invalid')
    assert.equal(codeOf(Buffer.concat([good, Buffer.of(0)])), 'avro_invalid')
    assert.equal(codeOf(good.with(4, (good[4] ?? 0) ^ 1)), 'avro_unknown_schema')
    const ofKey = (key: string) => writeV2({ ...like, metadata: Object.fromEntries([[key, 'x']]) })
    assert.equal(codeOf(ofKey('preview')), 'accepted')
    assert.equal(codeOf(ofKey('__proto__')), 'forbidden_key')
    assert.equal(codeOf(writeV2({ ...like, metadata: 'no JSON' })), 'invalid_type')
    assert.equal(codeOf(writeV2({ ...like, metadata: `"${'x'.repeat(9_000)}"` })), 'metadata_too_large')
    const crowd = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, '']))
    assert.equal(codeOf(writeV2({ ...like, metadata: crowd })), 'avro_invalid')
  })

  test('never throws, however it is broken', () => {
    const bytes = writeV2({ ...like, metadata: { preview: 'Sunset', emoji: '👍' } })
    const change = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) })
    const numRuns = 3_000
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(bytes.length), (changes, length) => {
        const broken = Uint8Array.from(bytes)
        for (const { at, byte } of changes) broken[at] = byte
        for (const some of [broken, broken.subarray(0, length)]) {
          const item = read(some)
          if ('value' in item) checkEvent(item.value, { now })
        }
      }),
      { numRuns },
    )
    assert.deepEqual(Object.keys(Object.prototype), [])
  })
})

describe('several behind their lengths', () => {
  const framed = (...values: Uint8Array[]) =>
    Buffer.concat(values.flatMap((value) => [Buffer.from(Uint32Array.of(value.length).buffer).swap32(), value]))

  test('are found each', () => {
    const values = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')]
    assert.deepEqual(splitFrames(framed(...values)), values)
    assert.deepEqual(splitFrames(Buffer.alloc(0)), [])
  })

  test('a broken frame is named by its index', () => {
    const body = framed(Buffer.from('one'), Buffer.from('two'))
    assert.equal(splitFrames(body.subarray(0, -1)), 1)
    assert.equal(splitFrames(Buffer.concat([body, Buffer.of(0, 0)])), 2)
    assert.equal(splitFrames(Buffer.from('ffffffff00', 'hex')), 0)
  })

  test('no more are cut than are needed to see that there are too many', () => {
    assert.equal((splitFrames(Buffer.alloc(4 * 100_000)) as readonly unknown[]).length, 1_001)
  })
})
