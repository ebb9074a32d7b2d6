import type { DeviceId, UserId } from '../model/ids.ts'

/**
 * Which users have sockets, and on which nodes. Entries die with their node: each has a time to live that a heartbeat renews.
 *
 * Promises, each a case in conformance/session-registry.ts:
 * - A session that was put is found until it is removed or its time has passed.
 * - A refresh keeps a session; without one it is gone after `ttlMs`.
 * - Removing one session of a user leaves the others.
 */
export interface SessionRegistry extends AsyncDisposable {
  put(sessions: readonly Session[], now: number, ttlMs: number): Promise<void>
  remove(sessions: readonly Session[]): Promise<void>
  /** Sessions of these users that are alive at `now`, in the order of `users`. */
  find(users: readonly UserId[], now: number): Promise<readonly (readonly Session[])[]>
}

export interface Session {
  readonly user: UserId
  readonly sessionId: string
  readonly node: string
  readonly device: DeviceId | null
}
