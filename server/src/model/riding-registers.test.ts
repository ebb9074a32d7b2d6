import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Register } from './activity-group.ts'
import { RidingRegisters } from './riding-registers.ts'

const register = (actor: string, seq: number): Register => ({
  actor,
  createdAt: seq,
  eventId: `event-${seq}`,
  op: 'ADD',
  seq,
  firstSeq: seq,
})

test('of an actor who came twice the last register counts', () => {
  const riding = new RidingRegisters([], 0)
  const first = register('a', 1)
  riding.add(first, undefined)
  riding.add(register('b', 2), undefined)
  riding.add(register('a', 3), first)
  assert.deepEqual(new Set(riding.all()), new Set([register('a', 3), register('b', 2)]))
  assert.deepEqual(new Set(riding.changed()), new Set(riding.all()))
})

test('one that came with the row is replaced as well', () => {
  const riding = new RidingRegisters([register('a', 1)], 5)
  riding.add(register('a', 6), register('a', 1))
  assert.deepEqual(riding.all(), [register('a', 6)])
  assert.deepEqual(riding.changed(), [register('a', 6)])
})

test('where nobody knows who came before, nobody rides twice all the same', () => {
  const riding = new RidingRegisters([], 5)
  riding.add(register('a', 6), null)
  riding.add(register('a', 7), null)
  assert.deepEqual(riding.all(), [register('a', 7)])
})

test('what was copied rides no longer, and what was taken is no change', () => {
  const riding = new RidingRegisters([], 0)
  riding.add(register('a', 1), undefined)
  riding.taken(false, 1)
  assert.deepEqual(riding.changed(), [])
  assert.equal(riding.length, 1)
  riding.taken(true, 1)
  assert.deepEqual(riding.all(), [])
  riding.add(register('a', 2), register('a', 1))
  assert.deepEqual(riding.changed(), [register('a', 2)])
})

test('few actors who come again and again take no more room than they are', () => {
  const riding = new RidingRegisters([], 0)
  let known: Register | undefined
  for (let seq = 1; seq <= 10_000; seq++) {
    const next = register('a', seq)
    riding.add(next, known)
    known = next
    if (seq % 100 === 0) riding.taken(false, seq)
    assert.ok(riding.length <= 101)
  }
  assert.deepEqual([riding.all(), riding.changed()], [[register('a', 10_000)], []])
})

test('who is erased rides no longer, and the others are told of once more', () => {
  const riding = new RidingRegisters([register('a', 1), register('b', 2)], 2)
  riding.forget('a')
  assert.deepEqual(riding.changed(), [register('b', 2)])
})
