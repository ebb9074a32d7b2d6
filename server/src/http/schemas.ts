import { eventTypes, type JsonObject, limits, objectTypes } from '@headwater/protocol'
import { type TProperties, type TSchema, Type } from 'typebox'

/**
 * The schemas that several routes share. A schema is three things at once: the check of what comes in, the type of it in
 * the handler, and its page in the OpenAPI and AsyncAPI documents. `title` makes it a named component there, and `x-error`
 * names the code of a text that has the wrong form. `x-shown` is what the documents have in its place, where saying all of it
 * in the schema would spoil the texts of its errors.
 */

/** An object that takes no other fields. */
export const Exactly = <T extends TProperties>(properties: T, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

export const OneOf = <T extends readonly string[]>(values: T, options: object = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })

export const Nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Type.Static<T> | null>({ anyOf: [schema, { type: 'null' }] })

/** An object of the caller's own making. Keys that programs stumble over are refused when it is read (json-body.ts). */
export const OwnFields = (options: object) =>
  Type.Unsafe<JsonObject>({ type: 'object', propertyNames: { not: { const: '__proto__' } }, ...options })

export const Time = Type.Integer({ description: 'Milliseconds since 1970 (UTC).' })

export const UserId = Type.String({
  minLength: 1,
  maxLength: limits.userIdLength,
  pattern: '^[A-Za-z0-9._:@-]+$',
  'x-error': 'invalid_id',
  description: 'Of A–Z a–z 0–9 . _ : @ -',
})

const controls = '\\u0000-\\u001f\\u007f-\\u009f'
/** They turn the direction of what comes after them. */
const turns = '\\u202a-\\u202e\\u2066-\\u2069'
/** Spaces of every width, and characters of no width. */
const unseen = ' \\u00a0\\u00ad\\u061c\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060-\\u2065\\u3000\\ufeff'

/**
 * The pattern of a text without what is `refused`, with at least one character that shows. No two of its parts match the same
 * character, so that trying takes time in proportion to the length.
 */
const visibleText = (refused: string, notSeen = unseen): string =>
  `^[${notSeen}]*[^${notSeen}${refused}][^${refused}]*$`

/** A name may turn, but sentences leave that out, and something has to be left of it. */
export const nameText = visibleText(controls, `${unseen}${turns}`)

export const readableText = visibleText(`${controls}${turns}`)

export const ObjectId = Type.String({
  minLength: 1,
  maxLength: limits.objectIdLength,
  pattern: readableText,
  'x-error': 'invalid_id',
})

export const DeviceId = Type.String({
  minLength: 1,
  maxLength: limits.deviceIdLength,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]+$',
  'x-error': 'invalid_id',
  description: 'The name of one installation of your app. It goes on from its last ack.',
})

export const GroupId = Type.String({ minLength: 1, maxLength: 64, description: 'Opaque.' })

export const Limit = Type.Integer({ minimum: 1, maximum: limits.pageSize, default: limits.pageSizeDefault })

/** Its form and length are checked with its seal, since whatever is wrong with it is `bad_cursor`. */
export const Cursor = Type.String({ description: 'The `next_cursor` of the page before.' })

export const NextCursor = Nullable(Type.String({ description: 'Gets the next page; null at the end.' }))

export const UserRef = Type.Object(
  {
    id: UserId,
    name: Type.String({ description: 'The id, when the user was never put.' }),
    avatar_url: Nullable(Type.String()),
  },
  { title: 'UserRef' },
)

export const GroupActor = Type.Object({ ...UserRef.properties, acted_at: Time }, { title: 'GroupActor' })

export const ActivityGroup = Type.Object(
  {
    group_id: GroupId,
    event_type: OneOf(eventTypes),
    verb: Type.String({ description: 'Set with CUSTOM, else empty.' }),
    object_type: OneOf(objectTypes),
    object_id: ObjectId,
    actor_count: Type.Integer({ description: 'Distinct actors whose newest event is an ADD.' }),
    actor_count_is_estimate: Type.Boolean({ description: 'True past 100,000 actors.' }),
    new_actor_count: Type.Integer({ description: 'Actors who are new since the group was last seen.' }),
    event_count: Type.Integer(),
    top_actors: Type.Array(UserRef, { description: 'Up to three, newest first.' }),
    summary: Type.String({ description: 'One sentence in the language of the reader.' }),
    latest_preview: Nullable(Type.String()),
    metadata: Type.Object({}, { additionalProperties: true, description: 'Of the newest event.' }),
    is_read: Type.Boolean(),
    is_seen: Type.Boolean(),
    is_closed: Type.Boolean(),
    group_created_at: Time,
    updated_at: Time,
    seq: Type.Integer({ description: 'The version: of two states of one group the higher one holds.' }),
    unread_seq: Type.Integer({
      description: 'Position of the newest actor who was new here: the group is read once a mark reaches it.',
    }),
  },
  { title: 'ActivityGroup' },
)

export const countFields = {
  unread_count: Type.Integer({ description: 'Unread groups, exact and uncapped.' }),
  unseen_count: Type.Integer(),
}

export const positionFields = {
  epoch: Type.String({ description: 'Positions of another epoch mean nothing.' }),
  seq: Type.Integer({ description: "The position in the user's stream that the counts belong to." }),
}

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; what a program decides by.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({ path: Type.String(), code: Type.String(), detail: Type.String() }, { title: 'FieldError' }),
      ),
    ),
    badge: Type.Optional(
      Type.Object(
        { ...countFields, ...positionFields, stale: Type.Literal(true) },
        {
          title: 'LastKnownBadge',
          description: 'With `store_unavailable` of the list or of a group: the counts as they were known last.',
        },
      ),
    ),
  },
  { title: 'Problem', description: 'Problem details for HTTP APIs (RFC 9457).' },
)

/** The form of `Idempotency-Key`. Spaces around a header are no part of it. */
export const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: limits.idempotencyKeyLength,
  pattern: '^[!-~]([ -~]*[!-~])?$',
})
