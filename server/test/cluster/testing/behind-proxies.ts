import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeSet, startServices } from '../../../../scripts/services/start.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { Services } from '../../../src/engines/services-for-tests.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { start } from '../../../src/server.ts'
import type { PartName } from '../../../src/wrapped/watched-parts.ts'
import { apiKey } from '../../crash/child-contract.ts'
import type { Ends } from '../../faults/connection.ts'
import { FaultProxy } from '../../faults/proxy.ts'
import { ClusterLog } from '../nodes/cluster-log.ts'
import { ClusterServer } from '../nodes/cluster-server.ts'
import { dropNamespace } from '../nodes/drop-namespace.ts'
import { tokenSecret } from '../nodes/test-cluster.ts'

export interface BehindProxies extends AsyncDisposable {
  readonly server: ClusterServer
  /** Between the server and each part. */
  readonly proxies: Readonly<Record<PartName, FaultProxy>>
}

/**
 * A whole server of a cluster, all roles in this process, with a proxy before each service. Redis and PostgreSQL are
 * reached where the server is told; the Cassandra driver keeps the address it was given for the node that it asks; a Kafka
 * client goes where the broker sends it, so the broker is one that advertises the proxy.
 */
export async function startBehindProxies(services: Services): Promise<BehindProxies> {
  await using opened = new AsyncDisposableStack()
  const proxy = async (target: Ends) => opened.use(await FaultProxy.open({ target }))
  const log = await proxy({ host: '127.0.0.1', port: 1 })
  const { set, addresses } = await startServices({
    only: ['kafka'],
    nodes: 1,
    cassandraHeap: '256m',
    mayInstall: false,
    log: () => {},
    kafkaAdvertised: log.port,
  })
  opened.defer(() => removeSet(set))
  log.target = endsOf(addresses.kafka?.brokers[0])
  const store = await proxy(endsOf(services.cassandra.contactPoints[0]))
  const users = await proxy(services.postgres)
  const cache = await proxy(services.redis)

  const folder = mkdtempSync(join(tmpdir(), 'headwater-proxies-'))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  const { user, database } = services.postgres
  const config = loadConfig({
    environment: { HEADWATER_API_KEY: apiKey, HEADWATER_TOKEN_SECRET: tokenSecret, HEADWATER_DATA: folder },
    flags: Object.entries({
      engine: 'cluster',
      'cluster.namespace': `hw_proxies_${randomBytes(5).toString('hex')}`,
      'kafka.brokers': log.address,
      'kafka.partitions': '4',
      'kafka.replicationFactor': '1',
      'cassandra.contactPoints': store.address,
      'cassandra.replicationFactor': '1',
      'redis.url': `redis://${cache.address}`,
      'postgres.url': `postgres://${user}@${users.address}/${database}`,
      'http.port': '0',
      'http.rateLimits': 'off',
    }),
    cwd: folder,
  })
  opened.defer(() => dropNamespace(config))
  const running = await start(config, { log: silentLog })
  opened.defer(() => running.close())
  const clusterLog = opened.use(new ClusterLog(config))
  const parts = opened.move()
  const proxies = { log, store, users, cache }
  return {
    server: new ClusterServer(running.url, config, clusterLog),
    proxies,
    async [Symbol.asyncDispose]() {
      for (const one of Object.values(proxies)) await one.heal()
      await parts.disposeAsync()
    },
  }
}

function endsOf(address: string | undefined): Ends {
  const [host, port] = (address ?? '').split(':')
  return { host: host as string, port: Number(port) }
}
