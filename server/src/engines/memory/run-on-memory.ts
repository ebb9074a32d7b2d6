import { type Harness, runSuite, type Suite } from '../../conformance/frame.ts'
import type { Seams } from '../../lib/seams.ts'
import { loseRecords } from './event-log-state.ts'
import { breakSubscriptions } from './pub-sub.ts'
import { createMemoryStorage, type MemoryStorage } from './storage.ts'

/** Runs a suite on an engine of this folder; each namespace is a storage. */
export function runOnMemory<Port extends AsyncDisposable>(
  suite: Suite<Port>,
  open: (storage: MemoryStorage, seams: Seams) => Port,
): void {
  const storages = new Map<string, MemoryStorage>()
  const storageOf = (namespace: string): MemoryStorage => {
    const storage = storages.get(namespace) ?? createMemoryStorage()
    storages.set(namespace, storage)
    return storage
  }
  const harness: Harness<Port> = {
    engine: 'memory',
    open: async (namespace, seams) => open(storageOf(namespace), seams),
    drop: async (namespace) => void storages.delete(namespace),
    disturb: {
      loseLog: async (namespace) => loseRecords(storageOf(namespace).log),
      breakPubSub: async (namespace) => breakSubscriptions(storageOf(namespace).pubSub),
    },
  }
  runSuite(suite, harness)
}
