import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { regressions } from './regressions.ts'
import { type Run, replayCommand, runSeeds } from './run-seeds.ts'

// Whole servers, networks and clients under one seed; see docs/internals/simulation.md.
const isLong = process.env.HEADWATER_LONG !== undefined
const fixedSeeds = 60
const fixedOperations = isLong ? 1_500 : 300
const randomSeeds = isLong ? 1_000 : 400
const randomOperations = isLong ? 300 : 60
// A test of ten long runs takes some seconds, and on a busy machine a minute.
const seedsPerTest = 10
const replayed = 10
const replayedOperations = 40

async function assertGreen(runs: readonly Run[]): Promise<string> {
  const reports = await runSeeds(runs)
  for (const [i, { failure }] of reports.entries()) {
    const run = runs[i] as Run
    assert.equal(failure, null, `${failure}\nThe same run again: ${replayCommand(run)}`)
  }
  const records = reports.reduce((sum, report) => sum + report.records, 0)
  const steps = reports.reduce((sum, report) => sum + report.steps, 0)
  return `${records} records, ${steps} steps`
}

function runsFrom(first: number, count: number, operations: number): Run[] {
  return Array.from({ length: count }, (_, i) => ({ seed: first + i, operations }))
}

describe('whatever fails, clients end with what the log means, and every count on the way was true', () => {
  test(`runs that were red once`, async (t) => {
    t.diagnostic(await assertGreen(regressions))
  })

  for (let first = 1; first <= fixedSeeds; first += seedsPerTest) {
    test(`seeds ${first}–${first + seedsPerTest - 1}, ${fixedOperations} operations each`, async (t) => {
      t.diagnostic(await assertGreen(runsFrom(first, seedsPerTest, fixedOperations)))
    })
  }

  const base = 1_000_000 + Math.floor(Math.random() * 1_000_000_000)
  for (let first = 0; first < randomSeeds; first += 4 * seedsPerTest) {
    test(`random seeds from ${base + first}, ${randomOperations} operations each`, async (t) => {
      t.diagnostic(await assertGreen(runsFrom(base + first, 4 * seedsPerTest, randomOperations)))
    })
  }
})

describe('a seed decides everything', () => {
  test(`${replayed} seeds come to the same trace in this process again, and in another one`, async () => {
    const runs = runsFrom(1, replayed, replayedOperations)
    const once = await runSeeds(runs)
    // The other way round, so that what a thread did before is another thing.
    const again = (await runSeeds(runs.toReversed(), { threads: 1 })).toReversed()
    const command = fileURLToPath(new URL('./command.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [
      command,
      '--from',
      '1',
      '--seeds',
      `${replayed}`,
      '--operations',
      `${replayedOperations}`,
      '--hashes',
    ])
    const elsewhere = stdout.trim().split('\n')
    for (const [i, { seed, hash }] of once.entries()) {
      assert.equal(again[i]?.hash, hash, `seed ${seed} in the same process`)
      assert.equal(elsewhere[i], `${seed} ${hash}`, `seed ${seed} in another process`)
    }
  })
})
