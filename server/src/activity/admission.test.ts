import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from '../lib/error.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { createAdmission, type RefusalReason } from './admission.ts'

function setUp(settings: Parameters<typeof createAdmission>[0]) {
  const refused: RefusalReason[] = []
  const behind = { ms: 0 }
  const seams = virtualSeams()
  const onRefused = (reason: RefusalReason): void => void refused.push(reason)
  const admission = createAdmission(settings, () => behind.ms, seams, onRefused)
  return { ...admission, refused, behind, time: seams.time }
}

const isOverloaded = (error: unknown): boolean => HeadwaterError.is(error) && error.code === 'overloaded'

test('while the worker is too far behind nobody comes in, and everybody does once it has caught up', async () => {
  const { check, hold, behind, refused } = setUp({ maxBehindMs: 1_000 })
  behind.ms = 1_000
  check()
  behind.ms = 1_001
  assert.throws(check, isOverloaded)
  await assert.rejects(
    hold({ events: 1, bytes: 1 }, async () => assert.fail('nothing is done')),
    isOverloaded,
  )
  assert.deepEqual(refused, ['behind', 'behind'])
  behind.ms = 0
  assert.equal(await hold({ events: 1, bytes: 1 }, async () => 'done'), 'done')
})

test('without a bound in time the worker may be as far behind as it is', () => {
  const { check, behind } = setUp({ maxBehindMs: 0 })
  behind.ms = 3_600_000
  check()
})

test('while the oldest takes too long to be stored nobody comes in', async () => {
  const { check, hold, refused, time } = setUp({ maxInFlightMs: 1_000 })
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const one = hold({ events: 1, bytes: 1 }, () => first.promise)
  time.advance(600)
  const two = hold({ events: 1, bytes: 1 }, () => second.promise)
  time.advance(400)
  check()
  time.advance(1)
  assert.throws(check, isOverloaded)
  first.resolve()
  await one
  check()
  time.advance(600)
  assert.throws(check, isOverloaded)
  second.resolve()
  await two
  time.advance(5_000)
  check()
  assert.deepEqual(refused, ['slow', 'slow'])
})

test('events and bytes in flight have bounds, and a request beyond them by itself passes alone', async () => {
  for (const own of [
    { events: 3, bytes: 1 },
    { events: 1, bytes: 30 },
  ]) {
    const { check, hold, refused } = setUp({ maxInFlightEvents: 3, maxInFlightBytes: 30 })
    const done = Promise.withResolvers<void>()
    const first = hold(own, () => done.promise)
    assert.throws(check, isOverloaded)
    await assert.rejects(
      hold({ events: 1, bytes: 1 }, async () => {}),
      isOverloaded,
    )
    done.resolve()
    await first
    await hold({ events: 10, bytes: 100 }, async () => assert.throws(check, isOverloaded))
    check()
    assert.deepEqual(refused, ['in_flight', 'in_flight', 'in_flight'])
  }
})

test('what fails makes room as well', async () => {
  const { check, hold } = setUp({ maxInFlightEvents: 1 })
  await assert.rejects(
    hold({ events: 1, bytes: 0 }, () => Promise.reject(new Error('the disk'))),
    /the disk/,
  )
  check()
})

test('those who are sent away together are asked to come back at different times', () => {
  const { check, behind } = setUp({ maxBehindMs: 1 })
  behind.ms = 2
  const waits = new Set<number | undefined>()
  for (let i = 0; i < 100; i++) {
    try {
      check()
    } catch (error) {
      waits.add(HeadwaterError.is(error) ? error.retryAfterS : undefined)
    }
  }
  assert.deepEqual([...waits].sort(), [1, 2, 3])
})
