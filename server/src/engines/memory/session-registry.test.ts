import { sessionRegistrySuite } from '../../conformance/session-registry.ts'
import { runOnMemory } from './run-on-memory.ts'
import { memorySessionRegistry } from './session-registry.ts'

runOnMemory(sessionRegistrySuite, (storage) => memorySessionRegistry(storage.sessions))
