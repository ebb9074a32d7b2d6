import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fallback } from './fallback.ts'

/** Attempts of the kind that is next, in vain. */
const fail = (fallback: Fallback, times: number) => {
  for (let i = 0; i < times; i++) fallback.failed(fallback.kind)
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
  fallback.worked('socket')
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
  fallback.worked('sse')
  fallback.networkChanged()
  assert.equal(fallback.kind, 'sse')
})

test('a WebSocket that has worked once is tried again when server-sent events end', () => {
  const fallback = new Fallback(true)
  fallback.worked('socket')
  for (let round = 0; round < 3; round++) {
    fail(fallback, round === 0 ? 10 : 3)
    assert.equal(fallback.kind, 'sse')
    fallback.worked('sse')
    fallback.over()
    assert.equal(fallback.kind, 'socket')
  }
})

test('a WebSocket that has worked once is tried again on another network', () => {
  const fallback = new Fallback(true)
  fallback.worked('socket')
  fail(fallback, 10)
  fallback.worked('sse')
  fallback.networkChanged()
  assert.equal(fallback.kind, 'socket')
})

test('a WebSocket that holds is not taken for a new one when it ends', () => {
  const fallback = new Fallback(true)
  fallback.worked('socket')
  fallback.over()
  fail(fallback, 9)
  assert.equal(fallback.kind, 'socket')
})

test('where no WebSocket ever got through, server-sent events that worked are kept', () => {
  const fallback = new Fallback(true)
  fail(fallback, 3)
  for (let round = 0; round < 3; round++) {
    fallback.worked('sse')
    fallback.over()
    assert.equal(fallback.kind, 'sse')
  }
})

test('an attempt that began before the kind was changed speaks for its own', () => {
  const fallback = new Fallback(true)
  fail(fallback, 3)
  fallback.networkChanged()
  for (let i = 0; i < 5; i++) fallback.failed('sse')
  assert.equal(fallback.kind, 'socket')
  fallback.worked('sse')
  fallback.over()
  assert.equal(fallback.kind, 'sse')
})

test('where there is no WebSocket there is nothing else', () => {
  const fallback = new Fallback(false)
  fail(fallback, 50)
  fallback.networkChanged()
  assert.equal(fallback.kind, 'sse')
})
