import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { SqliteRun } from '../model/sqlite-run.ts'

/**
 * `HEADWATER_SEED=17` runs one seed, `HEADWATER_SEEDS=2000` as many, `npm run test:long` a hundred and fifty; a failure
 * names its seed. A seed decides what is done; when the disk answers it does not.
 */
const one = Number(process.env.HEADWATER_SEED ?? 0)
const count = Number(process.env.HEADWATER_SEEDS ?? (process.env.HEADWATER_LONG ? 150 : 30))
const operations = Number(process.env.HEADWATER_OPERATIONS ?? 500)
const seedsPerTest = 5
/** Runs wait for the disk for most of the time. */
const atOnce = 3

const happened = { deaths: 0, stalls: 0, wipes: 0, restarts: 0, groups: 0 }

describe('on SQLite, pages, members and badges equal the plain fold whatever happens', { concurrency: atOnce }, () => {
  const first = one > 0 ? one : 1
  const last = one > 0 ? one : count
  for (let from = first; from <= last; from += seedsPerTest) {
    const to = Math.min(last, from + seedsPerTest - 1)
    test(`to workers, caches and the process: seeds ${from}–${to}, ${operations} operations each`, async () => {
      for (let seed = from; seed <= to; seed++) await runSeed(seed)
    })
  }

  after(() => {
    if (last - first >= 20) for (const [what, times] of Object.entries(happened)) assert.ok(times > 0, what)
  })
})

async function runSeed(seed: number): Promise<void> {
  await using run = new SqliteRun(seed, { eraseUsers: seed % 5 < 2 })
  try {
    await run.open()
    for (let i = 0; i < operations; i++) await run.operate()
    const plain = await run.settle()
    await run.assertAsPlain(plain)
    for (const key of ['deaths', 'stalls', 'wipes', 'restarts'] as const) happened[key] += run.happened[key]
    for (const user of plain.users.values()) happened.groups += user.groups.length
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
