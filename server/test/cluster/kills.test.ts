// Processes of a cluster that die, are stopped and are replaced, while everyone is at work.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import type { CrashPlan } from '../crash/server-lives.ts'
import { pick } from '../model/random-events.ts'
import { eventually } from '../stress/testing/eventually.ts'
import { apiPoints, moreApiPoints, moreWorkerPoints, workerPoints } from './nodes/points.ts'
import { TestCluster } from './nodes/test-cluster.ts'
import { underLoad } from './nodes/under-load.ts'

const isLong = process.env.HEADWATER_LONG !== undefined
/** `HEADWATER_SEED=17` makes other choices. */
const seed = Number(process.env.HEADWATER_SEED ?? 1)
const timeout = isLong ? 1_200_000 : 110_000
/** Longer than the group waits for a member that is silent. */
const stoppedMs = isLong ? 30_000 : 8_000

whereServicesRun('processes of a cluster are killed', [], () => {
  const services = process.env.HEADWATER_SERVICES as string

  describe(`under load (seed ${seed})`, () => {
    test('each role dies at points of its work', { timeout }, async (t) => {
      await using cluster = await TestCluster.start({ services })
      const points = { worker: [...workerPoints], api: [...apiPoints] }
      if (isLong) {
        points.worker.push(...moreWorkerPoints)
        points.api.push(...moreApiPoints)
      }
      const report = await underLoad({ cluster, seed }, async (load) => {
        for (const role of ['worker', 'api'] as const) {
          for (const [i, point] of points[role].entries())
            cluster.of(role)[i % 2]?.plans.push({ point, pass: 2 + (i % 3) })
        }
        const armed = [...cluster.of('worker'), ...cluster.of('api')]
        // The lives that are armed begin when those before them end.
        for (const node of armed) await node.kill()
        const left = (): readonly CrashPlan[] =>
          armed.flatMap((node) => [...node.plans, ...(node.armed ? [node.armed] : [])])
        await eventually('all points are met', () => left().length === 0, {
          withinMs: timeout,
          standing: () => JSON.stringify(left()),
        })
        await load.moreRounds(2)
      })
      t.diagnostic(`${report.rounds} rounds, ${report.records} records, ${report.history.length} lines of history`)
      assert.deepEqual(cluster.faults, [])
      assert.equal(cluster.nodes.flatMap(({ died }) => died).length, points.worker.length + points.api.length)
    })

    test('any process is killed at any moment, and a worker that was stopped comes back', { timeout }, async (t) => {
      const random = seededRandom(seed)
      await using cluster = await TestCluster.start({ services })
      const report = await underLoad({ cluster, seed }, async (load) => {
        const zombie = cluster.node('worker-1')
        zombie.signal('SIGSTOP')
        await sleep(stoppedMs)
        zombie.signal('SIGCONT')
        await load.moreRounds(1)
        for (let i = 0; i < (isLong ? 60 : 6); i++) {
          // The moment is what is tried: no event stands for it.
          await sleep(200 + pick(random, 800))
          await cluster.nodes[(i + pick(random, 2) * 2) % cluster.nodes.length]?.kill()
          await load.moreRounds(1)
        }
      })
      t.diagnostic(
        `${report.rounds} rounds, ${report.records} records, ${report.unanswered} requests without an answer`,
      )
      assert.deepEqual(cluster.faults, [])
    })

    test('every process is replaced, one after the other', { timeout }, async (t) => {
      await using cluster = await TestCluster.start({ services })
      const report = await underLoad({ cluster, seed }, async (load) => {
        for (const node of cluster.nodes) {
          await node.restart()
          await load.moreRounds(1)
        }
      })
      t.diagnostic(
        `${report.rounds} rounds, ${report.records} records, ${report.unanswered} requests without an answer`,
      )
      assert.deepEqual(cluster.faults, [])
    })
  })
})
