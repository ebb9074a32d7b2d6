import { createHash } from 'node:crypto'
import { cassandraGroupStore } from '../../../src/engines/cassandra/group-store.ts'
import { cassandraMemberStore } from '../../../src/engines/cassandra/member-store.ts'
import { migrations } from '../../../src/engines/cassandra/migrations/all.ts'
import { cassandraObjectIndex } from '../../../src/engines/cassandra/object-index.ts'
import { openCassandra } from '../../../src/engines/cassandra/open.ts'
import { cassandraReadMarks } from '../../../src/engines/cassandra/read-marks.ts'
import type { CassandraSettings } from '../../../src/engines/cassandra/settings.ts'
import { KafkaEventLog } from '../../../src/engines/kafka/event-log.ts'
import { epochTopic } from '../../../src/engines/kafka/log-epoch.ts'
import { openKafka } from '../../../src/engines/kafka/open.ts'
import { PostgresDeviceStore } from '../../../src/engines/postgres/device-store.ts'
import { PostgresIdempotencyStore } from '../../../src/engines/postgres/idempotency-store.ts'
import { openPostgres } from '../../../src/engines/postgres/open.ts'
import { PostgresRevocationStore } from '../../../src/engines/postgres/revocation-store.ts'
import { dropSchema } from '../../../src/engines/postgres/testing/schema.ts'
import { PostgresUserStore } from '../../../src/engines/postgres/user-store.ts'
import { openRedis } from '../../../src/engines/redis/open.ts'
import type { Services, SqlService } from '../../../src/engines/services-for-tests.ts'
import {
  allCommitted,
  type EngineOptions,
  type EnginesForTests,
  type OpenEngines,
} from '../../../src/engines/testing/engines-for-tests.ts'
import { noFailpoint, systemSeams } from '../../../src/lib/system-seams.ts'
import { seededRandom, type VirtualSeams } from '../../../src/lib/virtual-seams.ts'
import type { Ports } from '../../../src/ports/ports.ts'
import { BrokerTime, datedBy } from './broker-time.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import { Echo } from './echo.ts'
import { ownUsers } from './own-users.ts'
import { settle, until } from './settle.ts'

const ttlDays = 97
/** Services share the machine with the tests. */
const connectTimeoutMs = 10_000
const fence = process.env.HEADWATER_TEST_FENCE === 'stamp' ? 'stamp' : 'lwt'

/**
 * The engines of a cluster for servers of `startHeadwater`: Kafka, Cassandra, Redis and PostgreSQL as they run elsewhere, by
 * the system's clock, under servers whose clock stands still. A server has its own topic, schema and prefixes; the tables
 * in Cassandra are made once and shared.
 */
export function clusterEngines(services: Services): OpenEngines {
  let cassandra: ReturnType<typeof openCassandra> | undefined
  return async (options) => {
    cassandra ??= openCassandra(cassandraSettings(services), systemSeams)
    return openOne(services, await cassandra, options)
  }
}

async function openOne(
  services: Services,
  cassandra: Awaited<ReturnType<typeof openCassandra>>,
  { now, seed, partitions }: EngineOptions,
): Promise<EnginesForTests> {
  const name = `hw_${Buffer.from(systemSeams.random.bytes(6)).toString('hex')}`
  const url = urlOf(services.postgres)
  const time = new BrokerTime(now ?? Date.UTC(2026, 0, 1))
  const seams: VirtualSeams = {
    time,
    clock: time,
    scheduler: time,
    random: seededRandom(seed ?? 1),
    failpoint: noFailpoint,
  }
  await using opened = new AsyncDisposableStack()
  const [kafka, redis, postgres] = await Promise.all([
    openKafka(
      { brokers: services.kafka.brokers, topic: name, partitions, replication: 1, connectTimeoutMs },
      systemSeams,
    ),
    openRedis({ ...services.redis, prefix: name, commandMs: 5_000 }, systemSeams),
    openPostgres({ url, schema: name, maxConnections: 4, connectTimeoutMs }, systemSeams),
  ])
  opened.defer(() => dropSchema(url, name))
  opened.use(postgres)
  opened.use(redis)
  opened.use(kafka)
  opened.defer(() => kafka.client.deleteTopics([name, epochTopic(name)]))
  const log = opened.use(new KafkaEventLog(kafka, systemSeams, { heartbeatMs: 100 }))
  const owned = new Set<number>()
  const ports: Ports = {
    log: datedBy(time, log, owned),
    ...ownUsers(
      {
        groups: cassandraGroupStore(cassandra, systemSeams),
        members: cassandraMemberStore(cassandra),
        objects: cassandraObjectIndex(cassandra),
        marks: cassandraReadMarks(cassandra),
      },
      `${name}.`,
    ),
    users: new PostgresUserStore(postgres),
    revocations: new PostgresRevocationStore(postgres),
    devices: new PostgresDeviceStore(postgres),
    idempotency: new PostgresIdempotencyStore(postgres),
    ...redis.ports,
  }
  const calls = new CallsUnderWay()
  const echo = opened.use(new Echo(ports.pubSub))
  const hasAll = () => owned.size === partitions
  const isFolded = () => allCommitted(log)
  const parts = opened.move()
  return {
    seams,
    ports: calls.counted(ports),
    ready: () => until('the worker has its partitions', hasAll),
    settle: (worker) => settle(worker, { time, calls, echo, hasAll, isFolded }),
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

const urlOf = ({ host, port, user, database }: SqlService): string => `postgres://${user}@${host}:${port}/${database}`

/** The keyspace is named after what is in it: it is made by the first process, and again when the tables change. */
function cassandraSettings({ cassandra }: Services): CassandraSettings {
  const statements = migrations.flatMap((migration) => migration.statements({ ttlDays }))
  const digest = createHash('sha256').update(statements.join(';')).digest('hex').slice(0, 12)
  return {
    ...cassandra,
    keyspace: `hw_servers_${fence}_${digest}`,
    replication: 1,
    fence,
    ttlDays,
    requestTimeoutMs: 20_000,
  }
}
