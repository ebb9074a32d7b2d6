import { traceStoreSuite } from '../../conformance/trace-store.ts'
import { runOnMemory } from './run-on-memory.ts'
import { memoryTraceStore } from './trace-store.ts'

runOnMemory(traceStoreSuite, (storage) => memoryTraceStore(storage.traces))
