import type { Config } from '../../../src/config/secrets.ts'
import { openCassandra } from '../../../src/engines/cassandra/open.ts'
import { epochTopic } from '../../../src/engines/kafka/log-epoch.ts'
import { dropTopics } from '../../../src/engines/kafka/testing/kafka-harness.ts'
import { quoted } from '../../../src/engines/postgres/migrate.ts'
import { withClient } from '../../../src/engines/postgres/testing/schema.ts'
import { dropKeys } from '../../../src/engines/redis/testing/namespace.ts'
import { systemSeams } from '../../../src/lib/system-seams.ts'

/** Removes everything that a cluster left in its services. */
export async function dropNamespace({ cluster, kafka, cassandra, redis, postgres }: Config): Promise<void> {
  const { namespace } = cluster
  const topic = `${namespace}.activity`
  const { hostname, port } = new URL(redis.url)
  const outcomes = await Promise.allSettled([
    dropTopics(kafka.brokers, [topic, epochTopic(topic)]),
    dropKeyspace(cassandra, namespace),
    withClient(postgres.url, (client) => client.query(`DROP SCHEMA IF EXISTS ${quoted(namespace)} CASCADE`)),
    dropKeys({ host: hostname, port: Number(port), prefix: namespace }, namespace),
  ])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function dropKeyspace(cassandra: Config['cassandra'], keyspace: string): Promise<void> {
  const { contactPoints, localDataCenter, fence } = cassandra
  const settings = { contactPoints, port: Number(contactPoints[0]?.split(':')[1]), localDataCenter, keyspace, fence }
  await using database = await openCassandra(
    { ...settings, replication: 1, ttlDays: 97, requestTimeoutMs: 60_000 },
    systemSeams,
  )
  await database.drop()
}
