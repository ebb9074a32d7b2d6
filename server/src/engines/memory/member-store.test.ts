import { memberStoreSuite } from '../../conformance/member-store.ts'
import { memoryMemberStore } from './member-store.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(memberStoreSuite, (storage) => memoryMemberStore(storage.members, storage.groups))
