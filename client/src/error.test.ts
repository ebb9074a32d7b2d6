import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeCodes } from '@headwater/protocol'
import { closeError, HeadwaterError, isFatalClose } from './error.ts'

test('it is recognised across copies of the package, and nothing else is', () => {
  const foreign = { [Symbol.for('headwater.client_error')]: true, code: 'x' }
  assert.ok(HeadwaterError.is(new HeadwaterError('network')))
  assert.ok(HeadwaterError.is(foreign))
  for (const value of [new Error('x'), null, undefined, 'network', {}]) assert.equal(HeadwaterError.is(value), false)
})

test('known codes bring their meaning', () => {
  assert.equal(new HeadwaterError('overloaded').retryable, true)
  assert.equal(new HeadwaterError('forbidden').retryable, false)
  assert.equal(new HeadwaterError('network').retryable, true)
  assert.match(new HeadwaterError('cursor_expired').detail, /older/)
  assert.equal(new HeadwaterError('constructor').retryable, false)
})

test('every close code has its name; those from 4500 on are not worth trying again', () => {
  for (const [name, code] of Object.entries(closeCodes)) {
    assert.equal(closeError(code).code, name)
    assert.equal(isFatalClose(code), code >= 4500)
    assert.equal(closeError(code).retryable, code < 4500)
  }
  assert.equal(closeError(1006).code, 'network')
  assert.equal(closeError(4777).code, 'closed_4777')
  assert.equal(closeError(4777).retryable, false)
})

test('a foreign failure is a network failure with its cause', () => {
  const cause = new TypeError('fetch failed')
  const error = HeadwaterError.from(cause)
  assert.equal(error.code, 'network')
  assert.equal(error.cause, cause)
  assert.equal(HeadwaterError.from(error), error)
})
