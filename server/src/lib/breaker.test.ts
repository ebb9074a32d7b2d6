import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBreaker } from './breaker.ts'
import { HeadwaterError } from './error.ts'
import { virtualSeams } from './virtual-seams.ts'

const down = new Error('down')
const fail = () => Promise.reject(down)
const succeed = () => Promise.resolve('ok')
const isRefusal = (error: unknown) => HeadwaterError.is(error) && error.code === 'store_unavailable'

function openBreaker() {
  const seams = virtualSeams({ seed: 1 })
  const settings = { failures: 3, firstMs: 100, longestMs: 400, isFailure: (error: unknown) => error === down }
  return { breaker: createBreaker(settings, seams), time: seams.time }
}

test('after three failures in a row calls are refused without being run', async () => {
  const { breaker } = openBreaker()
  for (let n = 0; n < 2; n++) await assert.rejects(breaker.run(fail), down)
  assert.equal(await breaker.run(succeed), 'ok', 'a success starts the count again')
  for (let n = 0; n < 3; n++) await assert.rejects(breaker.run(fail), down)
  assert.equal(breaker.isOpen, true)
  await assert.rejects(
    breaker.run(() => assert.fail('it ran')),
    isRefusal,
  )
})

test('what speaks against the call alone does not count', async () => {
  const { breaker } = openBreaker()
  for (let n = 0; n < 9; n++) await assert.rejects(breaker.run(() => Promise.reject(new Error('bad call'))))
  assert.equal(breaker.isOpen, false)
})

test('one call at a time tries again, each pause longer than the last up to a bound, until one succeeds', async () => {
  const { breaker, time } = openBreaker()
  for (let n = 0; n < 3; n++) await assert.rejects(breaker.run(fail), down)
  for (const [atLeast, atMost] of [
    [50, 100],
    [100, 200],
    [200, 400],
    [200, 400],
  ] as const) {
    time.advance(atLeast - 1)
    await assert.rejects(breaker.run(succeed), isRefusal, 'too early')
    time.advance(atMost - atLeast + 1)
    const trial = breaker.run(fail)
    await assert.rejects(breaker.run(succeed), isRefusal, 'one is trying')
    await assert.rejects(trial, down)
  }
  time.advance(400)
  assert.equal(await breaker.run(succeed), 'ok')
  assert.equal(breaker.isOpen, false)
  assert.deepEqual(await Promise.all([breaker.run(succeed), breaker.run(succeed)]), ['ok', 'ok'])
})

test('calls that began before it opened do not keep it open longer', async () => {
  const { breaker, time } = openBreaker()
  const { promise, reject } = Promise.withResolvers<never>()
  const early = breaker.run(() => promise)
  for (let n = 0; n < 3; n++) await assert.rejects(breaker.run(fail), down)
  time.advance(100)
  reject(down)
  await assert.rejects(early, down)
  assert.equal(await breaker.run(succeed), 'ok')
})
