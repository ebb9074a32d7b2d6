import { groupStoreSuite } from '../../conformance/group-store.ts'
import { memoryGroupStore } from './group-store.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(groupStoreSuite, (storage) => memoryGroupStore(storage.groups))
