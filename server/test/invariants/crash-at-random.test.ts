import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { assertAllWell } from '../crash/after-crashes.ts'
import { openStage } from '../crash/stage.ts'
import { pick } from '../model/random-events.ts'

/** `HEADWATER_SEED=17` takes other moments, `HEADWATER_CRASHES=100` more of them. */
const seed = Number(process.env.HEADWATER_SEED ?? 1)
const crashes = Number(process.env.HEADWATER_CRASHES ?? (process.env.HEADWATER_LONG ? 40 : 8))
/** A life is this long at most, counted from when it listens. */
const lifeMsMax = 400
/** Rounds of work that are under way at a time. */
const callers = 3

test(`a server killed ${crashes} times while it works loses nothing and counts nothing twice (seed ${seed})`, async () => {
  using stage = await openStage([], seed)
  const { lives, workload } = stage
  const random = seededRandom(seed)
  let isOver = false
  const work = Promise.all(
    Array.from({ length: callers }, async () => {
      while (!isOver) await workload.round()
    }),
  )
  work.catch(() => {})
  for (let i = 0; i < crashes; i++) {
    await lives.url()
    // The moment is what is tried here: no event stands for it.
    await setTimeout(pick(random, lifeMsMax))
    lives.kill()
    await lives.ended()
  }
  isOver = true
  await work
  await assertAllWell(stage)
})
