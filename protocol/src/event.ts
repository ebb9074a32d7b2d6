/** The wire form of an event: one immutable record that an actor did something to an object, told to a target user. */

/** What was done; `CUSTOM` has a `verb` of the customer's own. */
export const eventTypes = ['LIKE', 'COMMENT', 'FOLLOW', 'MENTION', 'SHARE', 'REACTION', 'CUSTOM'] as const
export type EventType = (typeof eventTypes)[number]

/** What it was done to. */
export const objectTypes = ['POST', 'COMMENT', 'USER', 'STORY', 'CUSTOM'] as const
export type ObjectType = (typeof objectTypes)[number]

/** Whether it was done or taken back. */
export const eventOps = ['ADD', 'UNDO'] as const
export type EventOp = (typeof eventOps)[number]

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }
export type JsonObject = { readonly [key: string]: JsonValue }

/** One event as `POST /v1/events` takes it. Times are milliseconds since 1970 (UTC). */
export interface EventInput {
  /** UUIDv7. Filled in by the server when missing. The same id for the same target user is the same event. */
  readonly event_id?: string
  readonly event_type: EventType
  /** Required with `CUSTOM`, refused with any other type. */
  readonly verb?: string
  readonly actor_id: string
  readonly target_user_id: string
  readonly object_type: ObjectType
  readonly object_id: string
  /** Up to 8 KiB and 8 levels. `preview` becomes the group's `latest_preview`. */
  readonly metadata?: JsonObject
  /** Left out: the time inside the caller's `event_id`, else the time at which the log took it. */
  readonly created_at?: number
  /** `UNDO` takes back the actor's newest `ADD`. Default `ADD`. */
  readonly op?: EventOp
}

/** Why one event of a batch was refused. `code` is one of the item codes in `error-codes.ts`. */
export interface RejectedEvent {
  readonly index: number
  readonly code: string
  readonly detail: string
}

/** The answer to `POST /v1/events`: what is counted in `accepted` is durable. */
export interface EventsAccepted {
  readonly accepted: number
  readonly rejected: readonly RejectedEvent[]
  /** One per event of the request, `null` where it was rejected. */
  readonly event_ids: readonly (string | null)[]
}
