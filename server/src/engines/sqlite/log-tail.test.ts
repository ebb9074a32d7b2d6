import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord } from '../../model/log-record.ts'
import { LogTail } from './log-tail.ts'

const recordsOf = (from: number, count: number): LogRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    partition: 0,
    offset: from + i,
    seq: from + i + 1,
    appendedAt: 0,
    value: { kind: 'user_erased', user: 'carol' },
  }))

const offsets = (records: readonly LogRecord[]) => records.map(({ offset }) => offset)

test('records are given once, in order, in pieces', () => {
  const tail = new LogTail(1_000)
  const given: number[] = []
  for (let from = 0; from < 60; from += 6) {
    tail.keep(recordsOf(from, 6), 60)
    given.push(...offsets(tail.take(4)))
  }
  while (tail.next !== undefined) given.push(...offsets(tail.take(7)))
  assert.deepEqual(
    given,
    Array.from({ length: 60 }, (_, i) => i),
  )
})

test('what there is no room for is passed over, and a piece ends at the gap', () => {
  const tail = new LogTail(100)
  tail.keep(recordsOf(0, 4), 80)
  tail.keep(recordsOf(4, 4), 80)
  assert.deepEqual(offsets(tail.take(3)), [0, 1, 2])
  tail.keep(recordsOf(8, 4), 80)
  assert.deepEqual(offsets(tail.take(10)), [3])
  assert.equal(tail.next, 8)
  assert.deepEqual(offsets(tail.take(10)), [8, 9, 10, 11])
  assert.equal(tail.next, undefined)
})

test('what was given leaves room', () => {
  const tail = new LogTail(100)
  for (let from = 0; from < 400; from += 4) {
    tail.keep(recordsOf(from, 4), 100)
    assert.deepEqual(offsets(tail.take(4)), [from, from + 1, from + 2, from + 3])
  }
})

test('a tail that was cleared takes records anew', () => {
  const tail = new LogTail(100)
  tail.keep(recordsOf(0, 4), 90)
  tail.take(2)
  tail.clear()
  assert.equal(tail.next, undefined)
  tail.keep(recordsOf(9, 1), 90)
  assert.deepEqual(offsets(tail.take(4)), [9])
})
