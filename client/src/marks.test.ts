import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Marks } from './marks.ts'
import { makeGroup } from './testing/fake-stream.ts'

test('a mark covers a group by its newest news, not by what else changed in it', () => {
  const marks = new Marks()
  marks.add({ all_up_to_seq: 10 })
  assert.equal(marks.covers(makeGroup('g', 1, 12, { unread_seq: 9 })), true)
  assert.equal(marks.covers(makeGroup('g', 1, 12, { unread_seq: 11 })), false)
  marks.add({ group_ids: ['g'], up_to_seq: 11 })
  assert.equal(marks.covers(makeGroup('g', 1, 12, { unread_seq: 11 })), true)
  assert.equal(marks.covers(makeGroup('h', 1, 12, { unread_seq: 11 })), false)
})
