import { eventLogSuite } from '../../conformance/event-log.ts'
import { memoryEventLog } from './event-log.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(eventLogSuite, (storage, seams) => memoryEventLog(storage.log, seams))
