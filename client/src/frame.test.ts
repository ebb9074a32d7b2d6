import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isChainFrame, parseFrame } from './frame.ts'
import { makeGroup } from './testing/fake-stream.ts'

test('what is no frame is null', () => {
  const texts = [
    '',
    'nonsense',
    '[]',
    '"hello"',
    'null',
    '1',
    '{}',
    '{"type":1}',
    '{"type":"hello"}',
    '{"type":"reset"}',
  ]
  for (const text of texts) assert.equal(parseFrame(text), null, text)
  assert.equal(parseFrame('{"type":"activity_group_created","epoch":"e","seq":1,"prev_seq":0,"group":{}}'), null)
  assert.equal(parseFrame('{"type":"activity_group_removed","epoch":"e","seq":1,"prev_seq":0}'), null)
})

test('a type of a later version is passed over, but stays a link of the chain', () => {
  const frame = parseFrame('{"type":"shiny","epoch":"e","seq":2,"prev_seq":1}')
  assert.equal(frame?.type, 'unknown:shiny')
  assert.ok(frame && isChainFrame(frame))
})

test('frames without a position are no links', () => {
  for (const type of ['feed_item', 'message', 'pong', 'error', 'server_closing']) {
    const frame = parseFrame(JSON.stringify({ type, sequence_id: 4 }))
    assert.ok(frame && !isChainFrame(frame), type)
  }
})

test('hello and reset have a position and are no links', () => {
  for (const type of ['hello', 'reset']) {
    const frame = parseFrame(JSON.stringify({ type, epoch: 'e', seq: 4, from_seq: 4, prev_seq: 1 }))
    assert.ok(frame && !isChainFrame(frame), type)
  }
})

test('the name of the event stands in for a missing type', () => {
  const frame = parseFrame(
    JSON.stringify({ epoch: 'e', seq: 1, prev_seq: 0, group: makeGroup('g', 1, 1) }),
    'activity_group_created',
  )
  assert.equal(frame?.type, 'activity_group_created')
})
