import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SqliteRun } from '../model/sqlite-run.ts'

/** `HEADWATER_SEED=17` runs one seed, `HEADWATER_SEEDS=2000` as many; a failure names its seed. */
const one = Number(process.env.HEADWATER_SEED ?? 0)
const count = Number(process.env.HEADWATER_SEEDS ?? 30)
const operations = Number(process.env.HEADWATER_OPERATIONS ?? 500)
/** Runs wait for the disk for most of the time. */
const atOnce = 3

test('on SQLite, pages, members and badges equal the plain fold whatever happens to workers, caches and the process', async (t) => {
  const seeds = one > 0 ? [one] : Array.from({ length: count }, (_, i) => i + 1)
  const total = { deaths: 0, stalls: 0, wipes: 0, restarts: 0, groups: 0 }
  const lane = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const { happened, groups } = await runSeed(seed)
      for (const key of ['deaths', 'stalls', 'wipes', 'restarts'] as const) total[key] += happened[key]
      total.groups += groups
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  t.diagnostic(JSON.stringify(total))
  if (one === 0) for (const [what, times] of Object.entries(total)) assert.ok(times > 0, what)
})

async function runSeed(seed: number) {
  await using run = new SqliteRun(seed)
  try {
    await run.open()
    for (let i = 0; i < operations; i++) await run.operate()
    const plain = await run.settle()
    await run.assertAsPlain(plain)
    const groups = [...plain.users.values()].reduce((sum, user) => sum + user.groups.length, 0)
    return { happened: run.happened, groups }
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
