import { eventLogSuite } from '../../conformance/event-log.ts'
import { runSuite } from '../../conformance/frame.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { kafkaHarness } from './testing/kafka-harness.ts'

whereServicesRun('event-log on kafka', ['kafka'], ({ kafka }) => {
  runSuite(eventLogSuite, kafkaHarness(kafka.brokers))
})
