import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualTime } from '../lib/virtual-seams.ts'
import { addressKey, createRateLimiter } from './rate-limits.ts'

test('a burst passes, then so many a second', () => {
  const time = new VirtualTime(0)
  const limiter = createRateLimiter({ perSecond: 10, burst: 50 }, time)
  for (let i = 0; i < 50; i++) assert.equal(limiter.take('a').allowed, true)
  assert.deepEqual(limiter.take('a'), { allowed: false, limit: 50, remaining: 0, resetS: 5, retryAfterS: 1 })
  time.advance(1_000)
  let passed = 0
  while (limiter.take('a').allowed) passed++
  assert.equal(passed, 10)
})

test('over a long time no more pass than the rate allows', () => {
  const time = new VirtualTime(0)
  const limiter = createRateLimiter({ perSecond: 7, burst: 3 }, time)
  let passed = 0
  for (let i = 0; i < 10_000; i++) {
    if (limiter.take('a').allowed) passed++
    time.advance(10)
  }
  assert.ok(passed <= 3 + 7 * 100 && passed >= 7 * 99, `${passed} passed`)
})

test('keys do not share', () => {
  const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, new VirtualTime(0))
  assert.deepEqual(
    [limiter.take('a').allowed, limiter.take('a').allowed, limiter.take('b').allowed],
    [true, false, true],
  )
})

test('a clock that is set back grants and takes nothing', () => {
  const time = new VirtualTime(1_000_000)
  const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, time)
  limiter.take('a')
  time.jump(3_600_000)
  assert.equal(limiter.take('a').allowed, false)
  time.jump(-7_200_000)
  time.advance(1_000)
  assert.equal(limiter.take('a').allowed, true)
})

test('beyond the bound the longest unused are forgotten', () => {
  const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, new VirtualTime(0), 2)
  for (const key of ['a', 'b', 'c']) limiter.take(key)
  assert.equal(limiter.take('c').allowed, false)
  assert.equal(limiter.take('a').allowed, true)
})

for (const [address, key] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
] as const) {
  test(`${address} counts as ${key}`, () => assert.equal(addressKey(address), key))
}
