import type { Client } from 'cassandra-driver'
import packageJson from '../../../package.json' with { type: 'json' }
import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import { refusal } from './cassandra-errors.ts'
import { fewestReplicas, judge, type NodeFacts } from './checks.ts'
import { withOneControl } from './control-connection.ts'
import { CassandraDatabase } from './database.ts'
import { define, migrate } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import { type CassandraSettings, replicationOf } from './settings.ts'

/**
 * Connects to a cluster and brings the keyspace up to date, or makes it. Rejects with a HeadwaterError whose detail tells
 * the operator why: nobody answers, the cluster may lose what it acknowledges, another fence or a newer program made the
 * schema.
 */
export async function openCassandra(settings: CassandraSettings, seams: Seams): Promise<CassandraDatabase> {
  checkNames(settings)
  const fence = settings.fence ?? 'lwt'
  const driver = await import('cassandra-driver')
  const opened = withOneControl(connectionOf(driver, settings))
  const { client } = opened
  try {
    await client.connect()
    const warnings = await checkCluster(client, settings)
    await client.execute(`USE ${settings.keyspace}`)
    const starter = Buffer.from(seams.random.bytes(8)).toString('hex')
    const facts = { ttlDays: settings.ttlDays }
    const { version: program } = packageJson
    await migrate(client, { keyspace: settings.keyspace, facts, fence, program, migrations, starter }, seams)
    const limits = {
      requestTimeoutMs: settings.requestTimeoutMs ?? 10_000,
      maxInFlight: settings.maxInFlight ?? 256,
      maxWaiting: settings.maxWaiting ?? 20_000,
    }
    return new CassandraDatabase(opened, { keyspace: settings.keyspace, fence, ...limits }, seams, warnings)
  } catch (error) {
    await opened.close().catch(() => {})
    if (HeadwaterError.is(error)) throw error
    throw refusal('Cassandra cannot be opened: is it running, and are the addresses and the password right?', error)
  }
}

type Driver = typeof import('cassandra-driver')

function connectionOf({ Client: NewClient, policies, types }: Driver, settings: CassandraSettings): Client {
  const { username, password, tls, port = 9042 } = settings
  return new NewClient({
    contactPoints: [...settings.contactPoints],
    localDataCenter: settings.localDataCenter,
    protocolOptions: { port },
    ...(username === undefined ? {} : { credentials: { username, password: password ?? '' } }),
    ...(tls ? { sslOptions: { ...tls, rejectUnauthorized: true, servername: tls.serverName } } : {}),
    policies: {
      // What may be repeated is repeated in `database.ts`, where it is known what it was.
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(250, 10_000, false),
    },
    pooling: { maxRequestsPerConnection: settings.maxRequestsPerConnection ?? 2048 },
    socketOptions: { readTimeout: settings.requestTimeoutMs ?? 10_000, connectTimeout: 5_000 },
    queryOptions: {
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
      isIdempotent: false,
    },
    encoding: { copyBuffer: false },
  })
}

/** Makes the keyspace when there is none, and tells what is to be known of the cluster. */
async function checkCluster(client: Client, settings: CassandraSettings): Promise<readonly string[]> {
  const findings = judge({
    nodes: await factsOfNodes(client),
    replicas: await replicasOf(client, settings),
    fence: settings.fence ?? 'lwt',
  })
  if (findings.refusals.length > 0 && !settings.unsafe) throw refusal(findings.refusals.join('. '))
  await define(
    client,
    `CREATE KEYSPACE IF NOT EXISTS ${settings.keyspace} WITH replication = ${replicationText(settings)}`,
  )
  return [...findings.refusals, ...findings.warnings]
}

async function replicasOf(client: Client, settings: CassandraSettings): Promise<number> {
  const { rows } = await client.execute(
    'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [settings.keyspace],
    { prepare: true },
  )
  if (rows[0]) return fewestReplicas(rows[0].replication)
  return Math.min(...Object.values(replicationOf(settings)))
}

async function factsOfNodes(client: Client): Promise<NodeFacts[]> {
  const up = client.hosts.values().filter((host) => host.isUp())
  return Promise.all(
    up.map(async (host): Promise<NodeFacts> => {
      const version = host.cassandraVersion
      const query = `SELECT name, value FROM system_views.settings WHERE name IN ('commitlog_sync', 'paxos_variant')`
      // Older ones have no such table; their version is refused.
      const rows = version.startsWith('3.') ? [] : (await client.execute(query, [], { host })).rows
      const settingOf = (name: string): string => rows.find((row) => row.name === name)?.value ?? 'unknown'
      return {
        address: host.address,
        version,
        commitLogSync: settingOf('commitlog_sync'),
        paxosVariant: settingOf('paxos_variant'),
      }
    }),
  )
}

const replicationText = (settings: CassandraSettings): string =>
  `{'class': 'NetworkTopologyStrategy', ${Object.entries(replicationOf(settings))
    .map(([center, factor]) => `'${center}': ${factor}`)
    .join(', ')}}`

/** These become part of statements, and nothing else does. */
function checkNames(settings: CassandraSettings): void {
  const problem = problemOf(settings)
  if (problem) throw refusal(problem)
}

function problemOf({ keyspace, ttlDays, ...settings }: CassandraSettings): string | undefined {
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) {
    return 'A keyspace has a name of up to 48 lower-case letters, digits and underscores, beginning with a letter'
  }
  if (!Number.isInteger(ttlDays) || ttlDays < 1 || ttlDays > 7_000) return 'The days to live are between 1 and 7,000'
  const replication = Object.entries(replicationOf(settings))
  if (replication.length === 0) return 'Replication names no data centre'
  for (const [center, factor] of replication) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(center)) return `"${center}" is no name of a data centre`
    if (!Number.isInteger(factor) || factor < 1 || factor > 9) return 'The number of copies is between 1 and 9'
  }
  return undefined
}
