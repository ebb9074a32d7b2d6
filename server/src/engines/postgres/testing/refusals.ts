import assert from 'node:assert/strict'
import { HeadwaterError, UnknownOutcome } from '../../../lib/error.ts'

/** For `assert.rejects`: an error of ours with this code, whose detail matches. */
export const refusedWith =
  (code: string, detail: RegExp = /./) =>
  (error: unknown): true => {
    if (!HeadwaterError.is(error)) throw error
    assert.equal(error.code, code, error.message)
    assert.match(error.detail, detail)
    return true
  }

/** For `assert.rejects`: it may or may not be stored. */
export const isUnknown = (error: unknown): true => {
  if (!UnknownOutcome.is(error)) throw error
  return true
}
