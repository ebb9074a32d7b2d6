import { describe, test } from 'node:test'
import { hostileRun } from '../model/hostile-run.ts'

/**
 * `HEADWATER_SEED=17` runs one seed, `HEADWATER_SEEDS=2000` as many, `npm run test:long` two hundred; a failure names its
 * seed.
 */
const one = Number(process.env.HEADWATER_SEED ?? 0)
const count = Number(process.env.HEADWATER_SEEDS ?? (process.env.HEADWATER_LONG ? 200 : 10))
const operations = Number(process.env.HEADWATER_OPERATIONS ?? 2_000)
const seedsPerTest = 10

describe('in any trouble that the ports allow, groups, members, badges and sockets equal the plain fold', () => {
  const first = one > 0 ? one : 1
  const last = one > 0 ? one : count
  for (let from = first; from <= last; from += seedsPerTest) {
    const to = Math.min(last, from + seedsPerTest - 1)
    test(`seeds ${from}–${to}, ${operations} operations each`, async (t) => {
      for (let seed = from; seed <= to; seed++) {
        const { trouble, groups, resets } = await hostileRun(seed, operations)
        if (seed === from) t.diagnostic(`seed ${seed}: ${groups} groups, ${resets} resets; ${trouble}`)
      }
    })
  }
})
