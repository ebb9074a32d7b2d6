import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FirstSeqSpan } from './activity-group.ts'
import { addFirst, adjustFirst, countAfter } from './first-seq-spans.ts'
import { createdAtOf, groupIdOf, idBoundAt, isGroupId } from './group-id.ts'
import { HyperLogLog } from './hyper-log-log.ts'
import { epochOf, epochStart, maxEpoch, offsetOf, toSeq } from './position.ts'

const key = { eventType: 'LIKE', verb: '', objectType: 'POST', objectId: 'p1' } as const

test('a seq packs epoch and offset, rises with both and stays a safe integer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: maxEpoch }), fc.integer({ min: 0, max: 2 ** 40 - 3 }), (epoch, offset) => {
      const seq = toSeq(epoch, offset)
      assert.ok(Number.isSafeInteger(seq))
      assert.equal(epochOf(seq), epoch)
      assert.equal(offsetOf(seq), offset)
      assert.ok(toSeq(epoch, offset + 1) > seq)
      assert.ok(seq > epochStart(epoch))
    }),
  )
  assert.equal(toSeq(0, 0), 1)
  assert.throws(() => toSeq(maxEpoch + 1, 0), RangeError)
})

test('group ids sort newest first, carry their time and differ by what they are made of', () => {
  const time = fc.integer({ min: 0, max: 2 ** 44 })
  fc.assert(
    fc.property(time, time, (a, b) => {
      const [first, second] = [groupIdOf('u', key, a, 1), groupIdOf('u', key, b, 1)]
      assert.ok(isGroupId(first), first)
      assert.equal(createdAtOf(first), a)
      if (a !== b) assert.equal(first < second, a > b)
      assert.equal(first < idBoundAt(b), a >= b)
    }),
  )
  assert.notEqual(groupIdOf('u', key, 5, 1), groupIdOf('u', key, 5, 2))
  assert.notEqual(groupIdOf('u', key, 5, 1), groupIdOf('v', key, 5, 1))
  assert.equal(isGroupId('nonsense'), false)
})

test('spans count those who came after any position, whoever left or came back', () => {
  const steps = fc.array(fc.nat(9), { minLength: 1, maxLength: 2_000 })
  fc.assert(
    fc.property(steps, fc.nat(1_000), (moves, cutAt) => {
      let spans: FirstSeqSpan[] = []
      const present = new Map<number, boolean>()
      let seq = 0
      for (const move of moves) {
        seq += 1 + move
        const known = [...present.keys()][move * 7]
        if (known === undefined || move > 2) {
          spans = addFirst(spans, seq)
          present.set(seq, true)
        } else {
          const here = present.get(known) === true
          adjustFirst(spans, known, here ? -1 : 1)
          present.set(known, !here)
        }
      }
      const after = Math.round((seq * cutAt) / 1_000)
      const { whole, cut } = countAfter(spans, after)
      const counted = [...present].filter(([first, here]) => here && first > after).length
      const inCut = cut
        ? [...present].filter(([first, here]) => here && first > cut.after && first <= cut.upTo).length
        : 0
      assert.equal(whole + inCut, counted)
      assert.ok(spans.length <= 65)
    }),
    { numRuns: 60 },
  )
})

test('a hundred thousand first-comers need few spans, and a cut is small', () => {
  let spans: FirstSeqSpan[] = []
  for (let seq = 1; seq <= 100_000; seq++) spans = addFirst(spans, seq)
  assert.ok(spans.length <= 65)
  assert.ok(spans.every((span) => span.came <= 4_096))
  assert.equal(countAfter(spans, 0).whole, 100_000)
})

test('HyperLogLog is within three standard errors, and adding again changes nothing', () => {
  const sketch = new HyperLogLog()
  for (let i = 0; i < 200_000; i++) sketch.add(`actor-${i}`)
  const estimate = sketch.estimate()
  assert.ok(Math.abs(estimate - 200_000) < 200_000 * 0.05, `${estimate}`)
  for (let i = 0; i < 1_000; i++) assert.equal(sketch.add(`actor-${i}`), false)
  assert.equal(HyperLogLog.fromBase64(sketch.toBase64()).estimate(), estimate)
})
