import type { EventTrace } from '../model/event-trace.ts'
import type { EventId } from '../model/ids.ts'

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
