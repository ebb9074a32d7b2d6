import type { GroupId, Seq, UserId } from '../model/ids.ts'

/**
 * References to the newest changes of users who have no socket: a cache of "what changed since". Emptied by no device.
 *
 * Promises, each a case in conformance/offline-queue.ts:
 * - An answer is complete from the position asked for, or there is none.
 * - A push that does not continue where the queue ends starts the queue anew.
 * - At most `max` changes are kept a user, the newest.
 */
export interface OfflineQueue extends AsyncDisposable {
  push(changes: readonly QueuedChanges[], max: number): Promise<void>
  /** The changes above `after`, lowest first; `undefined` when the queue does not reach back that far. */
  read(user: UserId, after: Seq): Promise<readonly QueuedChange[] | undefined>
  drop(users: readonly UserId[]): Promise<void>
  entries(): Promise<number>
}

export interface QueuedChanges {
  readonly user: UserId
  readonly from: Seq
  readonly to: Seq
  readonly changes: readonly QueuedChange[]
}

/** `groupId` null = a mark. */
export interface QueuedChange {
  readonly seq: Seq
  readonly groupId: GroupId | null
}
