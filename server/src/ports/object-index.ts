import type { ObjectType } from '@headwater/protocol'
import type { UserId } from '../model/ids.ts'

/**
 * Which users have groups about an object, and which objects were deleted. Written before the group that opens, so that
 * a deletion finds every group or the opening finds the deletion.
 *
 * Promises, each a case in conformance/object-index.ts:
 * - A write that returned is still there after close and reopen, and seen by every read that starts later.
 * - A target user is listed once per object, however often put; a walk by `after` meets each once.
 * - A tombstone's time only rises.
 */
export interface ObjectIndex extends AsyncDisposable {
  put(entries: readonly { readonly object: ObjectRef; readonly user: UserId }[]): Promise<void>
  targets(object: ObjectRef, after: UserId | null, limit: number): Promise<readonly UserId[]>
  /** Everything about the object created at or before `deletedAt` (milliseconds) is gone. */
  putTombstone(object: ObjectRef, deletedAt: number): Promise<void>
  tombstones(objects: readonly ObjectRef[]): Promise<readonly (number | undefined)[]>
}

export interface ObjectRef {
  readonly objectType: ObjectType
  readonly objectId: string
}
