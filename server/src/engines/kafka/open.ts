import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { KafkaClient, TopicShape } from './client.ts'
import { Cluster, type ConnectionSettings } from './cluster.ts'
import { refusal, settleEpoch } from './log-epoch.ts'
import { PlatformaticClient } from './platformatic-client.ts'

export interface KafkaSettings {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[]
  readonly topic?: string
  /** Fixed with the first start. */
  readonly partitions?: number
  readonly replication?: number
  /** How many replicas have a record before it counts as stored. */
  readonly minInSync?: number
  readonly retentionMs?: number
  /** The first epoch of a log that is made; above all that the views have seen of an earlier one. */
  readonly firstEpoch?: number
  readonly clientId?: string
  readonly requestTimeoutMs?: number
  readonly connectTimeoutMs?: number
  /** As the driver @platformatic/kafka has them. */
  readonly tls?: object
  readonly sasl?: object
}

/** The topic that holds the log, checked, and the client to reach it. */
export interface Kafka extends AsyncDisposable {
  readonly client: KafkaClient
  readonly topic: string
  readonly topicId: string
  readonly partitions: number
  readonly epoch: number
  /** What a person should know who runs it. */
  readonly warnings: readonly string[]
}

const inSync = 'min.insync.replicas'
const week = 7 * 24 * 3_600_000

/**
 * Connects to Kafka and makes the topic when it is missing. Rejects with a HeadwaterError whose detail tells the operator
 * what is wrong: no broker, other partitions than configured, settings of the topic under which records could be lost.
 */
export async function openKafka(settings: KafkaSettings, seams: Seams): Promise<Kafka> {
  const client = await connectKafka(settings, seams)
  try {
    return await openTopic(client, settings)
  } catch (error) {
    await client[Symbol.asyncDispose]()
    if (HeadwaterError.is(error)) throw error
    throw refusal(`Kafka at ${settings.brokers.join(', ')} cannot be used: ${(error as Error).message}`, error)
  }
}

/** The client alone: nothing is asked or made before it is used. */
export async function connectKafka(settings: KafkaSettings, seams: Seams): Promise<KafkaClient> {
  const driver = await import('@platformatic/kafka')
  return new PlatformaticClient(new Cluster(driver, connectionOf(settings), seams))
}

function connectionOf(settings: KafkaSettings): ConnectionSettings {
  return {
    brokers: settings.brokers,
    clientId: settings.clientId ?? 'headwater',
    requestTimeoutMs: settings.requestTimeoutMs ?? 5_000,
    connectTimeoutMs: settings.connectTimeoutMs ?? 2_000,
    tls: settings.tls,
    sasl: settings.sasl,
  }
}

async function openTopic(client: KafkaClient, settings: KafkaSettings): Promise<Kafka> {
  const { topic = 'headwater.activity', partitions = 512, replication = 3, firstEpoch = 0 } = settings
  const minInSync = settings.minInSync ?? Math.max(1, replication - 1)
  const lacking = await client.lacking()
  if (lacking !== undefined) throw refusal(lacking)
  let found = await client.topic(topic)
  if (!found) {
    await client.createTopic(topic, shapeOf(partitions, replication, minInSync, settings.retentionMs ?? week))
    found = await client.topic(topic)
  }
  if (!found) throw refusal(`The topic ${topic} was made and is gone again`)
  if (found.partitions !== partitions) {
    throw refusal(
      `The topic ${topic} has ${found.partitions} partitions and the configuration asks for ${partitions}. A user's records ` +
        `would be looked for in another one: set it to ${found.partitions}`,
    )
  }
  const warnings = await checkSettings(client, topic, found.replication)
  const epoch = await settleEpoch(client, topic, found, { replication, minInSync, firstEpoch })
  return {
    client,
    topic,
    topicId: found.id,
    partitions,
    epoch,
    warnings,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

const shapeOf = (partitions: number, replication: number, minInSync: number, retentionMs: number): TopicShape => ({
  partitions,
  replication,
  settings: {
    // The broker's time: of several servers with different clocks none decides when a record was appended.
    'message.timestamp.type': 'LogAppendTime',
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    [inSync]: String(minInSync),
    'unclean.leader.election.enable': 'false',
  },
})

/** Refuses what loses records for sure; warns of what loses them with one broker. */
async function checkSettings(client: KafkaClient, topic: string, replication: number): Promise<string[]> {
  const needed = {
    'message.timestamp.type': 'LogAppendTime',
    'cleanup.policy': 'delete',
    'unclean.leader.election.enable': 'false',
  }
  const is = await client.topicSettings(topic, [...Object.keys(needed), inSync])
  for (const [key, value] of Object.entries(needed)) {
    if (is.get(key) === value) continue
    throw refusal(`The topic ${topic} has ${key}=${is.get(key)} and needs ${value}, or records are lost or dated anew`)
  }
  if (replication > 1 && Number(is.get(inSync)) > 1) return []
  return [
    `The topic ${topic} has ${replication} replicas and ${inSync}=${is.get(inSync)}: the loss of one broker loses events`,
  ]
}
