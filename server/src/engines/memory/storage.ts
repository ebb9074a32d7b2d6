import type { DeviceState } from './device-store.ts'
import { type LogState, newLogState } from './event-log-state.ts'
import type { GroupState } from './group-store.ts'
import type { IdempotencyState } from './idempotency-store.ts'
import { type MemberState, newMemberState } from './member-store.ts'
import type { ObjectIndexState } from './object-index.ts'
import type { MarkState } from './read-marks.ts'
import { newRevocationState, type RevocationState } from './revocation-store.ts'
import type { TraceState } from './trace-store.ts'
import { newUnreadState, type UnreadState } from './unread-sets.ts'
import { newUserState, type UserState } from './user-store.ts'

/** What outlives the engines that are opened on it: the memory's disk. Two servers are two sets of engines on one storage. */
export interface MemoryStorage {
  readonly log: LogState
  readonly groups: GroupState
  readonly members: MemberState
  readonly marks: MarkState
  readonly objects: ObjectIndexState
  readonly users: UserState
  readonly revocations: RevocationState
  readonly devices: DeviceState
  readonly idempotency: IdempotencyState
  readonly traces: TraceState
  readonly unread: UnreadState
}

export interface MemoryStorageSettings {
  /** Partitions of the log. */
  readonly partitions?: number
}

export function createMemoryStorage({ partitions = 4 }: MemoryStorageSettings = {}): MemoryStorage {
  return {
    log: newLogState(partitions),
    groups: new Map(),
    members: newMemberState(),
    marks: new Map(),
    objects: new Map(),
    users: newUserState(),
    revocations: newRevocationState(),
    devices: new Map(),
    idempotency: new Map(),
    traces: new Map(),
    unread: newUnreadState(),
  }
}
