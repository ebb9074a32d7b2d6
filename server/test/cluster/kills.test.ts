// Processes of a cluster that die, are stopped and are replaced, while everyone is at work.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { FaultProxy } from '../faults/proxy.ts'
import { pick } from '../model/random-events.ts'
import { eventually } from '../stress/testing/eventually.ts'
import { apiPoints, moreApiPoints, moreWorkerPoints, workerPoints } from './nodes/points.ts'
import { TestCluster } from './nodes/test-cluster.ts'
import { type Load, underLoad } from './nodes/under-load.ts'

const isLong = process.env.HEADWATER_LONG !== undefined
/** `HEADWATER_SEED=17` makes other choices. */
const seed = Number(process.env.HEADWATER_SEED ?? 1)
const timeout = isLong ? 1_200_000 : 600_000
/** Longer than the group waits for a member that is silent. */
const stoppedMs = isLong ? 30_000 : 5_000
const moments = isLong ? 60 : 4
/** Far longer than it takes to come to any point that one comes to at all. */
const nextPointMs = 15_000

type Fault = (cluster: TestCluster, load: Load, line: FaultProxy) => Promise<void>

/** Workers and APIs die, each at points of its own; the next life of a process is armed when the one before it ends. */
const atPoints =
  (worker: readonly string[], api: readonly string[]): Fault =>
  async (cluster) => {
    for (const [role, points] of [['worker', worker] as const, ['api', api] as const]) {
      const nodes = cluster.of(role)
      for (const [i, point] of points.entries()) nodes[i % nodes.length]?.plans.push({ point, pass: 1 + (i % 3) })
    }
    const armed = cluster.nodes.filter(({ plans }) => plans.length > 0)
    const left = () => armed.flatMap((node) => [...node.plans, ...(node.armed ? [node.armed] : [])])
    for (const node of armed) await node.kill()
    const until = performance.now() + timeout / 2
    for (let count = left().length; count > 0; count = left().length) {
      assert.ok(performance.now() < until, `points that nobody came to: ${JSON.stringify(left())}`)
      await eventually('the next point', () => left().length < count, { withinMs: nextPointMs }).catch(async () => {
        // What leads to the point may be in the hands of one who is not to die: for a while the others have it.
        for (const node of cluster.of('worker')) if (!node.armed) await node.kill()
      })
    }
    const died = armed.flatMap((node) => node.died.map(({ point }) => point))
    assert.deepEqual(died.toSorted(), [...worker, ...api].toSorted())
  }

/** A worker stands still until others have its partitions, and then goes on as if nothing had been. */
const zombie: Fault = async (cluster, load) => {
  const worker = cluster.node('worker-1')
  worker.signal('SIGSTOP')
  await sleep(stoppedMs)
  await load.moreRounds(1)
  worker.signal('SIGCONT')
  await load.moreRounds(1)
}

const atAnyMoment: Fault = async (cluster, load) => {
  const random = seededRandom(seed)
  for (let i = 0; i < moments; i++) {
    // The moment is what is tried: no event stands for it.
    await sleep(pick(random, 1_000))
    await cluster.nodes[pick(random, cluster.nodes.length)]?.kill()
    await load.moreRounds(1)
  }
}

/** Requests lose their answers: after they were carried out, before they arrived, or either. */
const answersLost: Fault = async (_cluster, load, line) => {
  for (let i = 0; i < (isLong ? 40 : 4); i++) {
    for (const cut of ['reply', 'request', 'passed'] as const)
      await line.cutNext(cut, (bytes) => /^(POST|DELETE) /.test(bytes.toString('latin1', 0, 8)))
  }
  await load.moreRounds(1)
}

/** As an upgrade does it, one process after the other; in short one of each role. */
const replaced: Fault = async (cluster, load) => {
  for (const node of cluster.nodes.filter(({ name }) => isLong || name.endsWith('-1'))) await node.restart()
  await load.moreRounds(1)
}

async function survives(t: TestContext, ...faults: readonly Fault[]): Promise<void> {
  await using cluster = await TestCluster.start({ services: process.env.HEADWATER_SERVICES as string })
  const { hostname: host, port } = new URL(await cluster.url())
  await using line = await FaultProxy.open({ target: { host, port: Number(port) } })
  const through = { url: () => Promise.resolve(`http://${line.address}`) }
  const report = await underLoad({ cluster, seed, through }, async (load) => {
    for (const fault of faults) {
      const started = performance.now()
      await fault(cluster, load, line)
      t.diagnostic(`${fault.name || 'at points'}: ${Math.round(performance.now() - started)} ms`)
    }
  })
  t.diagnostic(`${report.rounds} rounds, ${report.records} records, ${report.unanswered} requests without an answer`)
  assert.deepEqual(cluster.faults, [])
}

whereServicesRun('processes of a cluster are killed', ['redis', 'postgres', 'kafka', 'cassandra'], () => {
  if (!isLong) {
    test(
      `workers and APIs die at points of their work, one stands still, others are replaced (seed ${seed})`,
      {
        timeout,
      },
      (t) => survives(t, atPoints(workerPoints, apiPoints), answersLost, zombie, atAnyMoment, replaced),
    )
    return
  }
  test(`workers and APIs die at every point of their work (seed ${seed})`, { timeout }, (t) =>
    survives(t, atPoints([...workerPoints, ...moreWorkerPoints], [...apiPoints, ...moreApiPoints])),
  )
  test('a worker that was stopped comes back', { timeout }, (t) => survives(t, zombie, zombie))
  test(`any process is killed at any moment (seed ${seed})`, { timeout }, (t) => survives(t, atAnyMoment))
  test('answers are lost', { timeout }, (t) => survives(t, answersLost))
  test('every process is replaced, one after the other', { timeout }, (t) => survives(t, replaced, replaced))
})
