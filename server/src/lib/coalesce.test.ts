import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coalescing } from './coalesce.ts'
import { HeadwaterError } from './error.ts'

const limits = { lanes: 1, maxItems: 4, maxWaiting: 100 }

function held() {
  const runs: { items: readonly number[]; answer: (error?: unknown) => void }[] = []
  const run = (items: readonly number[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
    runs.push({ items, answer: (error) => (error ? reject(error) : resolve(items.map(String))) })
    return promise
  }
  return { runs, run }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('what comes while a run is under way goes together in the next, and each call has its own results', async () => {
  const { runs, run } = held()
  const call = coalescing(run, limits)
  const [a, b, c, d] = [call([1]), call([2, 3]), call([4]), call([5, 6])]
  assert.deepEqual(
    runs.map(({ items }) => items),
    [[1]],
  )
  runs[0]?.answer()
  assert.deepEqual(await a, ['1'])
  await settled()
  assert.deepEqual(runs[1]?.items, [2, 3, 4], 'no more than four together')
  runs[1]?.answer()
  assert.deepEqual(await Promise.all([b, c]), [['2', '3'], ['4']])
  await settled()
  runs[2]?.answer()
  assert.deepEqual(await d, ['5', '6'])
  assert.deepEqual(await call([]), [])
  const more = call([7])
  runs[3]?.answer()
  assert.deepEqual(await more, ['7'])
})

test('lanes run beside each other', async () => {
  const { runs, run } = held()
  const call = coalescing(run, { ...limits, lanes: 2 })
  const calls = [call([1]), call([2]), call([3])]
  assert.equal(runs.length, 2)
  runs[1]?.answer()
  await settled()
  assert.deepEqual(runs[2]?.items, [3])
  for (const { answer } of runs) answer()
  assert.deepEqual(await Promise.all(calls), [['1'], ['2'], ['3']])
})

test('a failure is told to all that went together; one that the server cannot take fails alone', async () => {
  const { runs, run } = held()
  const call = coalescing(run, limits)
  const first = call([0])
  const outcomes = Promise.allSettled([call([1]), call([2])])
  runs[0]?.answer()
  await first
  await settled()
  runs[1]?.answer(new HeadwaterError('internal'))
  await settled()
  assert.deepEqual(runs[2]?.items, [1])
  runs[2]?.answer(new HeadwaterError('internal'))
  await settled()
  assert.deepEqual(runs[3]?.items, [2])
  runs[3]?.answer()
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'fulfilled'],
  )

  await settled()
  const lost = Promise.allSettled([call([3]), call([4]), call([5])])
  runs[4]?.answer(new HeadwaterError('store_unavailable'))
  await settled()
  runs[5]?.answer(new HeadwaterError('store_unavailable'))
  assert.deepEqual(
    (await lost).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.equal(runs.length, 6)
})

test('more than may wait is refused at once', async () => {
  const { runs, run } = held()
  const call = coalescing(run, { ...limits, maxWaiting: 2 })
  const taken = [call([1]), call([2]), call([3])]
  await assert.rejects(call([4]), (error) => HeadwaterError.is(error) && error.code === 'overloaded')
  runs[0]?.answer()
  await settled()
  runs[1]?.answer()
  assert.deepEqual(await Promise.all(taken), [['1'], ['2'], ['3']])
})
