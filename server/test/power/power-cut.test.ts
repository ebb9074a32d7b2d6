// Power cuts: does everything that the server acknowledged outlive the loss of what was not synced?
//
//   npm run test:unit -- power-cut                                        50 cuts; nothing may be lost
//   HEADWATER_POWER_SYNCHRONOUS=NORMAL npm run test:unit -- power-cut     must be red: this is how it looks when events are lost
//
// HEADWATER_POWER_CUTS=500 cuts more often, HEADWATER_SEED=17 at other moments. Root on Linux is needed, for disks of
// one's own. A server works on an ext4 file system in a file; it is frozen, the file is copied, and the copy is mounted
// and opened by another server: what stood in memory only is gone. On every other copy some of it did reach the disk.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../src/engines/sqlite/testing/temporary-folder.ts'
import { disks, failingCalls, whereMet } from './needs-root.ts'
import { type Cut, cutPower } from './power-life.ts'
import { powerEnvironment, ServerProcess } from './server-process.ts'

const seed = Number(process.env.HEADWATER_SEED ?? 1)
const cuts = Number(process.env.HEADWATER_POWER_CUTS ?? (process.env.HEADWATER_LONG ? 300 : 50))
const synchronous = process.env[powerEnvironment.synchronous] ?? 'FULL'
/** A life begins with an empty disk; cuts of its first moments are worth having often. */
const cutsPerLife = 10
const lives = Math.ceil(cuts / cutsPerLife)
const livesInSync = Math.ceil(lives / 5)
const weakCuts = 5
/** In every other life the write-ahead log is moved every few commits; in the others that rarely happens in so short a time. */
const checkpointPagesOf = (life: number): object => (life % 2 === 1 ? {} : { checkpointPages: 40 })

whereMet(disks, lives + 1, () => {
  describe(`a server whose power is cut (synchronous=${synchronous}, seed ${seed})`, () => {
    for (let life = 1; life <= lives; life++) {
      const count = Math.min(cutsPerLife, cuts - (life - 1) * cutsPerLife)
      test(`loses nothing that it acknowledged in ${count} cuts of life ${life} of ${lives}`, async (t) => {
        const each = { cuts: count, synchronous, seed: seed * 1_000 + life, ...checkpointPagesOf(life) }
        report(t, await cutPower({ ...each, moments: 'random' }))
      })
    }

    test('loses acknowledged events where SQLite does not sync each commit, so these cuts do tell', async (t) => {
      const seen = await cutPower({ cuts: weakCuts, synchronous: 'NORMAL', seed, moments: 'random' })
      t.diagnostic(`synchronous=NORMAL: ${summary(seen)}`)
      assert.ok(
        seen.some((cut) => cut.events > 0),
        'nothing was lost with synchronous=NORMAL',
      )
    })
  })
})

whereMet(disks.missing === undefined ? failingCalls : disks, livesInSync, () => {
  describe(`a server whose power is cut in the middle of a commit (synchronous=${synchronous}, seed ${seed})`, () => {
    for (let life = 1; life <= livesInSync; life++) {
      test(`loses nothing that it acknowledged in ${cutsPerLife} cuts of life ${life} of ${livesInSync}`, async (t) => {
        const each = { cuts: cutsPerLife, synchronous, seed: seed * 1_000 + life, checkpointPages: 40 }
        report(t, await cutPower({ ...each, moments: 'in-sync' }))
      })
    }
  })
})

function report(t: TestContext, seen: readonly Cut[]): void {
  t.diagnostic(summary(seen))
  for (const cut of seen) {
    assert.deepEqual({ ...cut, events: 0, streams: 0, deletions: 0 }, cut, `lost at a cut: ${summary(seen)}`)
  }
}

test('A server does not start where SQLite keeps another synchronous than FULL.', async () => {
  using folder = temporaryFolder()
  const env = { [powerEnvironment.synchronous]: 'NORMAL', [powerEnvironment.honest]: 'yes' }
  await assert.rejects(ServerProcess.start(folder.path, { env }), /does not keep journal_mode=WAL and synchronous=FULL/)
})

const sum = (cuts: readonly Cut[], of: (cut: Cut) => number): number => cuts.reduce((total, cut) => total + of(cut), 0)

function summary(seen: readonly Cut[]): string {
  const lossy = seen.filter((cut) => cut.events > 0).length
  const last = seen.at(-1)?.acknowledged ?? 0
  return (
    `${sum(seen, (cut) => cut.events)} events lost in ${lossy} of ${seen.length} cuts (${last} acknowledged at the last), ` +
    `${sum(seen, (cut) => cut.streams)} streams set back, ${sum(seen, (cut) => cut.deletions)} deletions lost, ` +
    `${sum(seen, (cut) => cut.torn)} sectors torn`
  )
}
