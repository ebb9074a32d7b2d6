// A consumer as it is often written: for every event it reads the group's row, adds one, and writes the row back.
// Arguments: the file of services, the topic, its partitions, the keyspace.
import { readFileSync } from 'node:fs'
import cassandra from 'cassandra-driver'
import { KafkaEventLog } from '../../server/src/engines/kafka/event-log.ts'
import { openKafka } from '../../server/src/engines/kafka/open.ts'
import { systemSeams } from '../../server/src/lib/system-seams.ts'
import type { ActivityEvent } from '../../server/src/model/event.ts'
import type { Offset, Partition } from '../../server/src/model/ids.ts'
import { serve } from '../measuring/child.ts'

const [file = '', topic = '', partitions = '', keyspace = ''] = process.argv.slice(2)
const inFlightMax = 256
const { kafka: addresses, cassandra: nodes } = JSON.parse(readFileSync(file, 'utf8'))

const client = new cassandra.Client({
  contactPoints: nodes.contactPoints,
  protocolOptions: { port: nodes.port },
  localDataCenter: nodes.localDataCenter,
  pooling: { maxRequestsPerConnection: 2_048 },
})
await client.connect()
await client.execute(
  `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${nodes.localDataCenter}': 1}`,
)
await client.execute(
  `CREATE TABLE IF NOT EXISTS ${keyspace}.counts (user_id text, key text, count bigint, newest text, PRIMARY KEY (user_id, key))`,
)
const read = `SELECT count FROM ${keyspace}.counts WHERE user_id = ? AND key = ?`
const write = `INSERT INTO ${keyspace}.counts (user_id, key, count, newest) VALUES (?, ?, ?, ?)`
const prepared = { prepare: true }

const log = new KafkaEventLog(
  await openKafka({ brokers: addresses.brokers, topic, partitions: Number(partitions), replication: 1 }, systemSeams),
  systemSeams,
)

/** Events of one group wait for each other, or some would be lost; different groups go on side by side. */
const last = new Map<string, Promise<void>>()
let inFlight = 0
let wake: () => void = () => {}

async function addOne({ targetUser, eventType, objectId, actor }: ActivityEvent): Promise<void> {
  const key = `${eventType}:${objectId}`
  const { rows } = await client.execute(read, [targetUser, key], prepared)
  const count = Number(rows[0]?.count ?? 0) + 1
  await client.execute(write, [targetUser, key, cassandra.types.Long.fromNumber(count), actor], prepared)
}

async function take(event: ActivityEvent): Promise<void> {
  while (inFlight >= inFlightMax) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  inFlight++
  const id = `${event.targetUser}:${event.eventType}:${event.objectId}`
  const mine = (last.get(id) ?? Promise.resolve()).then(() => addOne(event))
  last.set(id, mine)
  void mine.then(() => {
    if (last.get(id) === mine) last.delete(id)
    inFlight--
    wake()
  })
}

/** Works off so many events; resolves with the seconds that it took. */
async function workOff(events: number): Promise<number> {
  await using consumer = await log.join()
  let started = 0
  for (let done = 0; done < events; ) {
    const { records } = await consumer.poll(4_096, 1_000)
    if (records.length > 0 && started === 0) started = performance.now()
    const offsets = new Map<Partition, Offset>()
    for (const { value, partition, offset } of records) {
      if (value.kind === 'event') await take(value.event)
      offsets.set(partition, offset + 1)
      done++
    }
    await Promise.all(last.values())
    if (offsets.size > 0) await consumer.commit(offsets)
  }
  return (performance.now() - started) / 1_000
}

serve({}, { workOff })
