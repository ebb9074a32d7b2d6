// Power cuts: does everything that the server acknowledged outlive the loss of what was not synced?
//
//   npm run test:unit -- power-cut                                        nothing may be lost
//   HEADWATER_POWER_SYNCHRONOUS=NORMAL npm run test:unit -- power-cut     must be red: so it looks when events are lost
//
// HEADWATER_POWER_CUTS=500 cuts more often, HEADWATER_SEED=17 at other moments. It needs root on Linux, for disks of its
// own. A server works on an ext4 file system in a file; it is frozen, the file is copied, and the copy is mounted and
// opened by another server: what stood in memory only is gone. On every other copy some of it did reach the disk.
import { after, describe, test } from 'node:test'
import { assertNothingLost, cuts, cutsPerLife, fewPages, seed, synchronous, totalOfLives } from './cut-plan.ts'
import { disks, whereMet } from './needs-root.ts'
import { cutPower } from './power-life.ts'

const lives = Math.ceil(cuts / cutsPerLife)
/** In every other life; without it the log is rarely moved in so short a time. */
const checkpointPagesOf = (life: number): object => (life % 2 === 0 ? { checkpointPages: fewPages } : {})

whereMet(disks, lives, () => {
  describe(`a server whose power is cut (synchronous=${synchronous}, seed ${seed})`, { concurrency: 2 }, () => {
    after(() => void process.stdout.write(totalOfLives()))
    for (let life = 1; life <= lives; life++) {
      const count = Math.min(cutsPerLife, cuts - (life - 1) * cutsPerLife)
      test(`loses nothing that it acknowledged in ${count} cuts of life ${life} of ${lives}`, async () => {
        const plan = { cuts: count, synchronous, seed: seed * 1_000 + life, ...checkpointPagesOf(life) }
        assertNothingLost(await cutPower({ ...plan, moments: 'random' }))
      })
    }
  })
})
