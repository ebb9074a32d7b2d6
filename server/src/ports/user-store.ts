import type { JsonObject } from '@headwater/protocol'
import type { Seq, UserId } from '../model/ids.ts'

export interface UserRecord {
  readonly id: UserId
  readonly name: string
  readonly avatarUrl: string | null
  readonly locale: string | null
  readonly properties: JsonObject
  readonly createdAt: number
  readonly updatedAt: number
}

export interface UserErasure {
  readonly id: UserId
  readonly erasedAt: number
  /** By partition of the log: what lies below may be of who was erased, the rest is of who was made anew. Empty = not known. */
  readonly before: readonly Seq[]
}

/**
 * Who users are.
 *
 * Promises, each a case in conformance/user-store.ts:
 * - A write that returned is still there after close and reopen, and seen by every read that starts later.
 * - A put keeps `createdAt` of the record that was there.
 * - An erased user is gone from `get` at once and listed by `erasures` until its sweep is done.
 */
export interface UserStore extends AsyncDisposable {
  put(user: Omit<UserRecord, 'createdAt' | 'updatedAt'>, now: number): Promise<UserRecord>
  get(ids: readonly UserId[]): Promise<readonly (UserRecord | undefined)[]>
  /**
   * Removes the record and notes that memberships remain to be swept. True when there was anything to remove. An erasure
   * that is noted while one of before is due has a later `erasedAt`, whatever the clock says.
   */
  erase(id: UserId, now: number, before: readonly Seq[]): Promise<boolean>
  /** The oldest first. */
  erasures(limit: number): Promise<readonly UserErasure[]>
  /** The sweep of what was noted at `erasedAt` is done. Of an erasure that came later it is still due. */
  sweepDone(id: UserId, erasedAt: number): Promise<void>
}
