import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import { LogCommits } from './log-commits.ts'

function bench() {
  const seams = virtualSeams()
  const sent: [Partition, Offset][][] = []
  let failing = false
  const commits = new LogCommits(
    async (offsets) => {
      if (failing) throw new Error('away')
      sent.push([...offsets])
    },
    200,
    seams,
  )
  return {
    commits,
    sent,
    async pass(ms: number) {
      seams.time.advance(ms)
      await new Promise((resolve) => setImmediate(resolve))
    },
    fail: (fails: boolean) => {
      failing = fails
    },
  }
}

const of = (...pairs: [Partition, Offset][]) => new Map(pairs)

describe('commits of a worker', () => {
  test('the first goes at once, what follows soon goes together, each at its highest', async () => {
    const { commits, sent, pass } = bench()
    await commits.add(of([0, 5]))
    assert.deepEqual(sent, [[[0, 5]]])
    await commits.add(of([0, 9], [1, 3]))
    await commits.add(of([0, 7]))
    await pass(199)
    assert.equal(sent.length, 1)
    await pass(2)
    assert.deepEqual(sent[1], [
      [0, 9],
      [1, 3],
    ])
    await pass(1_000)
    assert.equal(sent.length, 2, 'nothing is said twice')
  })

  test('flush sends what waits, and forgotten partitions are left out', async () => {
    const { commits, sent } = bench()
    await commits.add(of([0, 5]))
    await commits.add(of([0, 6], [1, 4]))
    assert(commits.has(1))
    commits.forget(0)
    await commits.flush()
    assert.deepEqual(sent[1], [[1, 4]])
    assert(!commits.has(1))
    await commits.flush()
    assert.equal(sent.length, 2)
  })

  test('what failed goes with the next one, and is not lowered by it', async () => {
    const { commits, sent, pass, fail } = bench()
    fail(true)
    await assert.rejects(commits.add(of([0, 5], [1, 8])), /away/)
    fail(false)
    await commits.add(of([0, 4], [2, 1]))
    await pass(201)
    assert.deepEqual(new Map(sent[0]), of([0, 5], [1, 8], [2, 1]))
  })

  test('what failed goes out again by itself', async () => {
    const { commits, sent, pass, fail } = bench()
    fail(true)
    await assert.rejects(commits.add(of([0, 5])), /away/)
    await pass(201)
    assert.deepEqual(sent, [])
    fail(false)
    await pass(201)
    assert.deepEqual(sent, [[[0, 5]]])
  })
})
