import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Inbox } from './inbox.ts'

const gapsOf = (inbox: Inbox, ...heads: readonly string[]) => heads.map((head) => inbox.take(`${head}\n[]`).isGap)

test('a number left out is a gap, by publisher', () => {
  const inbox = new Inbox(true)
  assert.deepEqual(gapsOf(inbox, 'a 1', 'b 1', 'a 2', 'a 4', 'a 5', 'b 2', 'b 4'), [
    false,
    false,
    false,
    true,
    false,
    false,
    true,
  ])
})

test('on a channel that nobody can have known before, the first number is 1', () => {
  assert.deepEqual(gapsOf(new Inbox(true), 'a 2', 'a 3'), [true, false])
  assert.deepEqual(gapsOf(new Inbox(false), 'a 7', 'a 8'), [false, false])
})

test('after a break, which was told, numbers go on from anywhere', () => {
  const inbox = new Inbox(true)
  assert.deepEqual(gapsOf(inbox, 'a 1', 'b 1'), [false, false])
  inbox.startOver()
  assert.deepEqual(gapsOf(inbox, 'a 9', 'b 2', 'a 10', 'b 4'), [false, false, false, true])
})

test('a publisher that forgot the channel and begins anew is a gap', () => {
  assert.deepEqual(gapsOf(new Inbox(true), 'a 1', 'a 2', 'a 1', 'a 2'), [false, false, true, false])
})

test('messages come in their order', () => {
  const messages = [
    { kind: 'revoked', user: 'a\nb ]' },
    { kind: 'revoked', user: '大学' },
  ]
  assert.deepEqual(new Inbox(true).take(`a 1\n${JSON.stringify(messages)}`), { isGap: false, messages })
})
