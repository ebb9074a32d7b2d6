import type { Seams } from '../../lib/seams.ts'
import type { Ports } from '../../ports/ports.ts'
import { memoryDeviceStore } from './device-store.ts'
import { type MemoryLogSettings, memoryEventLog } from './event-log.ts'
import { memoryGroupStore } from './group-store.ts'
import { memoryIdempotencyStore } from './idempotency-store.ts'
import { memoryMemberStore } from './member-store.ts'
import { memoryObjectIndex } from './object-index.ts'
import { memoryOfflineQueue } from './offline-queue.ts'
import { memoryPubSub } from './pub-sub.ts'
import { memoryReadMarks } from './read-marks.ts'
import { memoryRevocationStore } from './revocation-store.ts'
import { memorySessionRegistry } from './session-registry.ts'
import { createMemoryStorage, type MemoryStorage, type MemoryStorageSettings } from './storage.ts'
import { memoryTraceStore } from './trace-store.ts'
import { memoryUnreadSets } from './unread-sets.ts'
import { memoryUserStore } from './user-store.ts'

export interface MemorySettings extends MemoryStorageSettings, MemoryLogSettings {}

export interface MemoryEngines extends AsyncDisposable {
  readonly ports: Ports
  readonly storage: MemoryStorage
}

/**
 * An engine in memory for every port. On the storage of other engines it is a second server beside them, or the same one
 * after a restart; closing the engines leaves the storage as it is.
 */
export function openMemory(
  settings: MemorySettings,
  seams: Seams,
  storage: MemoryStorage = createMemoryStorage(settings),
): MemoryEngines {
  const ports: Ports = {
    log: memoryEventLog(storage.log, seams, settings),
    groups: memoryGroupStore(storage.groups),
    members: memoryMemberStore(storage.members),
    objects: memoryObjectIndex(storage.objects),
    marks: memoryReadMarks(storage.marks),
    users: memoryUserStore(storage.users),
    revocations: memoryRevocationStore(storage.revocations),
    devices: memoryDeviceStore(storage.devices),
    idempotency: memoryIdempotencyStore(storage.idempotency),
    traces: memoryTraceStore(storage.traces),
    ...openMemoryCaches(storage),
  }
  return {
    ports,
    storage,
    async [Symbol.asyncDispose]() {
      for (const port of Object.values<AsyncDisposable>({ ...ports })) await port[Symbol.asyncDispose]()
    },
  }
}

/** What may be lost at any time, for a server whose truth is kept elsewhere. */
export function openMemoryCaches(
  storage: Pick<MemoryStorage, 'unread' | 'offline' | 'pubSub' | 'sessions'> = createMemoryStorage(),
): Pick<Ports, 'unread' | 'offline' | 'pubSub' | 'sessions'> {
  return {
    unread: memoryUnreadSets(storage.unread),
    offline: memoryOfflineQueue(storage.offline),
    pubSub: memoryPubSub(storage.pubSub),
    sessions: memorySessionRegistry(storage.sessions),
  }
}
