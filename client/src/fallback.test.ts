import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fallback } from './fallback.ts'

const fail = (fallback: Fallback, times: number) => {
  for (let i = 0; i < times; i++) fallback.failed()
}

test('a WebSocket that fails three times before its first hello gives way to server-sent events', () => {
  const fallback = new Fallback(true)
  fail(fallback, 2)
  assert.equal(fallback.kind, 'socket')
  fail(fallback, 1)
  assert.equal(fallback.kind, 'sse')
})

test('server-sent events that do no better give way again', () => {
  const fallback = new Fallback(true)
  fail(fallback, 6)
  assert.equal(fallback.kind, 'socket')
})

test('what has worked is kept through a long absence of the server', () => {
  const fallback = new Fallback(true)
  fail(fallback, 2)
  fallback.worked()
  fail(fallback, 9)
  assert.equal(fallback.kind, 'socket')
  fail(fallback, 1)
  assert.equal(fallback.kind, 'sse')
})

test('another network is another try for the WebSocket', () => {
  const fallback = new Fallback(true)
  fail(fallback, 3)
  fallback.networkChanged()
  assert.equal(fallback.kind, 'socket')
})

test('proven server-sent events outlast a change of network', () => {
  const fallback = new Fallback(true)
  fail(fallback, 3)
  fallback.worked()
  fallback.networkChanged()
  assert.equal(fallback.kind, 'sse')
})

test('where there is no WebSocket there is nothing else', () => {
  const fallback = new Fallback(false)
  fail(fallback, 50)
  fallback.networkChanged()
  assert.equal(fallback.kind, 'sse')
})
