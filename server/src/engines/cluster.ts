import type { Settings } from '../config/schema.ts'
import type { Config } from '../config/secrets.ts'
import { HeadwaterError } from '../lib/error.ts'
import type { Seams } from '../lib/seams.ts'
import { within } from '../lib/within.ts'
import type { UserId } from '../model/ids.ts'
import { keptBehindRetentionDays } from '../model/retention.ts'
import type { Ports } from '../ports/ports.ts'
import type { CassandraDatabase } from './cassandra/database.ts'
import { cassandraGroupStore } from './cassandra/group-store.ts'
import { highestEpoch, noteEpoch } from './cassandra/log-epochs.ts'
import { cassandraMemberStore } from './cassandra/member-store.ts'
import { cassandraObjectIndex } from './cassandra/object-index.ts'
import { openCassandra } from './cassandra/open.ts'
import { cassandraReadMarks } from './cassandra/read-marks.ts'
import type { CassandraSettings } from './cassandra/settings.ts'
import { usersOf } from './cassandra/users.ts'
import { KafkaEventLog } from './kafka/event-log.ts'
import { type Kafka, type KafkaSettings, openKafka } from './kafka/open.ts'
import { KafkaParkedRecords } from './kafka/parked-records.ts'
import { PostgresDeviceStore } from './postgres/device-store.ts'
import { PostgresIdempotencyStore } from './postgres/idempotency-store.ts'
import { openPostgres } from './postgres/open.ts'
import { PostgresRevocationStore } from './postgres/revocation-store.ts'
import { PostgresUserStore } from './postgres/user-store.ts'
import { openRedis } from './redis/open.ts'
import type { RedisSettings } from './redis/settings.ts'

/** What a server of a cluster stands on: the truth in Kafka, Cassandra and PostgreSQL, hints and caches in Redis. */
export interface ClusterEngines extends AsyncDisposable {
  readonly ports: Ports
  /** What a person should know who runs it, such as a service that could lose acknowledged writes. */
  readonly warnings: readonly string[]
  /** Everyone who has a stream. */
  users(): AsyncIterable<UserId>
  /** What is wrong, by part; empty when all is well. */
  checkEngines(): Promise<Readonly<Record<string, string>>>
}

export type ClusterSettings = Pick<Config, 'cluster' | 'kafka' | 'cassandra' | 'redis' | 'postgres' | 'activity'>

const dayMs = 86_400_000
/** Who asks `/readyz` has a patience of few seconds, shorter than the deadlines of the services. */
const answersMs = 1_500

/** Services that start together come up one after the other, so a server waits for them a while. */
const patienceMs = 60_000
const retryMs = 1_000

/** What an operator should hear of. */
export type Notice = (what: string, error: unknown) => void

/**
 * Opens all services at once; when one of them cannot be opened none stays open. Those that cannot be reached are waited
 * for, until `signal` is aborted; one that is reached and is not as it must be is refused at once.
 */
export async function openCluster(
  config: ClusterSettings,
  seams: Seams,
  notice: Notice = () => {},
  signal?: AbortSignal,
): Promise<ClusterEngines> {
  const { cluster, postgres } = config
  const { clock, scheduler } = seams
  const giveUpAt = clock.monotonic() + patienceMs
  await using opened = new AsyncDisposableStack()
  const cassandraOpen = reach('Cassandra', () => openCassandra(cassandraSettings(config), seams))
  const kafkaOpen = cassandraOpen.then(openLog)
  const [kafka, cassandra, redis, database] = await allOf(opened, [
    kafkaOpen,
    cassandraOpen,
    openRedis(
      { ...redisSettings(config), onFailure: (error) => notice('the connection to Redis failed', error) },
      seams,
    ),
    reach('PostgreSQL', () =>
      openPostgres(
        { url: postgres.url, schema: cluster.namespace, maxConnections: postgres.poolMax, unsafe: cluster.unsafe },
        seams,
      ),
    ),
  ])
  const log = opened.use(new KafkaEventLog(kafka, seams))
  const { replicationFactor: replication, retentionDays } = config.kafka
  const ports: Ports = {
    log,
    parked: new KafkaParkedRecords(kafka, { replication, retentionMs: retentionDays * dayMs }, seams.clock),
    groups: cassandraGroupStore(cassandra, seams),
    members: cassandraMemberStore(cassandra),
    objects: cassandraObjectIndex(cassandra),
    marks: cassandraReadMarks(cassandra),
    users: new PostgresUserStore(database),
    revocations: new PostgresRevocationStore(database),
    devices: new PostgresDeviceStore(database),
    idempotency: new PostgresIdempotencyStore(database),
    ...redis.ports,
  }
  const parts = opened.move()
  return {
    ports,
    warnings: [...kafka.warnings, ...cassandra.warnings],
    users: () => usersOf(cassandra),
    checkEngines,
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }

  /** A log that knows of no epoch begins above those that the rows were made from. */
  async function openLog(views: CassandraDatabase): Promise<Kafka> {
    const known = await highestEpoch(views)
    const firstEpoch = known === undefined ? 0 : known + 1
    const kafka = await reach('Kafka', () => openKafka({ ...kafkaSettings(config), firstEpoch }, seams))
    if (kafka.epoch !== known) await noteEpoch(views, kafka.epoch, kafka.topicId)
    return kafka
  }

  async function reach<T>(service: string, open: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await open()
      } catch (error) {
        // A refusal without a cause is about what the service said of itself.
        const isRefused = HeadwaterError.is(error) && error.cause === undefined
        if (isRefused || clock.monotonic() >= giveUpAt) throw error
        notice(`${service} cannot be opened yet`, error)
        await scheduler.sleep(retryMs, signal)
        if (signal?.aborted) throw error
      }
    }
  }

  async function checkEngines(): Promise<Readonly<Record<string, string>>> {
    const answers = async (part: string, otherwise: string, ask: () => Promise<unknown>) => {
      const asked = ask().then(
        () => ({}),
        () => ({ [part]: otherwise }),
      )
      return (await within(asked, answersMs, seams.scheduler)) ?? { [part]: otherwise }
    }
    const told = await Promise.all([
      answers('log', 'Kafka does not answer', () => log.bounds(0)),
      answers('store', 'Cassandra does not answer', () => ports.groups.heads(['readiness'])),
      answers('users', 'PostgreSQL does not answer', () => ports.users.get(['readiness'])),
      within(redis.check(), answersMs, seams.scheduler).then((told) => told ?? { cache: 'Redis does not answer' }),
    ])
    return Object.assign({}, ...told)
  }
}

/** Waits for all and has them closed by `stack`, also those that open after another one has failed. */
async function allOf<const T extends readonly Promise<AsyncDisposable>[]>(
  stack: AsyncDisposableStack,
  opening: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const outcomes = await Promise.allSettled(opening)
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') stack.use(outcome.value)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
  return outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value) as never
}

function kafkaSettings({ kafka, cluster }: Pick<Settings, 'kafka' | 'cluster'>): KafkaSettings {
  const { username, password, saslMechanism: mechanism } = kafka
  return {
    brokers: kafka.brokers,
    topic: `${cluster.namespace}.activity`,
    partitions: kafka.partitions,
    replication: kafka.replicationFactor,
    retentionMs: kafka.retentionDays * dayMs,
    ...(kafka.tls && { tls: {} }),
    ...(username !== '' && { sasl: { mechanism, username, password } }),
  }
}

export function cassandraSettings({
  cassandra,
  cluster,
  activity,
}: Pick<Settings, 'cassandra' | 'cluster' | 'activity'>): CassandraSettings {
  const { contactPoints, localDataCenter, replicationFactor, fence, username, password, tls } = cassandra
  const [, port] = /^(?:\[.*\]|[^:]*):(\d+)$/.exec(contactPoints[0] ?? '') ?? []
  return {
    contactPoints,
    ...(port !== undefined && { port: Number(port) }),
    localDataCenter,
    keyspace: cluster.namespace,
    replication: replicationFactor,
    fence,
    ttlDays: activity.retentionDays + keptBehindRetentionDays,
    ...(username !== '' && { username, password }),
    ...(tls && { tls: {} }),
    unsafe: cluster.unsafe,
  }
}

export function redisSettings({ redis, cluster }: Pick<Settings, 'redis' | 'cluster'>): RedisSettings {
  const { hostname, port, username, password, protocol, pathname } = new URL(redis.url)
  return {
    // An address of IPv6 has brackets in a URL and nowhere else.
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { database: Number(pathname.slice(1)) }),
    tls: protocol === 'rediss:',
    prefix: cluster.namespace,
    traceShare: redis.tracePercent / 100,
  }
}
