import type { UnitCosts } from './costs.ts'
import type { PlanInputs } from './inputs.ts'
import type { Load } from './load.ts'
import { pageBytes, rowBytes } from './roles.ts'
import { ceil, type Shape, type Sized, size } from './size.ts'

const us = 1e-6
const MB = 1e6
const TB = 1e12
const GiB = 2 ** 30

export const shapes = {
  kafka: { cores: 8, workingCores: 8, memoryGiB: 32, diskTB: 4 },
  cassandra: { cores: 16, workingCores: 16, memoryGiB: 64, diskTB: 4 },
  redis: { cores: 2, workingCores: 1, memoryGiB: 16, diskTB: 0 },
  postgres: { cores: 16, workingCores: 16, memoryGiB: 64, diskTB: 2 },
} satisfies Readonly<Record<string, Shape>>

/** Framing, key and time stamp of a record beside its value. */
export const recordOverheadBytes = 30
/** What one broker takes in and gives out, replication included, on a network of 10 Gbit/s. */
const brokerMBps = 250
const kafkaDiskShare = 0.7

export function sizeKafka(inputs: PlanInputs, load: Load, costs: UnitCosts, workers: number): Sized {
  const { eventsPerS, eventBytes, replication } = inputs
  const bytes = eventBytes + recordOverheadBytes
  const diskTB = (load.recordsKept * bytes * replication) / TB
  // In: the record and its copies; out: the copies and the workers.
  const networkMBps = (eventsPerS * bytes * (replication + replication)) / MB
  const partitions = partitionsFor(workers)
  const demand = {
    cpu: eventsPerS * replication * costs['kafka.recordUs'].value * us,
    atLeast: {
      disk: diskTB / (shapes.kafka.diskTB * kafkaDiskShare),
      network: networkMBps / brokerMBps,
      replication,
    },
    networkMBps,
    diskTB,
  }
  return size('kafka', shapes.kafka, demand, inputs, [
    `${partitions} partitions × ${replication} copies, ${inputs.logDays} days, min.insync.replicas ${Math.max(1, replication - 1)}`,
  ])
}

/** As configured by default, or so many that workers can be doubled twice before one has a single partition. */
export function partitionsFor(workers: number): number {
  return Math.max(512, 2 ** ceil(Math.log2(Math.max(1, workers) * 4)))
}

/** A member's row, and what compression leaves of rows. */
export const memberBytes = 70
const compressed = 0.5
/** Compaction needs room, and so does what is moved when a node is lost. */
const cassandraDiskShare = 0.5
/** Beside the group: its members, and the user's head. */
const plainWritesPerFlush = 2
/** A page reads groups, marks, head and what the badge needs. */
const readsPerPage = 4

export function sizeCassandra(inputs: PlanInputs, load: Load, costs: UnitCosts): Sized {
  const { fence, replication } = inputs
  const plainUs = costs['cassandra.plainUs'].value
  const fencedUs = fence === 'lwt' ? costs['cassandra.lwtUs'].value : plainUs
  // The costs are those of three copies.
  const copies = replication / 3
  const writesUs =
    load.flushesPerS * (fencedUs + plainWritesPerFlush * plainUs) + (load.opensPerS + load.marksPerS) * plainUs
  const readsUs = (load.opensPerS + load.pagesPerS * readsPerPage) * costs['cassandra.readUs'].value
  const rows = (load.groupsKept * rowBytes + load.membersKept * memberBytes) * compressed
  const diskTB = (rows * replication) / TB
  const demand = {
    cpu: (writesUs * copies + readsUs) * us,
    atLeast: { disk: diskTB / (shapes.cassandra.diskTB * cassandraDiskShare), replication },
    networkMBps: (load.flushesPerS * rowBytes * replication + load.pagesPerS * pageBytes * 2) / MB,
    diskTB,
  }
  return size('cassandra', shapes.cassandra, demand, inputs, [
    `fence ${fence}, ${replication} copies, groups for ${inputs.groupDays} days and a week`,
  ])
}

/** Bytes of a session, an unread set, a waiting entry, a trace, with what Redis keeps beside them. */
const redisBytes = { session: 640, unreadSet: 800, offlineEntry: 120, trace: 424 }
const offlineEntriesPerUser = 10
/** Share of the users of a day whose badge is kept counted. */
const activeShare = 0.1
const heartbeatS = 30
const redisMemoryShare = 0.6

export function sizeRedis(inputs: PlanInputs, load: Load, costs: UnitCosts): Sized {
  const { dau, sockets, tracedShare } = inputs
  const tracePercent = (100 * tracedShare).toLocaleString('en')
  const traces = load.meanEventsPerS * 86_400 * tracedShare * redisBytes.trace
  const bytes =
    sockets * redisBytes.session +
    dau * activeShare * redisBytes.unreadSet +
    dau * offlineEntriesPerUser * redisBytes.offlineEntry +
    traces
  const commands = sockets / heartbeatS + 2 * load.pushesPerS + load.flushesPerS * activeShare + load.pagesPerS
  const functions = load.flushesPerS * Math.max(activeShare, load.onlineShare) + load.marksPerS
  const cpu = (commands * costs['redis.commandUs'].value + functions * costs['redis.functionUs'].value) * us
  const memoryGiB = bytes / GiB
  const demand = {
    cpu,
    atLeast: { memory: memoryGiB / (shapes.redis.memoryGiB * redisMemoryShare) },
    networkMBps: ((commands + functions) * 200) / MB,
  }
  const shards = size('redis', shapes.redis, demand, inputs)
  return {
    ...shards,
    nodes: 2 * shards.nodes,
    cores: 2 * shards.cores,
    memoryGiB: 2 * shards.memoryGiB,
    notes: [
      `${shards.nodes} ${shards.nodes === 1 ? 'node' : 'shards, each'} with a replica in another zone; all of it can be lost`,
      `${Math.round(memoryGiB).toLocaleString('en')} GiB, of it ${Math.round(traces / GiB).toLocaleString('en')} of traces with redis.tracePercent ${tracePercent}`,
      ...(shards.nodes === 1 ? [] : ['more than one shard: not built, one Redis is what the program can use']),
    ],
  }
}

/** Accounts for each user of a day, devices for each account. */
const accountsPerDau = 2.5
const devicesPerAccount = 1.5
const postgresBytes = { account: 600, device: 200, idempotency: 250 }
/** Pages whose people are not all in the process's memory. */
const nameMissShare = 0.5
const synchronousCopies = 3
const postgresDiskShare = 0.6

export function sizePostgres(inputs: PlanInputs, load: Load, costs: UnitCosts): Sized {
  const { dau, eventsPerS, batch } = inputs
  const requests = eventsPerS / batch
  // Positions that devices confirm, idempotency records begun and finished, devices of those who connect.
  const rows = load.pushesPerS + 2 * requests + load.reconnectsPerS
  const reads = load.pagesPerS * nameMissShare + requests
  const accounts = dau * accountsPerDau
  const bytes =
    accounts * (postgresBytes.account + devicesPerAccount * postgresBytes.device) +
    (load.meanEventsPerS / batch) * 86_400 * postgresBytes.idempotency
  const cpu = (rows * costs['postgres.rowUs'].value + reads * costs['postgres.readUs'].value) * us
  const { postgres } = shapes
  const demand = {
    cpu,
    atLeast: { disk: bytes / TB / (postgres.diskTB * postgresDiskShare) },
    networkMBps: (rows * 300 + reads * 3_000) / MB,
  }
  const databases = Math.max(
    1,
    ceil(Math.max(demand.cpu / (postgres.workingCores * inputs.utilisation), demand.atLeast.disk)),
  )
  const nodes = databases * synchronousCopies
  return {
    name: 'postgres',
    nodes,
    limitedBy: databases > 1 ? 'disk or CPU' : 'copies',
    shape: postgres,
    cores: nodes * postgres.cores,
    memoryGiB: nodes * postgres.memoryGiB,
    diskTB: (bytes * synchronousCopies) / TB,
    networkMBps: demand.networkMBps,
    utilisation: cpu / (databases * postgres.workingCores),
    utilisationZoneLost: cpu / (databases * postgres.workingCores),
    notes: [
      databases === 1
        ? 'one primary with two standbys, one of them synchronous'
        : `${databases} primaries by user with two standbys each: not built, one database is what the program can use`,
    ],
  }
}
