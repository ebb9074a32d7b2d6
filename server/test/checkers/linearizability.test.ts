import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isLinearizable, type KeyOperation, type Model } from './linearizability.ts'

/** A register: what is read is what was written last. */
type RegisterOp = { readonly write: number } | { readonly read: number }

const register: Model<number, RegisterOp> = {
  start: 0,
  step: (state, op) => ('write' in op ? [op.write] : op.read === state ? [state] : []),
  keyOf: String,
}

const never = Number.POSITIVE_INFINITY
const at = (began: number, ended: number, op: RegisterOp): KeyOperation<RegisterOp> => ({ began, ended, op })

describe('linearizability of one register', () => {
  test('one after the other', () => {
    assert.equal(isLinearizable([at(1, 2, { write: 1 }), at(3, 4, { read: 1 })], register), true)
    assert.equal(isLinearizable([at(1, 2, { write: 1 }), at(3, 4, { read: 0 })], register), false)
  })

  test('what overlaps may be in either order, but in one order for all', () => {
    const writes = [at(1, 10, { write: 1 }), at(1, 10, { write: 2 })]
    assert.equal(isLinearizable([...writes, at(11, 12, { read: 1 })], register), true)
    assert.equal(isLinearizable([...writes, at(11, 12, { read: 2 })], register), true)
    assert.equal(isLinearizable([...writes, at(11, 12, { read: 1 }), at(13, 14, { read: 2 })], register), false)
  })

  test('what never ended may have happened, late, or not at all', () => {
    const unknown = at(1, never, { write: 1 })
    assert.equal(isLinearizable([unknown, at(2, 3, { read: 0 })], register), true)
    assert.equal(isLinearizable([unknown, at(2, 3, { read: 1 })], register), true)
    assert.equal(isLinearizable([unknown, at(2, 3, { read: 0 }), at(4, 5, { read: 1 })], register), true)
    assert.equal(isLinearizable([unknown, at(2, 3, { read: 1 }), at(4, 5, { read: 0 })], register), false)
    assert.equal(
      isLinearizable([at(1, 2, { read: 1 }), at(3, never, { write: 1 })], register),
      false,
      'not before it began',
    )
  })

  test('agrees with trying every order', () => {
    const op = fc.oneof(
      fc.record({ write: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ read: fc.integer({ min: 0, max: 2 }) }),
    )
    const one = fc.record({
      began: fc.integer({ min: 0, max: 12 }),
      lasts: fc.integer({ min: 0, max: 6 }),
      op,
      unknown: fc.boolean(),
    })
    const some = fc.array(one, { maxLength: 5 })
    let linearizable = 0
    fc.assert(
      fc.property(some, (drawn) => {
        const all = drawn.map(({ began, lasts, op, unknown }) => at(began, unknown ? never : began + lasts, op))
        const found = isLinearizable(all, register)
        assert.equal(found, anyOrder(all, []))
        linearizable += Number(found)
      }),
      { numRuns: 500 },
    )
    assert.ok(linearizable > 50 && linearizable < 490, String(linearizable))
  })
})

/** The definition itself. */
function anyOrder(left: readonly KeyOperation<RegisterOp>[], taken: readonly KeyOperation<RegisterOp>[]): boolean {
  if (left.every(({ ended }) => ended === never) && isAllowed(taken)) return true
  return left.some((next) => {
    const rest = left.filter((one) => one !== next)
    return rest.every((one) => one.ended >= next.began) && anyOrder(rest, [...taken, next])
  })
}

function isAllowed(taken: readonly KeyOperation<RegisterOp>[]): boolean {
  let state = 0
  for (const { op } of taken) {
    if ('read' in op && op.read !== state) return false
    if ('write' in op) state = op.write
  }
  return true
}
