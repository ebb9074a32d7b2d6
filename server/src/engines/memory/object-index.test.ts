import { objectIndexSuite } from '../../conformance/object-index.ts'
import { memoryObjectIndex } from './object-index.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(objectIndexSuite, (storage) => memoryObjectIndex(storage.objects))
