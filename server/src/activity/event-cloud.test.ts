import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { derivedUuidV7, isUuidV7, uuidTime } from '../lib/uuid.ts'
import { checkEvent } from './event-check.ts'
import { binaryModeItem, cloudEventItem, parseTime } from './event-cloud.ts'

const now = Date.UTC(2026, 4, 15, 12)
const uuid = derivedUuidV7(now - 1_000, 'some')
const data = { event_type: 'LIKE', actor_id: 'alice', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' }
const envelope = {
  specversion: '1.0',
  id: 'A-123',
  source: '/shop/orders',
  type: 'com.example.liked',
  time: '2026-05-15T11:59:00.5Z',
  datacontenttype: 'application/json',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  data,
}

interface Value {
  readonly event_id: string
  readonly created_at?: number
}
const valueIn = (item: ReturnType<typeof cloudEventItem>): Value => {
  assert.ok('value' in item, JSON.stringify(item))
  const verdict = checkEvent(item.value, { now, timeless: item.timeless })
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return item.value as Value
}
const without = (name: string) => Object.fromEntries(Object.entries(envelope).filter(([key]) => key !== name))

describe('a CloudEvent', () => {
  test('becomes an event with an id and a time of its own, the same each time', () => {
    const value = valueIn(cloudEventItem(envelope))
    assert.ok(isUuidV7(value.event_id))
    assert.equal(value.created_at, Date.UTC(2026, 4, 15, 11, 59, 0, 500))
    assert.equal(uuidTime(value.event_id), value.created_at)
    assert.deepEqual(valueIn(cloudEventItem(structuredClone(envelope))), value)
  })

  test('of another source or id is another event', () => {
    const ids = [envelope, { ...envelope, source: '/other' }, { ...envelope, id: 'A-124' }].map(
      (one) => valueIn(cloudEventItem(one)).event_id,
    )
    assert.equal(new Set(ids).size, 3)
  })

  test('keeps an id that is a UUIDv7', () => {
    assert.equal(valueIn(cloudEventItem({ ...envelope, id: uuid.toUpperCase() })).event_id, uuid)
    assert.equal(valueIn(cloudEventItem({ ...without('time'), id: uuid })).created_at, undefined)
  })

  test('is named by its own id, whatever its data say', () => {
    const inside = { ...envelope, data: { ...data, event_id: uuid } }
    assert.deepEqual(valueIn(cloudEventItem(inside)), valueIn(cloudEventItem(envelope)))
  })

  test('may have null in the place of what it has not', () => {
    const value = valueIn(cloudEventItem({ ...envelope, datacontenttype: null, data_base64: null, dataschema: null }))
    assert.deepEqual(value, valueIn(cloudEventItem(envelope)))
  })

  test('without a time is timeless, and has the same id again', () => {
    const [first, second] = [cloudEventItem(without('time')), cloudEventItem(without('time'))]
    assert.deepEqual(first, second)
    assert.ok('value' in first && first.timeless)
    assert.equal(valueIn(first).created_at, undefined)
  })

  test('is of the time in its data rather than its own', () => {
    const item = cloudEventItem({ ...envelope, data: { ...data, created_at: now - 1 } })
    assert.equal(valueIn(item).created_at, now - 1)
  })

  const broken: Readonly<Record<string, unknown>> = {
    'of another version': { ...envelope, specversion: '0.3' },
    'without an id': without('id'),
    'with an empty id': { ...envelope, id: '' },
    'with a number as an id': { ...envelope, id: 5 },
    'without a source': without('source'),
    'without a type': without('type'),
    'without data': without('data'),
    'with data that is a text': { ...envelope, data: JSON.stringify(data) },
    'with bytes as data': { ...envelope, data_base64: 'e30=' },
    'with data that is XML': { ...envelope, datacontenttype: 'application/xml' },
    'of the 30th of February': { ...envelope, time: '2026-02-30T00:00:00Z' },
  }
  for (const [name, value] of Object.entries(broken)) {
    test(`${name} is refused`, () => {
      const item = cloudEventItem(value)
      assert.equal('refused' in item && item.refused.code, 'cloudevent_invalid')
    })
  }

  test('cannot bring in a prototype', () => {
    const item = cloudEventItem(
      JSON.parse(JSON.stringify(envelope).replace('"data":{', '"data":{"__proto__":{"op":"UNDO"},')),
    )
    const verdict = 'value' in item && checkEvent(item.value, { now })
    assert.equal(verdict && !verdict.ok && verdict.error.code, 'forbidden_key')
  })

  test('never makes anything throw', () => {
    const key = fc.constantFrom(...Object.keys(envelope))
    fc.assert(
      fc.property(key, fc.jsonValue({ maxDepth: 2 }), (name, value) => {
        cloudEventItem({ ...envelope, [name]: value })
        cloudEventItem(value)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('binary mode', () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': 'A-123', 'ce-source': '/shop/orders', 'ce-type': 't' }

  test('says the same as structured mode', () => {
    const item = binaryModeItem({ ...headers, 'ce-time': envelope.time }, data)
    assert.deepEqual(valueIn(item), valueIn(cloudEventItem(envelope)))
  })

  test('has percent-encoded headers', () => {
    const item = binaryModeItem({ ...headers, 'ce-id': 'caf%C3%A9' }, data)
    assert.deepEqual(valueIn(item), valueIn(cloudEventItem({ ...without('time'), id: 'café' })))
    assert.ok('refused' in binaryModeItem({ ...headers, 'ce-id': '%E0%A4%A' }, data))
  })

  test('needs all attributes', () => {
    assert.ok('refused' in binaryModeItem({ 'ce-id': 'A-123' }, data))
  })
})

test('times of RFC 3339', () => {
  const second = Date.UTC(2026, 1, 3, 4, 5, 6)
  for (const [text, time] of [
    ['2026-02-03T04:05:06Z', second],
    ['2026-02-03t04:05:06.123456z', second + 123],
    ['2026-02-03T06:05:06+02:00', second],
    ['2026-02-02T20:35:06-07:30', second],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2016, 11, 31, 23, 59, 59)],
    ['2026-02-29T00:00:00Z', null],
    ['2026-13-01T00:00:00Z', null],
    ['2026-01-01T24:00:00Z', null],
    ['2026-01-01T00:00:00', null],
    ['2026-01-01', null],
    ['10000-01-01T00:00:00Z', null],
    [1_795_000_000_000, null],
  ] as const) {
    assert.equal(parseTime(text), time, String(text))
  }
})
