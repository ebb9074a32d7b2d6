import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MarkChange } from '../model/marks.ts'
import { readStatesOf } from './read-states.ts'

const mark = (groupId: string | null, upTo: number, kind: MarkChange['mark'] = 'read'): MarkChange => ({
  groupId,
  mark: kind,
  upTo,
  seq: 20,
})

test('one record in the log makes one frame', () => {
  assert.deepEqual(readStatesOf([mark('a', 9), mark('b', 9)], 20, 3), [
    { seq: 20, read: { group_ids: ['a', 'b'], up_to_seq: 9 }, seen: { group_ids: ['a', 'b'], up_to_seq: 9 } },
  ])
  assert.deepEqual(readStatesOf([mark(null, 9, 'seen')], 20, 3), [{ seq: 20, read: null, seen: { all_up_to_seq: 9 } }])
})

test('read and seen of one position share a frame', () => {
  assert.deepEqual(readStatesOf([mark('a', 9), mark('a', 12, 'seen')], 20, 3), [
    { seq: 20, read: { group_ids: ['a'], up_to_seq: 9 }, seen: { group_ids: ['a'], up_to_seq: 12 } },
  ])
})

test('marks that a store has merged take several frames, at positions that nothing else has', () => {
  const states = readStatesOf([mark('a', 9), mark('b', 7), mark(null, 5)], 20, 17)
  assert.deepEqual(
    states.map((state) => [state.seq, 'read' in state && state.read]),
    [
      [18, { all_up_to_seq: 5 }],
      [19, { group_ids: ['b'], up_to_seq: 7 }],
      [20, { group_ids: ['a'], up_to_seq: 9 }],
    ],
  )
})

test('where there is no room, the smaller span is told for all', () => {
  assert.deepEqual(readStatesOf([mark('a', 9), mark('b', 7)], 20, 19), [
    { seq: 20, read: { group_ids: ['b', 'a'], up_to_seq: 7 }, seen: { group_ids: ['b', 'a'], up_to_seq: 7 } },
  ])
})

test('a deleted group is told as removed', () => {
  assert.deepEqual(readStatesOf([mark('a', 9, 'deleted')], 20, 3), [{ seq: 20, removed: 'a' }])
})
