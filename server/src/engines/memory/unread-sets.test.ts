import { unreadSetsSuite } from '../../conformance/unread-sets.ts'
import { runOnMemory } from './run-on-memory.ts'
import { memoryUnreadSets } from './unread-sets.ts'

runOnMemory(unreadSetsSuite, (storage) => memoryUnreadSets(storage.unread))
