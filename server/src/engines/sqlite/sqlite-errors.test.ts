import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import { errorOf, failureOf } from './sqlite-errors.ts'

const sqliteError = (errcode: number) => Object.assign(new Error(`code ${errcode}`), { errcode })

for (const [what, errcode, inStatement, inCommit] of [
  ['the disk is full', 13, 'full', 'full'],
  ['the shared memory cannot grow', 4874, 'full', 'full'],
  ['a write fails', 778, 'unavailable', 'unknown'],
  ['a sync fails', 1034, 'unavailable', 'unknown'],
  ['the file is damaged', 11, 'damaged', 'damaged'],
  ['the disk is read-only', 8, 'unavailable', 'unavailable'],
  ['somebody else writes', 5, 'unavailable', 'unavailable'],
  ['a key is there already', 1555, 'refused', 'refused'],
  ['a value is too long', 18, 'refused', 'refused'],
] as const) {
  test(`When ${what}, a statement is ${inStatement} and a commit is ${inCommit}.`, () => {
    assert.equal(failureOf(sqliteError(errcode), 'statement').kind, inStatement)
    assert.equal(failureOf(sqliteError(errcode), 'commit').kind, inCommit)
  })
}

test('Callers are told what they can do, and nothing of SQLite.', () => {
  const message = 'no such column: secret'
  assert(UnknownOutcome.is(errorOf({ kind: 'unknown', message })))
  for (const [kind, code] of [
    ['refused', 'internal'],
    ['full', 'storage_full'],
    ['unavailable', 'store_unavailable'],
    ['damaged', 'store_unavailable'],
  ] as const) {
    const error = errorOf({ kind, message })
    assert(HeadwaterError.is(error) && error.code === code)
    assert(!error.detail.includes('secret'))
    assert.match((error.cause as Error).message, /secret/)
  }
})
