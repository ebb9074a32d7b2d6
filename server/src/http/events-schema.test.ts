import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTypes } from '@headwater/protocol'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { checkEvent } from '../activity/event-check.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { EventInput } from './events-schema.ts'

const { clock } = virtualSeams()
const schema = Compile(EventInput)

/** Right and wrong values of each field, so that most events are wrong in one way at most. */
const typical: Readonly<Record<string, readonly unknown[]>> = {
  event_id: ['019f0000-0000-7abc-8def-0123456789ab', '019F0000-0000-7ABC-8DEF-0123456789AB'],
  event_type: eventTypes,
  verb: ['poked', 'v'.repeat(64)],
  actor_id: ['alice', '__proto__', 'a:b@c.d_e-f'],
  target_user_id: ['carol', 'x'.repeat(128)],
  object_type: ['POST', 'USER'],
  object_id: ['p1', 'a/b c', ' \u200bx ', '👍'.repeat(256)],
  metadata: [{}, { preview: 'Lake', list: [1, null] }],
  created_at: [clock.now()],
  op: ['ADD', 'UNDO'],
}
const wrong: Readonly<Record<string, readonly unknown[]>> = {
  event_id: ['', '019f0000-0000-4abc-8def-0123456789ab', '{019f0000-0000-7abc-8def-0123456789ab}', 7, null],
  event_type: ['like', '', 'POKE', 1, null, ['LIKE']],
  verb: ['', 'v'.repeat(65), 5, null, 'po\tked', 'po\u202eked', ' \u00ad'],
  actor_id: ['', 'a b', 'ü', 'x'.repeat(129), 'a\n', 3, null, {}],
  target_user_id: ['', 'a/b', false],
  object_type: ['VIDEO', 'post', 0, null],
  object_id: ['', 'a\u0000', '\u0085', ' \u200b', '\u2066a', '👍'.repeat(257), 9, null],
  metadata: ['{}', null, 3],
  created_at: ['1', 1.5, null, {}],
  op: ['add', '', null, true],
}
const names = Object.keys(typical)
const fieldsOf = (values: typeof typical) =>
  Object.fromEntries(names.map((name) => [name, fc.constantFrom(...(values[name] ?? []))]))
const required = ['event_type', 'actor_id', 'target_user_id', 'object_type', 'object_id']

const mostlyRight = fc.record(fieldsOf(typical), { requiredKeys: required }).map(({ verb, ...event }) => ({
  ...event,
  ...(event.event_type === 'CUSTOM' && { verb: verb ?? 'poked' }),
}))
const oneWrong = fc
  .tuple(mostlyRight, fc.constantFrom(...names), fc.record(fieldsOf(wrong)))
  .map(([event, name, other]) => ({ ...event, [name]: other[name] }))
const oneMissing = fc
  .tuple(mostlyRight, fc.constantFrom(...names))
  .map(([event, name]) => Object.fromEntries(Object.entries(event).filter(([key]) => key !== name)))
const oneTooMany = fc.tuple(mostlyRight, fc.string()).map(([event, name]) => ({ ...event, [name]: 1 }))
const anything = fc.anything()

/** What a schema cannot say, or says of no value here. */
const beyondSchema = new Set(['created_at_in_future', 'created_at_too_old'])

test('the published schema and the check take the same events', () => {
  const verdicts = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(fc.oneof(mostlyRight, oneWrong, oneMissing, oneTooMany, anything), (value) => {
      const verdict = checkEvent(value, { now: clock.now(), timeless: true })
      const code = verdict.ok ? 'accepted' : verdict.error.code
      if (beyondSchema.has(code)) return
      verdicts[verdict.ok ? 'accepted' : 'refused']++
      assert.equal(schema.Check(value), verdict.ok, code)
    }),
    { numRuns: 5_000 },
  )
  assert.ok(verdicts.accepted > 500 && verdicts.refused > 500, JSON.stringify(verdicts))
})
