import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Statement } from './database.ts'
import { inRequests } from './requests.ts'

const statement = (text: string): Statement => ({ query: 'q', params: [text, 1] })
const partition = (name: string, count = 1, length = 10) =>
  Array.from({ length: count }, (_, i) => statement(`${name}${i}`.padEnd(length, '.')))

test('the writes of a partition stay together and in order, and none is lost', () => {
  const partitions = Array.from({ length: 33 }, (_, i) => partition(`p${i} `, 1 + (i % 5), 10 + 37 * i))
  const requests = inRequests(partitions)
  assert.deepEqual(requests.flat(), partitions.flat())
  const requestOf = new Map(requests.flatMap((request) => request.map((each) => [each, request])))
  for (const each of partitions) assert.equal(new Set(each.map((one) => requestOf.get(one))).size, 1)
})

test('a request holds few partitions and not much of several', () => {
  const small = inRequests(Array.from({ length: 95 }, (_, i) => partition(`p${i} `)))
  assert.deepEqual(
    small.map((request) => request.length),
    [...Array(9).fill(10), 5],
  )
  const large = inRequests(Array.from({ length: 4 }, (_, i) => partition(`p${i} `, 1, 1_500)))
  assert.deepEqual(
    large.map((request) => request.length),
    [2, 2],
  )
  const huge = inRequests([partition('a'), partition('b', 3, 9_000), partition('c')])
  assert.deepEqual(
    huge.map((request) => request.length),
    [1, 3, 1],
  )
})

test('nothing makes no request', () => {
  assert.deepEqual(inRequests([]), [])
  assert.deepEqual(inRequests([[], []]), [])
})
