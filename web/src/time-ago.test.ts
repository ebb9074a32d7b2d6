/// <reference types="node" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeAgo } from './time-ago.ts'

const cases: readonly (readonly [seconds: number, text: string])[] = [
  [-30, 'now'],
  [0, 'now'],
  [9, 'now'],
  [10, '10s ago'],
  [59, '59s ago'],
  [60, '1m ago'],
  [3_599, '59m ago'],
  [3_600, '1h ago'],
  [86_399, '23h ago'],
  [86_400, 'yesterday'],
  [172_800, '2d ago'],
  [604_800, 'last wk.'],
  [90 * 86_400, '12w ago'],
]

for (const [seconds, text] of cases) {
  test(`${seconds} seconds ago is "${text}"`, () => {
    assert.equal(timeAgo(1_800_000_000_000 - seconds * 1_000, 1_800_000_000_000), text)
  })
}
