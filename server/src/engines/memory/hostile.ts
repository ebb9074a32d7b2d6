import type { Seams } from '../../lib/seams.ts'
import type { Ports } from '../../ports/ports.ts'
import { memoryDeviceStore } from './device-store.ts'
import type { MemoryLogSettings } from './event-log.ts'
import { memoryGroupStore } from './group-store.ts'
import { hostileOfflineQueue, hostileSessionRegistry, hostileUnreadSets, hostileUsedTickets } from './hostile-caches.ts'
import { type HostileContext, hostileEventLog } from './hostile-log.ts'
import { HostileProcess } from './hostile-process.ts'
import { hostilePubSub } from './hostile-pub-sub.ts'
import { createLine, hostileStore, type Kinds, tornGroupStore } from './hostile-stores.ts'
import type { HostileWorld } from './hostile-world.ts'
import { memoryIdempotencyStore } from './idempotency-store.ts'
import { memoryMemberStore } from './member-store.ts'
import { memoryObjectIndex } from './object-index.ts'
import { memoryReadMarks } from './read-marks.ts'
import { memoryRevocationStore } from './revocation-store.ts'
import type { MemoryStorage } from './storage.ts'
import { memoryTraceStore } from './trace-store.ts'
import { memoryUserStore } from './user-store.ts'

export { Crashed } from './hostile-process.ts'
export { HostileWorld, troubled } from './hostile-world.ts'

export interface HostileEngineSettings extends MemoryLogSettings {
  /** `GroupStore.ordered`. Default false. */
  readonly ordered?: boolean
  /** Calls of a dead process stay under way for ever, instead of throwing `Crashed`. Default false. */
  readonly silent?: boolean
  /** Hears of every call that reached the storage, and what came of it. */
  readonly note?: (line: string) => void
}

/** The engines as one server process sees them, and the process itself. */
export interface HostileEngines {
  readonly ports: Ports
  /** Every call throws `Crashed`, those under way too, until `thaw`. The storage stays as it is. */
  crash(): void
  /** Every call hangs until `thaw`, and then goes on as if nothing had been. */
  freeze(): void
  thaw(): void
  /** Aborted when the process dies. */
  readonly death: AbortSignal
}

/**
 * Memory engines that keep every promise of the ports and nothing more: one server's view of a storage that others share.
 *
 *     const world = new HostileWorld(seams, { seed, reviveAfterMs: 500 })
 *     const api = hostileEngines(storage, seams, world)
 *     const worker = hostileEngines(storage, seams, world)
 *     … trouble …
 *     world.calm()
 *     … settle and compare; print the seed and world.report() …
 *
 * Time must move while calls are under way: delays and late effects hang on the scheduler of the seams.
 */
export function hostileEngines(
  storage: MemoryStorage,
  seams: Seams,
  world: HostileWorld,
  settings: HostileEngineSettings = {},
): HostileEngines {
  const process = new HostileProcess(world, seams, settings.silent, settings.note)
  const context: HostileContext = { world, process, seams }
  const ordered = settings.ordered ?? false
  const line = ordered ? createLine() : undefined
  const store = <Port extends AsyncDisposable>(name: keyof Ports, port: Port, kinds: Kinds<Port>): Port =>
    hostileStore(name, port, kinds, context, line)
  const groups = tornGroupStore(memoryGroupStore(storage.groups), context, ordered)
  return {
    ports: {
      log: hostileEventLog(storage.log, context, settings),
      groups: store('groups', groups, {
        putGroups: 'write',
        putHeads: 'write',
        heads: 'read',
        get: 'read',
        ofKeys: 'read',
        list: 'read',
        changesSince: 'read',
        unread: 'read',
        purge: 'erase',
      }),
      members: store('members', memoryMemberStore(storage.members, storage.groups), {
        index: 'write',
        put: 'write',
        registers: 'read',
        list: 'read',
        countFirst: 'read',
        groupsOfActor: 'read',
        erase: 'erase',
      }),
      objects: store('objects', memoryObjectIndex(storage.objects), {
        put: 'write',
        remove: 'erase',
        groups: 'read',
        targets: 'read',
        putTombstone: 'write',
        tombstones: 'read',
        newestTombstones: 'read',
        purgeTombstones: 'erase',
      }),
      marks: store('marks', memoryReadMarks(storage.marks), {
        raise: 'write',
        get: 'read',
        above: 'read',
        changesSince: 'read',
        purge: 'erase',
      }),
      users: store('users', memoryUserStore(storage.users), {
        put: 'once',
        get: 'read',
        erase: 'once',
        erasures: 'read',
        sweepDone: 'once',
      }),
      revocations: store('revocations', memoryRevocationStore(storage.revocations), {
        revoke: 'once',
        since: 'read',
        purge: 'once',
      }),
      devices: store('devices', memoryDeviceStore(storage.devices), {
        ack: 'once',
        get: 'read',
        list: 'read',
        purge: 'once',
      }),
      idempotency: store('idempotency', memoryIdempotencyStore(storage.idempotency), {
        begin: 'once',
        complete: 'once',
        abandon: 'once',
        purge: 'once',
      }),
      traces: store('traces', memoryTraceStore(storage.traces), { put: 'once', get: 'read', purge: 'once' }),
      unread: hostileUnreadSets(storage, context),
      offline: hostileOfflineQueue(storage, context),
      pubSub: hostilePubSub(storage.pubSub, context),
      sessions: hostileSessionRegistry(storage, context),
      usedTickets: hostileUsedTickets(storage, context),
    },
    crash: () => process.crash(),
    freeze: () => process.freeze(),
    thaw: () => process.thaw(),
    death: process.death,
  }
}
