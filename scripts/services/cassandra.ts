// Cassandra, one node or three of them in one data centre.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { classPath, fetchJars, java } from './jars.ts'
import type { Plan, Site } from './plan.ts'

/** The token ranges of three nodes, a third of the ring each. */
const thirds = ['-9223372036854775808', '-3074457345618258603', '3074457345618258602']

interface Node {
  readonly host: string
  readonly token?: string
}

/** All nodes of a cluster use the same ports, each on an address of its own. */
interface Ring {
  readonly port: number
  readonly storagePort: number
  readonly seeds: string
}

export async function planCassandra({ nodes: count, cassandraHeap, folder, log }: Site): Promise<Plan> {
  const jars = fetchJars('cassandra', log)
  const nodes = nodesOf(count)
  const [port, storagePort] = (await freePorts(2, '0.0.0.0')) as [number, number]
  const ring = { port, storagePort, seeds: nodes.map(({ host }) => host).join(',') }

  const processes = nodes.map((node, at) => {
    const name = count === 1 ? 'cassandra' : `cassandra-${at + 1}`
    const dir = folder(name)
    writeFileSync(join(dir, 'cassandra.yaml'), nodeConfig(dir, node, ring, cassandraHeap))
    writeFileSync(join(dir, 'logback.xml'), logConfig)
    return {
      name,
      command: java(),
      args: javaFlags(dir, jars, cassandraHeap),
      ready: { kind: 'cassandra', host: node.host, port, nodes: count } as const,
      quit: 'SIGKILL' as const,
    }
  })
  const contactPoints = nodes.map(({ host }) => `${host}:${port}`)
  return { addresses: { cassandra: { contactPoints, port, localDataCenter: 'datacenter1' } }, processes }
}

/** Linux answers on all of 127.0.0.0/8; elsewhere a single node has to do with the one loopback address. */
function nodesOf(count: number): Node[] {
  if (count === 1) return [{ host: process.platform === 'linux' ? '127.0.0.11' : '127.0.0.1' }]
  return thirds.map((token, at) => ({ host: `127.0.0.${12 + at}`, token }))
}

interface Sizes {
  readonly memtables: string
  readonly commitLog: string
  readonly writers: number
  readonly jvm: readonly string[]
}

/** A small node starts fast. One with gibibytes of heap is there for load, with code compiled as it is in production. */
function sizesOf(heap: string): Sizes {
  if (!heap.endsWith('g')) {
    return {
      memtables: '48MiB',
      commitLog: '64MiB',
      writers: 8,
      jvm: ['-Xms128m', '-Xmn64m', '-XX:TieredStopAtLevel=1'],
    }
  }
  return { memtables: '512MiB', commitLog: '2GiB', writers: 32, jvm: [`-Xms${heap}`, '-Xmn768m'] }
}

/**
 * `commitlog_sync: batch`, because a single node that is killed loses acknowledged writes under `periodic`. Timeouts
 * are above the defaults of two seconds: the machine also runs the tests.
 */
export function nodeConfig(dir: string, { host, token }: Node, ring: Ring, heap: string): string {
  const { port, storagePort, seeds } = ring
  const { memtables, commitLog, writers } = sizesOf(heap)
  return `cluster_name: headwater
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
num_tokens: 1
${token === undefined ? '' : `initial_token: "${token}"\nauto_bootstrap: false\n`}data_file_directories: [ ${dir}/data ]
commitlog_directory: ${dir}/commitlog
saved_caches_directory: ${dir}/saved_caches
hints_directory: ${dir}/hints
cdc_raw_directory: ${dir}/cdc_raw
listen_address: ${host}
rpc_address: ${host}
storage_port: ${storagePort}
native_transport_port: ${port}
seed_provider: [{ class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{ seeds: "${seeds}" }] }]
auto_snapshot: false
commitlog_sync: batch
paxos_variant: v2
paxos_state_purging: repaired
commitlog_segment_size: 8MiB
commitlog_total_space: ${commitLog}
file_cache_size: 32MiB
networking_cache_size: 16MiB
# A slab for each table is a megabyte, and tests make hundreds of tables.
memtable_allocation_type: unslabbed_heap_buffers
memtable_heap_space: ${memtables}
concurrent_reads: 8
concurrent_writes: ${writers}
concurrent_counter_writes: 2
concurrent_compactors: 1
memtable_flush_writers: 1
read_request_timeout: 10s
range_request_timeout: 10s
write_request_timeout: 10s
cas_contention_timeout: 10s
truncate_request_timeout: 60s
request_timeout: 10s
`
}

function javaFlags(dir: string, jars: string, heap: string): string[] {
  return [
    ...['--add-exports', 'java.base/jdk.internal.misc=ALL-UNNAMED'],
    ...['--add-opens', 'java.base/sun.nio.ch=ALL-UNNAMED', '--add-opens', 'java.base/jdk.internal.ref=ALL-UNNAMED'],
    ...['--add-opens', 'java.base/java.io=ALL-UNNAMED'],
    ...['-Djdk.attach.allowAttachSelf=true', '-Dio.netty.tryReflectionSetAccessible=true'],
    ...[`-Xmx${heap}`, '-Xss256k', '-XX:+UseSerialGC', ...sizesOf(heap).jvm],
    ...['-XX:-UsePerfData', '-XX:MaxDirectMemorySize=128m', '-XX:+ExitOnOutOfMemoryError'],
    ...['-cp', classPath(jars)],
    `-Dcassandra.config=file://${dir}/cassandra.yaml`,
    `-Dlogback.configurationFile=${dir}/logback.xml`,
    ...[`-Dcassandra.storagedir=${dir}`, `-Dcassandra.logdir=${dir}/logs`, '-Dcassandra-foreground=yes'],
    ...['-Dcassandra.skip_wait_for_gossip_to_settle=0', '-Dcassandra.ring_delay_ms=0'],
    '-Dcassandra.consistent.rangemovement=false',
    'org.apache.cassandra.service.CassandraDaemon',
  ]
}

const logConfig = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{ISO8601} %level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
  <logger name="org.apache.cassandra.service.CassandraDaemon" level="INFO"/>
  <logger name="org.apache.cassandra.service.StorageService" level="INFO"/>
  <logger name="org.apache.cassandra.gms.Gossiper" level="INFO"/>
</configuration>
`
