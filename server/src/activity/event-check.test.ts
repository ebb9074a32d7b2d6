import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ItemErrorCode } from '@headwater/protocol'
import { derivedUuidV7 } from '../lib/uuid.ts'
import { checkEvent } from './event-check.ts'

const now = Date.UTC(2026, 4, 15, 12)
const day = 86_400_000
const like = {
  event_type: 'LIKE',
  actor_id: 'alice',
  target_user_id: 'carol',
  object_type: 'POST',
  object_id: 'p1',
}
const custom = { ...like, event_type: 'CUSTOM' }
const without = (name: string) => Object.fromEntries(Object.entries(like).filter(([key]) => key !== name))
const idAt = (time: number) => derivedUuidV7(time, 'x')
/** Objects inside one another: 1 = an object without any. */
const nested = (levels: number): object => (levels === 1 ? { end: 1 } : { in: nested(levels - 1) })
const json = (text: string): unknown => JSON.parse(text)

const accepted = (value: unknown) => {
  const verdict = checkEvent(value, { now })
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return verdict.event
}

describe('an event that is accepted', () => {
  test('has its defaults filled in', () => {
    assert.deepEqual(accepted(like), {
      eventId: null,
      eventType: 'LIKE',
      verb: '',
      actor: 'alice',
      targetUser: 'carol',
      objectType: 'POST',
      objectId: 'p1',
      metadata: {},
      createdAt: null,
      op: 'ADD',
    })
  })

  test('takes its time from the id when it has none', () => {
    assert.equal(accepted({ ...like, event_id: idAt(now - 5) }).createdAt, now - 5)
    assert.equal(accepted({ ...like, event_id: idAt(now - 5), created_at: now - 9 }).createdAt, now - 9)
  })

  test('has its id in lower case', () => {
    assert.equal(accepted({ ...like, event_id: idAt(now).toUpperCase() }).eventId, idAt(now))
  })

  for (const id of ['__proto__', 'constructor', 'toString', '0', 'null', '-', 'a'.repeat(128)]) {
    test(`may be of a user called ${id.slice(0, 20)}`, () => {
      assert.equal(accepted({ ...like, actor_id: id, target_user_id: id, object_id: id }).actor, id)
    })
  }

  const fine: Readonly<Record<string, unknown>> = {
    'an object id of 256 characters': { ...like, object_id: '👍'.repeat(256) },
    'a verb': { ...custom, verb: 'poked' },
    'metadata of 8 levels': { ...like, metadata: nested(8) },
    'metadata of 8 KiB': { ...like, metadata: { text: 'x'.repeat(8192 - '{"text":""}'.length) } },
    'a key "constructor" in metadata': { ...like, metadata: { constructor: 'Ferrari' } },
    'a time 5 minutes ahead': { ...like, created_at: now + 300_000 },
    'a time 90 days back': { ...like, created_at: now - 90 * day },
    UNDO: { ...like, op: 'UNDO' },
  }
  for (const [name, value] of Object.entries(fine)) test(`may have ${name}`, () => void accepted(value))
})

const refused: readonly (readonly [string, unknown, ItemErrorCode, string])[] = [
  ['null', null, 'invalid_type', ''],
  ['a number', 5, 'invalid_type', ''],
  ['a list', [], 'invalid_type', ''],
  ['no type', without('event_type'), 'required', 'event_type'],
  ['no actor', without('actor_id'), 'required', 'actor_id'],
  ['no object', without('object_id'), 'required', 'object_id'],
  ['a type that does not exist', { ...like, event_type: 'POKE' }, 'unknown_event_type', 'event_type'],
  ['a type in lower case', { ...like, event_type: 'like' }, 'unknown_event_type', 'event_type'],
  ['a type named as a property', { ...like, event_type: 'toString' }, 'unknown_event_type', 'event_type'],
  ['a number as a type', { ...like, event_type: 1 }, 'invalid_type', 'event_type'],
  ['an object type that does not exist', { ...like, object_type: 'VIDEO' }, 'invalid_value', 'object_type'],
  ['an empty actor', { ...like, actor_id: '' }, 'invalid_id', 'actor_id'],
  ['an actor of 129 characters', { ...like, actor_id: 'a'.repeat(129) }, 'invalid_id', 'actor_id'],
  ['an actor with a space', { ...like, actor_id: 'a b' }, 'invalid_id', 'actor_id'],
  ['an actor and a line end', { ...like, actor_id: 'alice\n' }, 'invalid_id', 'actor_id'],
  ['a number as an actor', { ...like, actor_id: 7 }, 'invalid_type', 'actor_id'],
  ['an empty object id', { ...like, object_id: '' }, 'invalid_id', 'object_id'],
  ['a blank object id', { ...like, object_id: ' \u200b' }, 'invalid_id', 'object_id'],
  ['an object id of 257 characters', { ...like, object_id: '👍'.repeat(257) }, 'invalid_id', 'object_id'],
  ['a control character', { ...like, object_id: 'a\u0007' }, 'invalid_id', 'object_id'],
  ['U+0000', { ...like, object_id: 'a\u0000b' }, 'invalid_id', 'object_id'],
  ['a bidi override', { ...like, object_id: 'a\u202eb' }, 'invalid_id', 'object_id'],
  ['a lone surrogate', { ...like, object_id: 'a\ud800' }, 'invalid_id', 'object_id'],
  ['CUSTOM without a verb', custom, 'verb_required', 'verb'],
  ['CUSTOM with an empty verb', { ...custom, verb: '' }, 'verb_required', 'verb'],
  ['a verb of 65 characters', { ...custom, verb: 'v'.repeat(65) }, 'too_long', 'verb'],
  ['a verb with a control character', { ...custom, verb: 'a\u001fb' }, 'invalid_character', 'verb'],
  ['a verb where none belongs', { ...like, verb: 'liked' }, 'verb_not_allowed', 'verb'],
  ['an id that is none', { ...like, event_id: 'abc' }, 'invalid_event_id', 'event_id'],
  ['the nil UUID', { ...like, event_id: '00000000-0000-0000-0000-000000000000' }, 'invalid_event_id', 'event_id'],
  ['a UUIDv4', { ...like, event_id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' }, 'invalid_event_id', 'event_id'],
  ['null as an id', { ...like, event_id: null }, 'invalid_type', 'event_id'],
  ['an id from the future', { ...like, event_id: idAt(now + 300_001) }, 'created_at_in_future', 'event_id'],
  ['an id too old', { ...like, event_id: idAt(now - 91 * day) }, 'created_at_too_old', 'event_id'],
  ['a time ahead', { ...like, created_at: now + 300_001 }, 'created_at_in_future', 'created_at'],
  ['a time too old', { ...like, created_at: now - 90 * day - 1 }, 'created_at_too_old', 'created_at'],
  ['a negative time', { ...like, created_at: -1 }, 'created_at_too_old', 'created_at'],
  ['half a millisecond', { ...like, created_at: 1.5 }, 'invalid_type', 'created_at'],
  [
    '2^53 + 1',
    json(JSON.stringify({ ...like, created_at: 0 }).replace(':0', ':9007199254740993')),
    'created_at_in_future',
    'created_at',
  ],
  ['nanoseconds', { ...like, created_at: now * 1e6 }, 'created_at_in_future', 'created_at'],
  ['long before all time', { ...like, created_at: -1e18 }, 'created_at_too_old', 'created_at'],
  ['1e400', json(JSON.stringify({ ...like, created_at: 0 }).replace(':0', ':1e400')), 'out_of_range', 'created_at'],
  ['a time as text', { ...like, created_at: '2026-02-30' }, 'invalid_type', 'created_at'],
  ['an op that does not exist', { ...like, op: 'REMOVE' }, 'invalid_value', 'op'],
  ['metadata that is a list', { ...like, metadata: [] }, 'invalid_type', 'metadata'],
  ['metadata that is null', { ...like, metadata: null }, 'invalid_type', 'metadata'],
  ['metadata of 9 levels', { ...like, metadata: nested(9) }, 'too_deep', ''],
  ['lists nested too deeply', { ...like, metadata: { a: [[[[[[[[1]]]]]]]] } }, 'too_deep', ''],
  ['metadata of 8 KiB and a byte', { ...like, metadata: { text: 'x'.repeat(8182) } }, 'metadata_too_large', 'metadata'],
  ['metadata of too many bytes', { ...like, metadata: { text: '大'.repeat(2_800) } }, 'metadata_too_large', 'metadata'],
  ['U+0000 in metadata', { ...like, metadata: { a: ['\u0000'] } }, 'invalid_character', 'metadata.a[0]'],
  ['half a character in a key', { ...like, metadata: { '\udc00': 1 } }, 'invalid_character', 'metadata'],
  ['a number past all', { ...like, metadata: json('{"n":1e999}') }, 'out_of_range', 'metadata.n'],
  [
    '__proto__ in metadata',
    { ...like, metadata: json('{"a":{"__proto__":{"x":1}}}') },
    'forbidden_key',
    'metadata.a.__proto__',
  ],
  [
    'constructor.prototype',
    { ...like, metadata: json('{"constructor":{"prototype":{}}}') },
    'forbidden_key',
    'metadata.constructor',
  ],
  ['__proto__ as a field', json('{"__proto__":{"event_type":"LIKE"}}'), 'forbidden_key', '__proto__'],
  ['an unknown field', { ...like, actorId: 'x' }, 'unknown_field', 'actorId'],
]

describe('an event that is refused', () => {
  for (const [name, value, code, path] of refused) {
    test(`${name}: ${code}`, () => {
      const verdict = checkEvent(value, { now })
      assert.ok(!verdict.ok, 'it was accepted')
      assert.equal(verdict.error.code, code)
      if (path) assert.equal(verdict.error.path, path)
      assert.ok(verdict.error.detail.length > 10 && verdict.error.detail.isWellFormed())
    })
  }

  test('an unknown field is told with the nearest known name', () => {
    for (const [given, meant] of [
      ['actorid', 'actor_id'],
      ['target_user', 'target_user_id'],
      ['Op', 'op'],
    ] as const) {
      const verdict = checkEvent({ ...like, [given]: 1 }, { now })
      assert.ok(!verdict.ok && verdict.error.detail.includes(`"${meant}"`), given)
    }
  })

  test('nothing reaches the prototype of objects', () => {
    assert.deepEqual(Object.keys(Object.prototype), [])
    assert.equal(({} as { x?: number }).x, undefined)
  })
})
