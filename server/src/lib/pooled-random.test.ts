import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pooledRandom } from './pooled-random.ts'

/** Every byte once: 0, 1, 2, … */
function counting() {
  let next = 0
  const lengths: number[] = []
  const bytes = (length: number) => {
    lengths.push(length)
    return Uint8Array.from({ length }, () => next++)
  }
  return { random: { next: () => 0.5, bytes }, lengths }
}

test('no byte is given twice, and pages are drawn when one is used up', () => {
  const { random, lengths } = counting()
  const pooled = pooledRandom(random, 16)
  const given = Array.from({ length: 10 }, () => [...pooled.bytes(6)]).flat()
  assert.equal(given.length, 60)
  assert.equal(new Set(given).size, 60)
  assert.deepEqual(lengths, [16, 16, 16, 16, 16])
})

test('more than a page is drawn as it is', () => {
  const { random, lengths } = counting()
  assert.equal(pooledRandom(random, 16).bytes(40).length, 40)
  assert.deepEqual(lengths, [40])
})

test('writing into what was given changes nothing that is given later', () => {
  const pooled = pooledRandom(counting().random, 16)
  pooled.bytes(4).fill(255)
  assert.deepEqual([...pooled.bytes(4)], [4, 5, 6, 7])
})
