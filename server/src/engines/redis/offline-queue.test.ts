import { offlineQueueSuite } from '../../conformance/offline-queue.ts'
import { runOnRedis } from './run-on-redis.ts'

runOnRedis(offlineQueueSuite, (ports) => ports.offline)
