import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NewestFew } from './newest-few.ts'
import { newestFirst } from './register.ts'

const most = 3
const one = fc.record({
  actor: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  createdAt: fc.nat(4),
  eventId: fc.constantFrom('1', '2', '3'),
})
type One = Readonly<{ actor: string; createdAt: number; eventId: string }>

const step = fc.oneof(
  fc.record({ what: fc.constant('add' as const), one, unlessLast: fc.boolean() }),
  fc.record({ what: fc.constant('remove' as const), one }),
)

test('it is what a list is that is sorted and cut after every step', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const few = new NewestFew<One>(most, [])
      let plain: One[] = []
      let newest = -1
      for (const { what, one, ...rest } of steps) {
        few.remove(one.actor)
        plain = plain.filter(({ actor }) => actor !== one.actor)
        if (what === 'add') {
          const unlessLast = 'unlessLast' in rest && rest.unlessLast === true
          if (one.createdAt > newest && !unlessLast) few.addNewest(one)
          else few.add(one, unlessLast)
          newest = Math.max(newest, one.createdAt)
          const sorted = [...plain, one].sort(newestFirst)
          if (!(unlessLast && sorted.at(-1) === one)) plain = sorted.slice(0, most)
        }
        assert.deepEqual(few.list(), plain)
        assert.equal(few.length, plain.length)
        for (const actor of 'abcdef') {
          assert.equal(
            few.of(actor),
            plain.find((each) => each.actor === actor),
          )
        }
      }
    }),
  )
})

test('who fell out does not come back when another is removed', () => {
  const few = new NewestFew<One>(most, [])
  for (const [i, actor] of ['a', 'b', 'c', 'd', 'e'].entries()) few.add({ actor, createdAt: i, eventId: '1' })
  assert.equal(few.of('a'), undefined)
  few.remove('e')
  assert.deepEqual(
    few.list().map(({ actor }) => actor),
    ['d', 'c'],
  )
})
