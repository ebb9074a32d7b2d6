import type { Clock, Seams } from '../../lib/seams.ts'
import type { GroupRow } from '../../model/activity-group.ts'
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
import type { MemoryStorage } from './storage.ts'
import { memoryTraceStore } from './trace-store.ts'
import { memoryUnreadSets } from './unread-sets.ts'
import { memoryUsedTickets } from './used-tickets.ts'
import { memoryUserStore } from './user-store.ts'

/** An engine in memory for every port. Opened again on the same storage it finds what was there. */
export function openMemory(storage: MemoryStorage, seams: Seams, settings: MemoryLogSettings = {}): Ports {
  const members = memoryMemberStore(storage.members, storage.groups)
  const objects = memoryObjectIndex(storage.objects)
  const marks = memoryReadMarks(storage.marks)
  return {
    log: memoryEventLog(storage.log, seams, settings),
    groups: memoryGroupStore(storage.groups, forget),
    members,
    objects,
    marks,
    users: memoryUserStore(storage.users),
    revocations: memoryRevocationStore(storage.revocations),
    devices: memoryDeviceStore(storage.devices),
    idempotency: memoryIdempotencyStore(storage.idempotency),
    traces: memoryTraceStore(storage.traces),
    ...openMemoryCaches(storage, seams.clock),
  }

  async function forget(rows: readonly GroupRow[]): Promise<void> {
    await members.erase(rows.map(({ user, groupId }) => ({ user, groupId })))
    await objects.remove(rows.map(({ user, groupId, ...object }) => ({ user, groupId, object })))
    for (const { user, groupId } of rows) await marks.purge(user, [groupId])
  }
}

/** What may be lost at any time, for a server whose truth is kept elsewhere. */
export function openMemoryCaches(
  storage: Pick<MemoryStorage, 'unread' | 'offline' | 'pubSub' | 'sessions' | 'usedTickets'>,
  clock: Pick<Clock, 'now'>,
): Pick<Ports, 'unread' | 'offline' | 'pubSub' | 'sessions' | 'usedTickets'> {
  return {
    unread: memoryUnreadSets(storage.unread),
    offline: memoryOfflineQueue(storage.offline),
    pubSub: memoryPubSub(storage.pubSub),
    sessions: memorySessionRegistry(storage.sessions),
    usedTickets: memoryUsedTickets(storage.usedTickets, clock),
  }
}
