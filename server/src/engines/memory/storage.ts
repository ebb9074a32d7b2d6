import type { DeviceState } from './device-store.ts'
import { type LogState, newLogState } from './event-log-state.ts'
import type { GroupState } from './group-store.ts'
import type { IdempotencyState } from './idempotency-store.ts'
import { type MemberState, newMemberState } from './member-store.ts'
import type { ObjectIndexState } from './object-index.ts'
import { newOfflineState, type OfflineSettings, type OfflineState } from './offline-queue.ts'
import { newPubSubState, type PubSubState } from './pub-sub.ts'
import type { MarkState } from './read-marks.ts'
import { newRevocationState, type RevocationState } from './revocation-store.ts'
import { newSessionState, type SessionState } from './session-registry.ts'
import type { TraceState } from './trace-store.ts'
import { newUnreadState, type UnreadSettings, type UnreadState } from './unread-sets.ts'
import type { UsedTicketState } from './used-tickets.ts'
import { newUserState, type UserState } from './user-store.ts'

/**
 * What outlives the engines that are opened on it: the disk of engines in memory, and the network between them. Two
 * servers are two sets of engines on one storage.
 */
export interface MemoryStorage {
  readonly log: LogState
  readonly groups: GroupState
  readonly members: MemberState
  readonly objects: ObjectIndexState
  readonly marks: MarkState
  readonly users: UserState
  readonly revocations: RevocationState
  readonly devices: DeviceState
  readonly idempotency: IdempotencyState
  readonly traces: TraceState
  readonly unread: UnreadState
  readonly offline: OfflineState
  readonly pubSub: PubSubState
  readonly sessions: SessionState
  readonly usedTickets: UsedTicketState
}

export interface MemoryStorageSettings {
  /** Partitions of the log. Default 4. */
  readonly partitions?: number | undefined
  readonly unread?: UnreadSettings
  readonly offline?: OfflineSettings
}

export function createMemoryStorage({ partitions = 4, unread, offline }: MemoryStorageSettings = {}): MemoryStorage {
  return {
    log: newLogState(partitions),
    groups: new Map(),
    members: newMemberState(),
    objects: new Map(),
    marks: new Map(),
    users: newUserState(),
    revocations: newRevocationState(),
    devices: new Map(),
    idempotency: new Map(),
    traces: new Map(),
    unread: newUnreadState(unread),
    offline: newOfflineState(offline),
    pubSub: newPubSubState(),
    sessions: newSessionState(),
    usedTickets: new Map(),
  }
}
