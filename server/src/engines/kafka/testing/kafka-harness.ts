import type { Harness } from '../../../conformance/frame.ts'
import type { Seams } from '../../../lib/seams.ts'
import { systemSeams } from '../../../lib/system-seams.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { KafkaClient } from '../client.ts'
import { KafkaEventLog, type KafkaLogSettings } from '../event-log.ts'
import { epochTopic } from '../log-epoch.ts'
import { connectKafka, type KafkaSettings, openKafka } from '../open.ts'

/** Few, so that making and deleting a topic for each case costs little. */
const partitions = 4

export const testSettings = (brokers: readonly string[], topic: string): KafkaSettings => ({
  brokers,
  topic,
  partitions,
  replication: 1,
})

/** A log of a test: closing it closes the client as well. */
export async function openTestLog(
  kafkaSettings: KafkaSettings,
  settings: KafkaLogSettings = {},
  seams: Seams = systemSeams,
): Promise<KafkaEventLog & { readonly client: KafkaClient }> {
  const kafka = await openKafka(kafkaSettings, seams)
  const log = new KafkaEventLog(kafka, seams, { heartbeatMs: 100, ...settings })
  const close = log[Symbol.asyncDispose].bind(log)
  return Object.assign(log, {
    client: kafka.client,
    async [Symbol.asyncDispose]() {
      await close()
      await kafka[Symbol.asyncDispose]()
    },
  })
}

/** Each namespace is a topic. */
export function kafkaHarness(brokers: readonly string[]): Harness<EventLog> {
  return {
    engine: 'kafka',
    open: (namespace, seams) => openTestLog(testSettings(brokers, namespace), { patienceMs: 2_500 }, seams),
    drop: (namespace) => dropTopics(brokers, [namespace, epochTopic(namespace)]),
    disturb: { loseLog: (namespace) => dropTopics(brokers, [namespace]) },
    time: 'system',
    modelRuns: 8,
  }
}

export async function dropTopics(brokers: readonly string[], topics: readonly string[]): Promise<void> {
  await using client = await connectKafka({ brokers }, systemSeams)
  await client.deleteTopics(topics)
}
