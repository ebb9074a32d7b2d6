import {
  type EventOp,
  type EventType,
  eventOps,
  eventTypes,
  type JsonObject,
  type ObjectType,
  objectTypes,
} from '@headwater/protocol'
import { uuidText } from '../lib/uuid-bytes.ts'
import { AvroBytes } from './avro-bytes.ts'
import type { AvroDeclaration } from './avro-schema.ts'
import { createSingleObjectReader, createSingleObjectWriter } from './avro-single-object.ts'
import type { ActivityEvent } from './event.ts'
import type { UserId } from './ids.ts'
import { writeLogEvent } from './log-event-bytes.ts'
import type { LogValue, MarkValue } from './log-record.ts'
import { logSchemas, logWriters } from './log-schemas.ts'

/** A log's values as bytes, and back: Avro in single-object encoding, the same in every engine. */
export interface LogCodec {
  encode(value: LogValue): Uint8Array
  /** Never throws: bytes that cannot be read, or that belong to another user, come out as `unreadable`. */
  decode(bytes: Uint8Array, user: UserId): LogValue
}

const write = {
  mark: createSingleObjectWriter(logWriters.mark),
  group_deleted: createSingleObjectWriter(logWriters.group_deleted),
  actor_erased: createSingleObjectWriter(logWriters.actor_erased),
  user_erased: createSingleObjectWriter(logWriters.user_erased),
}

/** An account may be in very many groups of one user; what the log holds was written by a server, not by a caller. */
const readingLimits = { items: 1_000_000, depth: 32 }

/** `extraSchemas` are further versions that may be in the log, such as those of the next release. */
export function createLogCodec(extraSchemas: readonly AvroDeclaration[] = []): LogCodec {
  const reader = createSingleObjectReader([...logSchemas, ...extraSchemas], readingLimits)
  return {
    encode: encodeLogValue,
    decode(bytes, user) {
      const read = reader.read(bytes)
      if (!read.ok) return { kind: 'unreadable', user, reason: read.reason }
      try {
        return logValueOf(String(read.schema.name), read.value as never, user)
      } catch (error) {
        return { kind: 'unreadable', user, reason: (error as Error).message }
      }
    },
  }
}

/** Each in its part of one piece of memory, which is theirs alone. Throws when one of them cannot be encoded. */
export function encodeLogValues(values: readonly LogValue[]): readonly Uint8Array[] {
  written.clear()
  const ends = values.map((value) => {
    if (value.kind === 'event') writeLogEvent(written, value.event)
    else written.raw(encodeOther(value))
    return written.end
  })
  const bytes = written.copy()
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

const written = new AvroBytes()

export const encodeLogValue = (value: LogValue): Uint8Array => encodeLogValues([value])[0] as Uint8Array

function encodeOther(value: Exclude<LogValue, { kind: 'event' }>): Uint8Array {
  switch (value.kind) {
    case 'mark':
      return write.mark({
        user_id: value.user,
        mark: value.mark === 'read' ? 'READ' : 'SEEN',
        group_ids: value.groupIds,
        up_to: value.upTo,
      })
    case 'group_deleted':
      return write.group_deleted({ user_id: value.user, group_id: value.groupId })
    case 'actor_erased':
      return write.actor_erased({ user_id: value.user, actor_id: value.actor, group_id: value.groupId })
    case 'user_erased':
      return write.user_erased({ user_id: value.user })
    case 'unreadable':
      throw new TypeError('what could not be read is not written')
  }
}

const codec = createLogCodec()
export const decodeLogValue = (bytes: Uint8Array, user: UserId): LogValue => codec.decode(bytes, user)

interface EventRecord {
  readonly event_id: Uint8Array
  readonly event_type: string
  readonly verb?: string
  readonly actor_id: string
  readonly target_user_id: string
  readonly object_type: string
  readonly object_id: string
  readonly metadata: string | Readonly<Record<string, string>>
  readonly created_at: number | null
  readonly op?: string
}

/** Fields that the writer's version did not have get their defaults here; unknown symbols get the enum's. */
function eventOf(record: EventRecord): ActivityEvent {
  const eventType = record.event_type
  const known = isOneOf(eventTypes, eventType)
  return {
    eventId: uuidText(record.event_id),
    eventType: known ? (eventType as EventType) : 'CUSTOM',
    // A type that a later version has keeps groups of its own: its name stands as the verb.
    verb: record.verb || (known ? '' : eventType),
    actor: record.actor_id,
    targetUser: record.target_user_id,
    objectType: objectTypeOf(record.object_type),
    objectId: record.object_id,
    metadata: metadataOf(record.metadata),
    createdAt: record.created_at,
    op: isOneOf(eventOps, record.op) ? (record.op as EventOp) : 'ADD',
  }
}

function metadataOf(metadata: EventRecord['metadata']): JsonObject {
  if (metadata === '{}') return {}
  const value: unknown = typeof metadata === 'string' ? JSON.parse(metadata) : { ...metadata }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('the metadata is no object')
  return value as JsonObject
}

function logValueOf(name: string, record: never, user: UserId): LogValue {
  const value = name === 'Event' ? ({ kind: 'event', event: eventOf(record) } as const) : otherOf(name, record)
  const owner = value.kind === 'event' ? value.event.targetUser : value.user
  if (owner !== user) throw new Error('it belongs to another user than the one it is keyed by')
  return value
}

interface OtherRecord {
  readonly user_id: string
  readonly mark: string
  readonly group_id: string
  readonly group_ids: readonly string[]
  readonly up_to: number
  readonly object_type: string
  readonly object_id: string
  readonly deleted_at: number
  readonly actor_id: string
}

function otherOf(name: string, record: OtherRecord): LogValue {
  const user = record.user_id
  switch (name) {
    case 'Mark':
      return { kind: 'mark', user, mark: markOf(record.mark), groupIds: record.group_ids, upTo: record.up_to }
    case 'GroupDeleted':
      return { kind: 'group_deleted', user, groupId: record.group_id }
    case 'ActorErased':
      return { kind: 'actor_erased', user, actor: record.actor_id, groupId: record.group_id }
    case 'UserErased':
      return { kind: 'user_erased', user }
    default:
      throw new Error(`there is no record ${name}`)
  }
}

const isOneOf = (symbols: readonly string[], text: string | undefined): boolean =>
  text !== undefined && symbols.includes(text)
const objectTypeOf = (symbol: string): ObjectType => (isOneOf(objectTypes, symbol) ? (symbol as ObjectType) : 'CUSTOM')
const markOf = (symbol: string): MarkValue['mark'] => (symbol === 'READ' ? 'read' : 'seen')
