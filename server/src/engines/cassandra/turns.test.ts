import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from '../../lib/error.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import { Turns } from './turns.ts'

const limits = { inFlight: 2, waiting: 3, waitMs: 100 }

function job() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { run: () => promise, end: resolve }
}

test('no more run at once than may, and those who wait come in their order', async () => {
  const turns = new Turns(virtualSeams({ seed: 1 }), limits)
  const jobs = [1, 2, 3, 4].map(job)
  const started: number[] = []
  const ended = jobs.map(({ run }, i) =>
    turns.take(() => {
      started.push(i)
      return run()
    }),
  )
  assert.deepEqual(started, [0, 1])
  jobs[1]?.end()
  await ended[1]
  await Promise.resolve()
  assert.deepEqual(started, [0, 1, 2])
  for (const { end } of jobs) end()
  await Promise.all(ended)
  assert.deepEqual(started, [0, 1, 2, 3])
})

test('a failed job hands its turn on', async () => {
  const turns = new Turns(virtualSeams({ seed: 1 }), { ...limits, inFlight: 1 })
  const failing = turns.take(() => Promise.reject(new Error('no')))
  const next = turns.take(async () => 'done')
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'done')
  assert.equal(await turns.take(async () => 'again'), 'again')
})

test('more than may wait are refused at once', async () => {
  const turns = new Turns(virtualSeams({ seed: 1 }), limits)
  const jobs = [1, 2, 3, 4, 5].map(job)
  const taken = jobs.map(({ run }) => turns.take(run))
  await assert.rejects(
    turns.take(async () => {}),
    (error) => HeadwaterError.is(error) && error.code === 'overloaded',
  )
  for (const { end } of jobs) end()
  await Promise.all(taken)
})

test('who waited too long is told so and was not sent', async () => {
  const seams = virtualSeams({ seed: 1 })
  const turns = new Turns(seams, { ...limits, inFlight: 1 })
  const [first, late] = [job(), job()]
  const running = turns.take(first.run)
  let sent = false
  const waiting = turns.take(() => {
    sent = true
    return late.run()
  })
  seams.time.advance(101)
  first.end()
  await assert.rejects(waiting, (error) => HeadwaterError.is(error) && error.code === 'store_unavailable')
  await running
  assert(!sent)
  assert.equal(await turns.take(async () => 'free'), 'free')
})
