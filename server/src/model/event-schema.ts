import { eventOps, eventTypes, objectTypes } from '@headwater/protocol'
import type { AvroDeclaration, AvroField } from './avro-schema.ts'

/**
 * Avro schemas of an event, as callers may send it (`event`) and as the log holds it (`log.Event`). Each version stands
 * as it is for ever: what is in a log or in a caller's build keeps its fingerprint. A new version is read everywhere for
 * a release before any server writes it, only adds fields that have a default, and every enum has a default, so a reader
 * of either version reads the other's records. `protocol/schemas/` has the same schemas as files.
 */

const typesOfVersion1 = ['LIKE', 'COMMENT', 'FOLLOW', 'MENTION', 'SHARE', 'CUSTOM'] as const

const enumOf = (name: string, symbols: readonly string[], fallback: string, doc: string): AvroDeclaration => ({
  type: 'enum',
  name,
  doc,
  symbols,
  default: fallback,
})

const optional = (name: string, type: string | AvroDeclaration, doc: string): AvroField => ({
  name,
  type: ['null', type],
  default: null,
  doc,
})

/** JSON text says everything that metadata can hold; a map is for producers that have texts alone. */
const metadata: AvroField = {
  name: 'metadata',
  type: ['string', { type: 'map', values: 'string' }],
  default: '{}',
  doc: 'A JSON object as text, or a map of texts. Up to 8 KiB and 8 levels.',
}

const createdAt = (doc: string): AvroField => optional('created_at', 'long', doc)
const op: AvroField = {
  name: 'op',
  type: enumOf('Op', eventOps, 'ADD', 'UNDO takes back the newest ADD of the actor.'),
  default: 'ADD',
}
const verb: AvroField = { name: 'verb', type: 'string', default: '', doc: 'Set with CUSTOM, else empty.' }

function subjectFields(types: readonly string[]): readonly AvroField[] {
  return [
    { name: 'event_type', type: enumOf('EventType', types, 'CUSTOM', 'What the actor did.') },
    { name: 'actor_id', type: 'string', doc: 'Who did it.' },
    { name: 'target_user_id', type: 'string', doc: 'Who is told.' },
    { name: 'object_type', type: enumOf('ObjectType', objectTypes, 'CUSTOM', 'What it was done to.') },
    { name: 'object_id', type: 'string' },
  ]
}

const inputId = optional('event_id', 'string', 'A UUIDv7 in canonical form; filled in by the server when null.')
const inputTime = createdAt(
  'Milliseconds since 1970 (UTC); null = the time inside event_id, else when the log took it.',
)

export const eventV1: AvroDeclaration = {
  type: 'record',
  name: 'Event',
  namespace: 'headwater',
  doc: 'An event as POST /v1/events takes it, version 1.',
  fields: [inputId, ...subjectFields(typesOfVersion1), metadata, inputTime],
}

export const eventV2: AvroDeclaration = {
  type: 'record',
  name: 'Event',
  namespace: 'headwater',
  doc: 'An event as POST /v1/events takes it, version 2.',
  fields: [inputId, ...subjectFields(eventTypes), metadata, inputTime, op, verb],
}

const logId: AvroField = {
  name: 'event_id',
  type: { type: 'fixed', name: 'Uuid', size: 16 },
  doc: 'A UUIDv7, its 16 bytes in network order.',
}
const logTime = createdAt('Milliseconds since 1970 (UTC); null = the time at which the log took the record.')
const schemaVersion = (version: number): AvroField => ({ name: 'schema_version', type: 'int', default: version })

export const logEventV1: AvroDeclaration = {
  type: 'record',
  name: 'Event',
  namespace: 'headwater.log',
  doc: 'An event as the log holds it, version 1.',
  fields: [schemaVersion(1), logId, ...subjectFields(typesOfVersion1), metadata, logTime],
}

export const logEventV2: AvroDeclaration = {
  type: 'record',
  name: 'Event',
  namespace: 'headwater.log',
  doc: 'An event as the log holds it, version 2.',
  fields: [schemaVersion(2), logId, ...subjectFields(eventTypes), metadata, logTime, op, verb],
}

/** Versions that a caller may send. */
export const eventSchemas: readonly AvroDeclaration[] = [eventV1, eventV2]
export const logEventSchemas: readonly AvroDeclaration[] = [logEventV1, logEventV2]
export const logEventVersion = 2
