import type { EventInput } from '@headwater/protocol'
import type { ActivityEvent } from '../model/event.ts'
import type { EventTrace, TraceState } from '../model/event-trace.ts'
import type { PendingEvent } from './ingest-pending.ts'

/** The answer to `GET /v1/events/{event_id}`: the event, and what became of it. Times are null while a thing is to come. */
export interface TracedEvent extends EventInput {
  readonly event_id: string
  readonly created_at: number
  readonly state: TraceState
  /** Why it was ignored, else null. */
  readonly reason: string | null
  readonly group_id: string | null
  readonly accepted_at: number
  readonly written_at: number | null
  readonly pushed_at: number | null
  readonly queued_at: number | null
}

export const tracedEvent = (trace: EventTrace): TracedEvent => ({
  ...wireEvent(trace.event, trace.acceptedAt),
  state: trace.state,
  reason: trace.reason,
  group_id: trace.groupId,
  accepted_at: trace.acceptedAt,
  written_at: trace.writtenAt,
  pushed_at: trace.pushedAt,
  queued_at: trace.queuedAt,
})

export const tracedPending = ({ event, acceptedAt }: PendingEvent): TracedEvent => ({
  ...wireEvent(event, acceptedAt),
  state: 'pending',
  reason: null,
  group_id: null,
  accepted_at: acceptedAt,
  written_at: null,
  pushed_at: null,
  queued_at: null,
})

const wireEvent = (event: ActivityEvent, acceptedAt: number) => ({
  event_id: event.eventId,
  event_type: event.eventType,
  ...(event.verb && { verb: event.verb }),
  actor_id: event.actor,
  target_user_id: event.targetUser,
  object_type: event.objectType,
  object_id: event.objectId,
  metadata: event.metadata,
  created_at: event.createdAt ?? acceptedAt,
  op: event.op,
})
