// Power cuts at the one moment that rarely comes by chance, when a commit is written and not yet synced; and what shows
// that power cuts can tell: without a sync for each commit acknowledged events are lost. How to run them: power-cut.test.ts.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import {
  assertNothingLost,
  cuts,
  cutsPerLife,
  fewPages,
  seed,
  summaryOf,
  synchronous,
  totalOfLives,
} from './cut-plan.ts'
import { disks, failingCalls, whereMet } from './needs-root.ts'
import { cutFirstStart, cutPower } from './power-life.ts'
import { powerEnvironment, ServerProcess } from './server-process.ts'

const lives = Math.ceil(cuts / cutsPerLife / 5)
const weakCuts = 5

whereMet(disks.missing === undefined ? failingCalls : disks, lives, () => {
  describe(`a server whose power is cut in the middle of a commit (synchronous=${synchronous}, seed ${seed})`, () => {
    after(() => void process.stdout.write(totalOfLives()))
    for (let life = 1; life <= lives; life++) {
      test(`loses nothing that it acknowledged in ${cutsPerLife} cuts of life ${life} of ${lives}`, async () => {
        const plan = { cuts: cutsPerLife, synchronous, seed: seed * 1_000 + life, checkpointPages: fewPages }
        const seen = await cutPower({ ...plan, moments: 'in-sync' })
        assertNothingLost(seen)
        assert.ok(synchronous !== 'FULL' || seen.some((cut) => cut.torn > 0), 'there was something that was not synced')
      })
    }
  })
})

whereMet(disks.missing === undefined ? failingCalls : disks, 1, () => {
  test('A power cut at any sync of the first start leaves a folder that starts.', async () => {
    const cutsOfStart = await cutFirstStart(seed)
    assert.ok(cutsOfStart > 3, 'the first start syncs')
  })
})

whereMet(disks, 1, () => {
  test('Power cuts can tell: where SQLite does not sync each commit, acknowledged events are lost.', async (t) => {
    const seen = await cutPower({ cuts: weakCuts, synchronous: 'NORMAL', seed, moments: 'random' })
    t.diagnostic(`synchronous=NORMAL: ${summaryOf(seen)}`)
    assert.ok(
      seen.some((cut) => cut.events > 0),
      'nothing was lost with synchronous=NORMAL',
    )
  })
})

test('A server does not start where SQLite keeps another synchronous than FULL.', async () => {
  using folder = temporaryFolder()
  const env = { [powerEnvironment.synchronous]: 'NORMAL', [powerEnvironment.honest]: 'yes' }
  await assert.rejects(ServerProcess.start(folder.path, { env }), /does not keep journal_mode=WAL and synchronous=FULL/)
})
