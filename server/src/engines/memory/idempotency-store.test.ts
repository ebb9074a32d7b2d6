import { idempotencyStoreSuite } from '../../conformance/idempotency-store.ts'
import { memoryIdempotencyStore } from './idempotency-store.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(idempotencyStoreSuite, (storage) => memoryIdempotencyStore(storage.idempotency))
