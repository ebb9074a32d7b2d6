import { type EventType, eventTypes, limits } from '@headwater/protocol'
import type { AvroDeclaration } from '../model/avro-schema.ts'
import { createSingleObjectReader } from '../model/avro-single-object.ts'
import { eventSchemas } from '../model/event-schema.ts'
import { type EventItem, isRecord, refusal } from './event-item.ts'

/** Events that callers send in Avro: single-object encoding, in any of the published versions. */
export type AvroEventReader = (bytes: Uint8Array) => EventItem

/** Metadata is the only list in an event, and 8 KiB hold no more entries than this. */
const budget = { items: 2_048, depth: 16 }

/** `extraSchemas` are versions that are newer than this server: what it does not know of them is left out. */
export function createAvroEventReader(extraSchemas: readonly AvroDeclaration[] = []): AvroEventReader {
  const reader = createSingleObjectReader([...eventSchemas, ...extraSchemas], budget)
  return (bytes) => {
    const read = reader.read(bytes)
    if (read.ok) return itemOf(read.value as AvroEvent)
    if (read.why === 'unknown_schema') return refusal('avro_unknown_schema', `In this Avro value, ${read.reason}.`)
    if (read.why === 'forbidden_key') return refusal('forbidden_key', `In this Avro value, ${read.reason}.`, 'metadata')
    return refusal('avro_invalid', `The Avro value cannot be decoded: ${read.reason}.`)
  }
}

interface AvroEvent {
  readonly event_id: string | null
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

function itemOf(record: AvroEvent): EventItem {
  const metadata = metadataOf(record.metadata)
  if ('refused' in metadata) return metadata
  // A type that only a later version knows is shown as a generic one, with its name as the verb.
  const isKnown = eventTypes.includes(record.event_type as EventType)
  const verb = record.verb || (isKnown ? undefined : record.event_type)
  const value = {
    ...(record.event_id !== null && { event_id: record.event_id }),
    event_type: isKnown ? record.event_type : 'CUSTOM',
    ...(verb !== undefined && { verb }),
    actor_id: record.actor_id,
    target_user_id: record.target_user_id,
    object_type: record.object_type,
    object_id: record.object_id,
    metadata: metadata.value,
    ...(record.created_at !== null && { created_at: record.created_at }),
    ...(record.op !== undefined && { op: record.op }),
  }
  return { value }
}

function metadataOf(metadata: AvroEvent['metadata']): EventItem {
  if (typeof metadata !== 'string') return { value: { ...metadata } }
  if (metadata === '{}' || metadata === '') return { value: {} }
  // Bounded before it is parsed, so that its nesting is bounded as well.
  if (metadata.length > limits.metadataBytes) {
    return refusal('metadata_too_large', `"metadata" is longer than ${limits.metadataBytes} bytes.`, 'metadata')
  }
  try {
    const value: unknown = JSON.parse(metadata)
    if (isRecord(value)) return { value }
  } catch {}
  return refusal('invalid_type', '"metadata" must be the text of a JSON object, or a map.', 'metadata')
}

/**
 * The values of a body in which each lies behind its length, 4 bytes big-endian; a number when the framing breaks, which
 * is the index of the value that is cut off. Nothing behind it can be found, so none of the body is to be believed.
 */
export function splitFrames(body: Uint8Array): readonly Uint8Array[] | number {
  const frames: Uint8Array[] = []
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let at = 0
  while (at < body.length) {
    if (body.length - at < 4) return frames.length
    const length = view.getUint32(at)
    if (length > body.length - at - 4) return frames.length
    frames.push(body.subarray(at + 4, at + 4 + length))
    at += 4 + length
    // The caller tells that there are too many; how many more does not matter.
    if (frames.length > limits.eventsPerBatch) break
  }
  return frames
}
