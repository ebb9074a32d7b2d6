import type { DeviceStore } from './device-store.ts'
import type { EventLog } from './event-log.ts'
import type { GroupStore } from './group-store.ts'
import type { IdempotencyStore } from './idempotency-store.ts'
import type { MemberStore } from './member-store.ts'
import type { ObjectIndex } from './object-index.ts'
import type { OfflineQueue } from './offline-queue.ts'
import type { ParkedRecords } from './parked-records.ts'
import type { PubSub } from './pub-sub.ts'
import type { ReadMarks } from './read-marks.ts'
import type { RevocationStore } from './revocation-store.ts'
import type { SessionRegistry } from './session-registry.ts'
import type { TraceStore } from './trace-store.ts'
import type { UnreadSets } from './unread-sets.ts'
import type { UsedTickets } from './used-tickets.ts'
import type { UserStore } from './user-store.ts'
import type { ViewWriter } from './view-writer.ts'

/** One engine for every port: what a server stands on. */
export interface Ports {
  readonly log: EventLog
  readonly groups: GroupStore
  readonly members: MemberStore
  readonly objects: ObjectIndex
  readonly marks: ReadMarks
  readonly users: UserStore
  readonly revocations: RevocationStore
  readonly devices: DeviceStore
  readonly idempotency: IdempotencyStore
  readonly traces: TraceStore
  readonly unread: UnreadSets
  readonly offline: OfflineQueue
  readonly pubSub: PubSub
  readonly sessions: SessionRegistry
  readonly usedTickets: UsedTickets
  /** Where records are set aside that cannot be folded. */
  readonly parked?: ParkedRecords
  /** Where one database holds groups, members, marks and the object index. */
  readonly views?: ViewWriter
  /** True where this process makes all writes, so that what was read may be kept until it writes. */
  readonly soleWriter?: boolean
}
