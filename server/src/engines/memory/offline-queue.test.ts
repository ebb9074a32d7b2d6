import { offlineQueueSuite } from '../../conformance/offline-queue.ts'
import { memoryOfflineQueue } from './offline-queue.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(offlineQueueSuite, (storage) => memoryOfflineQueue(storage.offline))
