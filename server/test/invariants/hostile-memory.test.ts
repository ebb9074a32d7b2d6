import { test } from 'node:test'
import { hostileRun } from '../model/hostile-run.ts'

/** `HEADWATER_SEED=17` runs one seed, `HEADWATER_SEEDS=2000` as many; a failure names its seed. */
const one = Number(process.env.HEADWATER_SEED ?? 0)
const count = Number(process.env.HEADWATER_SEEDS ?? 200)
const operations = Number(process.env.HEADWATER_OPERATIONS ?? 2_000)

test('in any trouble that the ports allow, groups, members, badges and sockets equal the plain fold', async (t) => {
  const seeds = one > 0 ? [one] : Array.from({ length: count }, (_, i) => i + 1)
  for (const seed of seeds) {
    const { trouble, groups, resets } = await hostileRun(seed, operations)
    if (seed === seeds[0]) t.diagnostic(`seed ${seed}: ${groups} groups, ${resets} resets; ${trouble}`)
  }
})
