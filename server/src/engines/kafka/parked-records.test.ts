import { runSuite } from '../../conformance/frame.ts'
import { type LogWithParked, parkedRecordsSuite } from '../../conformance/parked-records.ts'
import type { Seams } from '../../lib/seams.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { KafkaEventLog } from './event-log.ts'
import { epochTopic } from './log-epoch.ts'
import { openKafka } from './open.ts'
import { KafkaParkedRecords, parkedTopic } from './parked-records.ts'
import { dropTopics, testSettings } from './testing/kafka-harness.ts'

whereServicesRun('parked-records on kafka', ['kafka'], ({ kafka: { brokers } }) => {
  runSuite(parkedRecordsSuite, {
    engine: 'kafka',
    open: (namespace, seams) => openLogWithParked(brokers, namespace, seams),
    drop: (namespace) => dropTopics(brokers, [namespace, epochTopic(namespace), parkedTopic(namespace)]),
    time: 'system',
    modelRuns: 5,
  })
})

async function openLogWithParked(brokers: readonly string[], topic: string, seams: Seams): Promise<LogWithParked> {
  await using opened = new AsyncDisposableStack()
  const kafka = opened.use(await openKafka(testSettings(brokers, topic), seams))
  const log = opened.use(new KafkaEventLog(kafka, seams))
  const parked = new KafkaParkedRecords(kafka, { replication: 1, retentionMs: 86_400_000 }, seams.clock)
  const parts = opened.move()
  return { log, parked, [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose]() }
}
