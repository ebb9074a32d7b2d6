import { eventOps, eventTypes, limits, objectTypes } from '@headwater/protocol'
import { type TProperties, Type } from 'typebox'
import { eventTypesOfContent } from './events-body.ts'
import { problemType } from './problem.ts'
import { Exactly, Nullable, ObjectId, OneOf, OwnFields, Problem, readableText, Time, UserId } from './schemas.ts'

/**
 * An event as the documents show it. The check of what comes in is written by hand (activity/event-check.ts), and a test
 * holds the two against each other; what no schema can say, such as the window of `created_at`, is in the descriptions.
 */

export const EventId = Type.String({
  pattern: '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-7[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$',
  description: 'A UUIDv7. The same id for the same target user is the same event.',
})

const Metadata = OwnFields({
  description: `Up to ${limits.metadataBytes / 1024} KiB and ${limits.metadataDepth} levels. \`preview\` becomes the group's \`latest_preview\`.`,
})

const eventFields = {
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

const custom = {
  event_type: Type.Literal('CUSTOM'),
  verb: Type.String({
    minLength: 1,
    maxLength: limits.verbLength,
    pattern: readableText,
    description: 'What the actor did.',
  }),
}

const eventWith = <T extends TProperties>(fields: T, title: string) =>
  Type.Union(
    [
      Exactly({ ...fields, event_type: OneOf(knownTypes), ...eventFields }),
      Exactly({ ...fields, ...custom, ...eventFields }),
    ],
    { title },
  )

export const EventInput = eventWith({ event_id: Type.Optional(EventId) }, 'EventInput')

/** What a CloudEvent carries: its own id is the event's. */
const EventData = eventWith({}, 'EventData')

export const EventBatch = Exactly(
  { events: Type.Array(EventInput, { minItems: 1, maxItems: limits.eventsPerBatch }) },
  { title: 'EventBatch' },
)

const EventsJson = Type.Union([EventInput, EventBatch], {
  description: 'One event, or a list of them. Each event of a list stands alone.',
})

const filled = { minLength: 1 }

const CloudEvent = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Type.String({
      ...filled,
      description: 'Becomes the `event_id`: as it is when it is a UUIDv7, else hashed with `source`.',
    }),
    source: Type.String(filled),
    type: Type.String({ ...filled, description: 'Yours to choose; `event_type` is in `data`.' }),
    time: Type.Optional(Type.String({ format: 'date-time', description: 'For `created_at`, where `data` has none.' })),
    datacontenttype: Type.Optional(Type.Literal('application/json')),
    data: EventData,
  },
  { title: 'CloudEvent', description: 'CloudEvents 1.0. Of its other attributes nothing is kept.' },
)

const bytes = (description: string) => Type.String({ contentEncoding: 'binary', description })

/** What a request may be written in. */
export const EventsContent = {
  'application/json': { schema: EventsJson },
  [eventTypesOfContent.avroOne]: {
    schema: bytes('One event in Avro single-object encoding; the schemas are in `protocol/schemas`.'),
  },
  [eventTypesOfContent.avroMany]: {
    schema: bytes('Events in Avro single-object encoding, each behind its length: 4 bytes, big-endian.'),
  },
  [eventTypesOfContent.cloudOne]: { schema: CloudEvent },
  [eventTypesOfContent.cloudMany]: {
    schema: Type.Array(CloudEvent, { minItems: 1, maxItems: limits.eventsPerBatch }),
  },
}

const RejectedEvent = Type.Object(
  { index: Type.Integer(), code: Type.String(), detail: Type.String() },
  { title: 'RejectedEvent' },
)

/** No event was right: each of the reasons. */
export const EventsRefused = {
  content: {
    [problemType]: {
      schema: Type.Object(
        { ...Problem.properties, rejected: Type.Optional(Type.Array(RejectedEvent)) },
        {
          title: 'EventsRefused',
          description: 'A problem; `rejected` is missing when the body could not be read at all.',
        },
      ),
    },
  },
}

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
    reason: Nullable(
      Type.String({
        description:
          'Why it was ignored: `duplicate` (the same event again), `not_newer` (its actor did something newer before), `self` (actor and target are one).',
      }),
    ),
    group_id: Nullable(Type.String()),
    accepted_at: Time,
    written_at: Nullable(Type.Integer({ description: 'When its group was stored.' })),
    pushed_at: Nullable(
      Type.Integer({ description: 'When it was handed to the sockets that were open, if any were.' }),
    ),
    queued_at: Nullable(Type.Integer({ description: 'When it was kept for devices that were away.' })),
  },
  { title: 'TracedEvent', description: 'An event, and what became of it in the last 24 h.' },
)
