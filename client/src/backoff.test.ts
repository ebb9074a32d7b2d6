import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from './backoff.ts'
import type { Random } from './seams.ts'

const always = (value: number): Random => ({ next: () => value, bytes: (length) => new Uint8Array(length) })
const take = (count: number, next: () => number) => Array.from({ length: count }, next)

test('the ceiling doubles from 0.5 s to 20 s', () => {
  const backoff = new Backoff(always(1))
  assert.deepEqual(
    take(8, () => backoff.next('lost')),
    [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000],
  )
})

test('refused credentials go on to 10 min, and count for themselves', () => {
  const backoff = new Backoff(always(1))
  for (let i = 0; i < 12; i++) backoff.next('lost')
  const waits = take(13, () => backoff.next('auth'))
  assert.deepEqual(waits.slice(0, 3), [500, 1_000, 2_000])
  assert.deepEqual(waits.slice(-3), [512_000, 600_000, 600_000])
})

test('the jitter is full: from nothing to the ceiling', () => {
  assert.equal(new Backoff(always(0)).next('lost'), 0)
  assert.equal(new Backoff(always(0.25)).next('lost'), 125)
  assert.equal(new Backoff(always(0.999)).next('auth'), 499.5)
})

test('only a connection that held for 30 s starts from the beginning', () => {
  const backoff = new Backoff(always(1))
  for (let i = 0; i < 5; i++) backoff.next('lost')
  assert.equal(backoff.next('lost', 29_999), 16_000)
  assert.equal(backoff.next('lost', 30_000), 500)
  assert.equal(backoff.next('lost', 0), 1_000)
})

test('it never overflows', () => {
  const backoff = new Backoff(always(1))
  for (let i = 0; i < 5_000; i++) backoff.next('lost')
  assert.equal(backoff.next('lost'), 20_000)
})
