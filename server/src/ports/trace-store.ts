import type { ActivityEvent } from '../model/event.ts'
import type { EventId, GroupId, Seq, UserId } from '../model/ids.ts'

/**
 * What became of each event, for 24 h.
 *
 * Promises, each a case in conformance/trace-store.ts:
 * - A trace that was put is found by its event id, also after close and reopen.
 * - A later trace of the same event id and target user replaces `pending` only; what became of the first stands.
 */
export interface TraceStore extends AsyncDisposable {
  put(traces: readonly EventTrace[]): Promise<void>
  get(eventId: EventId): Promise<readonly EventTrace[]>
  purge(before: number): Promise<void>
}

export type TraceState = 'pending' | 'applied' | 'ignored'

export interface EventTrace {
  readonly event: ActivityEvent
  readonly user: UserId
  readonly seq: Seq
  readonly state: TraceState
  /** Why it was ignored: `duplicate`, `self`, `not_newer`, `object_deleted`. */
  readonly reason: string | null
  readonly groupId: GroupId | null
  readonly acceptedAt: number
  /** Milliseconds since 1970; null while it did not happen. */
  readonly writtenAt: number | null
  readonly pushedAt: number | null
  readonly queuedAt: number | null
}
