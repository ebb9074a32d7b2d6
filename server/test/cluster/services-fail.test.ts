// Services that are killed and come back under a cluster at work, on services of the test's own; and answers that are lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceControl } from '../../../scripts/services/control.ts'
import { patience, withConnection } from '../../src/engines/redis/testing/namespace.ts'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { startOwnServices } from './nodes/own-services.ts'
import { TestCluster } from './nodes/test-cluster.ts'
import { underLoad } from './nodes/under-load.ts'

const isLong = process.env.HEADWATER_LONG !== undefined
/** `HEADWATER_NODES=3` has three brokers and three nodes of Cassandra. */
const nodes = process.env.HEADWATER_NODES === '3' ? 3 : 1
const seed = Number(process.env.HEADWATER_SEED ?? 1)
const timeout = isLong || nodes === 3 ? 1_200_000 : 600_000
const stoppedMs = isLong ? 30_000 : 3_000

whereServicesRun('services fail under a cluster', ['redis', 'postgres', 'kafka', 'cassandra'], () => {
  test(`every service is killed and comes back (${nodes} nodes, seed ${seed})`, { timeout }, async (t) => {
    await using own = await startOwnServices(nodes)
    await using cluster = await TestCluster.start({ services: own.file })
    const report = await underLoad({ cluster, seed, lagMs: 60_000 }, async (load) => {
      const { control } = own
      await flushAll(control)
      await load.moreRounds(1)
      for (const name of control.names) {
        if (name === 'pgbouncer') continue
        await control.restart(name)
        await load.moreRounds(1)
        if (!isLong) continue
        await control.kill(name, 'SIGSTOP')
        await sleep(stoppedMs)
        await control.kill(name, 'SIGCONT')
        await load.moreRounds(1)
      }
    })
    t.diagnostic(`${report.rounds} rounds, ${report.records} records, ${report.unanswered} requests without an answer`)
    assert.deepEqual(cluster.faults, [])
  })
})

async function flushAll({ addresses: { redis } }: ServiceControl): Promise<void> {
  if (!redis) throw new Error('there is no Redis')
  await withConnection({ ...redis, ...patience }, (connection) => connection.call(['FLUSHALL']))
}
