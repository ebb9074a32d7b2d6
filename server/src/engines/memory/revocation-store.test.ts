import { revocationStoreSuite } from '../../conformance/revocation-store.ts'
import { memoryRevocationStore } from './revocation-store.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(revocationStoreSuite, (storage) => memoryRevocationStore(storage.revocations))
