import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualSeams } from './virtual-seams.ts'
import { within } from './within.ts'

test('what comes in time is given, a failure too, and no timer is left', async () => {
  const { scheduler, time } = virtualSeams({ seed: 1 })
  assert.equal(await within(Promise.resolve('x'), 100, scheduler), 'x')
  await assert.rejects(within(Promise.reject(new Error('down')), 100, scheduler), /down/)
  assert.equal(time.nextIn, undefined)
})

test('what does not come in time is not waited for, and its failure afterwards harms nobody', async () => {
  const { scheduler, time } = virtualSeams({ seed: 1 })
  const { promise, reject } = Promise.withResolvers<string>()
  const asked = within(promise, 100, scheduler)
  time.advance(100)
  assert.equal(await asked, undefined)
  reject(new Error('late'))
  await new Promise((resolve) => setImmediate(resolve))
})
