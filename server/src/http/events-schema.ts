import { eventOps, eventTypes, limits, objectTypes } from '@headwater/protocol'
import { Type } from 'typebox'
import { Exactly, Nullable, ObjectId, OneOf, Time, UserId } from './schemas.ts'

/**
 * An event as the documents show it. The check of what comes in is written by hand (activity/event-check.ts), and a test
 * holds the two against each other; what no schema can say, such as the window of `created_at`, is in the descriptions.
 */

export const EventId = Type.String({
  pattern: '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-7[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$',
  description: 'A UUIDv7. The same id for the same target user is the same event.',
})

const Metadata = Type.Object(
  {},
  {
    additionalProperties: true,
    description: `Up to ${limits.metadataBytes / 1024} KiB and ${limits.metadataDepth} levels. \`preview\` becomes the group's \`latest_preview\`.`,
  },
)

const eventFields = {
  event_id: Type.Optional(EventId),
  actor_id: UserId,
  target_user_id: UserId,
  object_type: OneOf(objectTypes),
  object_id: ObjectId,
  metadata: Type.Optional(Metadata),
  created_at: Type.Optional(
    Type.Integer({
      description:
        'Milliseconds since 1970 (UTC), at most 5 minutes ahead and 90 days back. Left out: the time inside `event_id`, else when it was taken in.',
    }),
  ),
  op: Type.Optional(OneOf(eventOps, { description: 'UNDO takes back the newest ADD of the actor. Default ADD.' })),
}

const knownTypes = eventTypes.filter((type) => type !== 'CUSTOM')

export const EventInput = Type.Union(
  [
    Exactly({ event_type: OneOf(knownTypes), ...eventFields }),
    Exactly({
      event_type: Type.Literal('CUSTOM'),
      verb: Type.String({ minLength: 1, maxLength: limits.verbLength, description: 'What the actor did.' }),
      ...eventFields,
    }),
  ],
  { title: 'EventInput' },
)

export const EventBatch = Exactly(
  { events: Type.Array(EventInput, { minItems: 1, maxItems: limits.eventsPerBatch }) },
  { title: 'EventBatch' },
)

export const EventsBody = Type.Union([EventInput, EventBatch], {
  description: 'One event, or a list of them. Each event of a list stands alone.',
})

const RejectedEvent = Type.Object(
  { index: Type.Integer(), code: Type.String(), detail: Type.String() },
  { title: 'RejectedEvent' },
)

export const EventsAccepted = Type.Object(
  {
    accepted: Type.Integer({ description: 'How many are durable.' }),
    rejected: Type.Array(RejectedEvent),
    event_ids: Type.Array(Nullable(EventId), {
      description: 'One for each event of the request, null where it was rejected.',
    }),
  },
  { title: 'EventsAccepted' },
)

export const TracedEvent = Type.Object(
  {
    ...eventFields,
    event_id: EventId,
    event_type: OneOf(eventTypes),
    verb: Type.Optional(Type.String()),
    state: OneOf(['pending', 'applied', 'ignored'] as const),
    reason: Nullable(Type.String({ description: 'Why it was ignored.' })),
    group_id: Nullable(Type.String()),
    accepted_at: Time,
    written_at: Nullable(Time),
    pushed_at: Nullable(Time),
    queued_at: Nullable(Time),
  },
  { title: 'TracedEvent', description: 'An event, and what became of it in the last 24 h.' },
)
