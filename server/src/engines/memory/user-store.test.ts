import { userStoreSuite } from '../../conformance/user-store.ts'
import { runOnMemory } from './run-on-memory.ts'
import { memoryUserStore } from './user-store.ts'

runOnMemory(userStoreSuite, (storage) => memoryUserStore(storage.users))
