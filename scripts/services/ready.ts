// When a service answers. A port that is open says little: Cassandra opens it before the ring is whole.
import { createConnection } from 'node:net'
import type { Ready } from './set.ts'

/**
 * Asks once. Throws with the reason while it is not ready. Of a cluster it is ready when all of it is; `alone` asks the one
 * node, whose neighbours may be stopped.
 */
export async function ask(whole: Ready, alone = false): Promise<void> {
  const ready = alone ? aloneOf(whole) : whole
  if (ready.kind === 'redis') return askRedis(ready.port)
  if (ready.kind === 'postgres') return askPostgres(ready)
  if (ready.kind === 'kafka') return askKafka(ready)
  return askCassandra(ready)
}

function aloneOf(ready: Ready): Ready {
  // A single broker may send its clients to another port than its own.
  if (ready.kind === 'kafka') return ready.brokers.length === 1 ? ready : { ...ready, brokers: [ready.own] }
  return ready.kind === 'cassandra' ? { ...ready, nodes: 1 } : ready
}

function askRedis(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer in 2 s')))
    socket.once('error', reject)
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (data) => {
      socket.destroy()
      if (data.toString().startsWith('+PONG')) resolve()
      else reject(new Error(data.toString().trim()))
    })
  })
}

async function askPostgres(address: { port: number; user: string; database: string }): Promise<void> {
  const { default: pg } = await import('pg')
  const { port, user, database } = address
  const client = new pg.Client({ host: '127.0.0.1', port, user, database, connectionTimeoutMillis: 5000 })
  // A connection that breaks later must not end this process.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}

/** This broker tells which it knows: `brokers` and itself have to be among them. */
async function askKafka({ own, brokers }: Ready & { kind: 'kafka' }): Promise<void> {
  const { Admin } = await import('@platformatic/kafka')
  const admin = new Admin({ clientId: 'services', bootstrapBrokers: [own], retries: 0, timeout: 5000 })
  try {
    const metadata = await admin.metadata({ topics: [] })
    const known = [...metadata.brokers.values()].map(({ host, port }) => `${host}:${port}`)
    const absent = brokers.filter((broker) => !known.includes(broker))
    if (absent.length > 0) throw new Error(`${absent.join(', ')} not there yet`)
  } finally {
    await admin.close().catch(() => {})
  }
}

async function askCassandra({ host, port, nodes }: Ready & { kind: 'cassandra' }): Promise<void> {
  const { default: cassandra } = await import('cassandra-driver')
  const client = new cassandra.Client({
    contactPoints: [`${host}:${port}`],
    localDataCenter: 'datacenter1',
    protocolOptions: { port },
    socketOptions: { connectTimeout: 5000, readTimeout: 5000 },
    // This node is asked, whichever others it knows.
    policies: {
      loadBalancing: new cassandra.policies.loadBalancing.AllowListPolicy(
        new cassandra.policies.loadBalancing.RoundRobinPolicy(),
        [`${host}:${port}`],
      ),
    },
  })
  try {
    await client.connect()
    await client.execute('SELECT release_version FROM system.local')
    if (nodes === 1) return
    const gossip = await client.execute('SELECT status_with_port, "schema" FROM system_views.gossip_info')
    const normal = gossip.rows.filter((row) => String(row.status_with_port).includes('NORMAL'))
    const schemas = new Set(gossip.rows.map((row) => String(row.schema)))
    if (normal.length < nodes) throw new Error(`${normal.length} of ${nodes} nodes`)
    if (schemas.size > 1) throw new Error(`${schemas.size} schemas`)
  } finally {
    await client.shutdown().catch(() => {})
  }
}
