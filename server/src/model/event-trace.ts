import type { ActivityEvent } from './event.ts'
import type { GroupId, Seq, UserId } from './ids.ts'

export type TraceState = 'pending' | 'applied' | 'ignored'

/** What became of an event for one user. */
export interface EventTrace {
  readonly event: ActivityEvent
  readonly user: UserId
  readonly seq: Seq
  readonly state: TraceState
  /** Why it was ignored: `duplicate`, `self`, `not_newer`. */
  readonly reason: string | null
  readonly groupId: GroupId | null
  readonly acceptedAt: number
  /** Milliseconds since 1970; null while it did not happen. */
  readonly writtenAt: number | null
  readonly pushedAt: number | null
  readonly queuedAt: number | null
}
