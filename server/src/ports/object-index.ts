import type { ObjectType } from '@headwater/protocol'
import type { GroupId, UserId } from '../model/ids.ts'

/**
 * Which users have groups about an object, and which objects were deleted. Written before the group that opens, so that
 * a deletion finds every group or the opening finds the deletion.
 *
 * Promises, each a case in conformance/object-index.ts:
 * - A write that returned is still there after close and reopen, and seen by every read that starts later.
 * - A target user is listed once per object, however often put; a walk by `after` meets each once.
 * - The groups of a user about an object are all that were put, each once, until they are removed.
 * - A tombstone's time only rises.
 * - The newest tombstones come newest first, each object once.
 * - A purge forgets the tombstones of before a time, and no others.
 */
export interface ObjectIndex extends AsyncDisposable {
  put(entries: readonly ObjectEntry[]): Promise<void>
  remove(entries: readonly ObjectEntry[]): Promise<void>
  /** The user's groups about the object. */
  groups(object: ObjectRef, user: UserId): Promise<readonly GroupId[]>
  targets(object: ObjectRef, after: UserId | null, limit: number): Promise<readonly UserId[]>
  /** Everything about the object created at or before `deletedAt` (milliseconds) is gone. */
  putTombstone(object: ObjectRef, deletedAt: number): Promise<void>
  tombstones(objects: readonly ObjectRef[]): Promise<readonly (number | undefined)[]>
  newestTombstones(limit: number): Promise<readonly Tombstone[]>
  purgeTombstones(deletedBefore: number): Promise<void>
}

export interface Tombstone {
  readonly object: ObjectRef
  readonly deletedAt: number
}

export interface ObjectRef {
  readonly objectType: ObjectType
  readonly objectId: string
}

export interface ObjectEntry {
  readonly object: ObjectRef
  readonly user: UserId
  readonly groupId: GroupId
}
