import { pubSubSuite } from '../../conformance/pub-sub.ts'
import { memoryPubSub } from './pub-sub.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(pubSubSuite, (storage) => memoryPubSub(storage.pubSub))
