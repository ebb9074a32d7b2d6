// Positions of a log that began anew must not look older than what the groups were made from.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/secrets.ts'
import { type ClusterEngines, openCluster } from '../../src/engines/cluster.ts'
import { epochTopic } from '../../src/engines/kafka/log-epoch.ts'
import { dropTopics } from '../../src/engines/kafka/testing/kafka-harness.ts'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { dropNamespace } from './nodes/drop-namespace.ts'

whereServicesRun('epochs of a cluster', ['redis', 'postgres', 'kafka', 'cassandra'], () => {
  test('a log that has lost its topics, and with them its epochs, begins above those that the groups know', {
    timeout: 200_000,
  }, async () => {
    const config = loadConfig({
      environment: {
        HEADWATER_SERVICES: process.env.HEADWATER_SERVICES,
        HEADWATER_API_KEY: 'k',
        HEADWATER_TOKEN_SECRET: 's',
      },
      flags: [
        ['engine', 'cluster'],
        ['cluster.namespace', `hw_epochs_${randomBytes(4).toString('hex')}`],
        ['kafka.partitions', '3'],
      ],
    })
    try {
      assert.deepEqual(await epochsOf(config), [0, 0], 'a restart goes on')
      const topic = `${config.cluster.namespace}.activity`
      await dropTopics(config.kafka.brokers, [topic, epochTopic(topic)])
      assert.deepEqual(await epochsOf(config), [1, 1])
    } finally {
      await dropNamespace(config)
    }
  })
})

/** Of two starts, one after the other. */
async function epochsOf(config: Config): Promise<number[]> {
  const epochs: number[] = []
  for (let start = 0; start < 2; start++) {
    const engines: ClusterEngines = await openCluster(config, systemSeams)
    epochs.push(engines.ports.log.info.epoch)
    await engines[Symbol.asyncDispose]()
  }
  return epochs
}
