import {
  type EventOp,
  type EventType,
  eventOps,
  eventTypes,
  type ItemErrorCode,
  limits,
  type ObjectType,
  objectTypes,
  userIdPattern,
} from '@headwater/protocol'
import { editDistance } from '../lib/nearest.ts'
import { isUuidV7, uuidTime } from '../lib/uuid.ts'
import type { ActivityEvent } from '../model/event.ts'
import type { EventId } from '../model/ids.ts'
import { type ItemError, isRecord } from './event-item.ts'
import { checkMetadata, shown } from './event-metadata.ts'

/** An event that may be taken in. What the caller left out is null, to be filled in by whoever takes it in. */
export interface CheckedEvent extends Omit<ActivityEvent, 'eventId' | 'createdAt'> {
  eventId: EventId | null
  createdAt: number | null
}

export type Verdict =
  /** `bytes`: about how much memory the event takes. */
  | { readonly ok: true; readonly event: CheckedEvent; readonly bytes: number }
  | { readonly ok: false; readonly error: ItemError }

export interface CheckOptions {
  /** What `created_at` is held against, milliseconds since 1970. */
  readonly now: number
  /** The time inside `event_id` says nothing. */
  readonly timeless?: boolean | undefined
}

const knownFields = [
  'event_id',
  'event_type',
  'verb',
  'actor_id',
  'target_user_id',
  'object_type',
  'object_id',
  'metadata',
  'created_at',
  'op',
] as const
const known: ReadonlySet<string> = new Set(knownFields)
const required = ['event_type', 'actor_id', 'target_user_id', 'object_type', 'object_id'] as const

/**
 * The verdict on one event: the first thing that is wrong with it, or the event. Written by hand because it runs for
 * every event: a compiled schema takes several times as long and says less. A test holds it against the schema that is
 * published, rule by rule.
 */
export function checkEvent(value: unknown, options: CheckOptions): Verdict {
  const error = checkFields(value)
  if (error) return { ok: false, error }
  const fields = value as Fields
  const metadata = checkMetadata(fields.metadata)
  if (!metadata.ok) return metadata
  const eventId = fields.event_id === undefined ? null : fields.event_id.toLowerCase()
  const createdAt = fields.created_at ?? (eventId === null || options.timeless ? null : uuidTime(eventId))
  const late = createdAt === null ? undefined : checkTime(createdAt, options.now, fields.created_at === undefined)
  if (late) return { ok: false, error: late }
  // Of names that are always the same not the caller's text but ours is kept: one for all events, and soon compared.
  const event: CheckedEvent = {
    eventId,
    eventType: eventTypes[eventTypes.indexOf(fields.event_type)] as EventType,
    verb: fields.verb ?? '',
    actor: fields.actor_id,
    targetUser: fields.target_user_id,
    objectType: objectTypes[objectTypes.indexOf(fields.object_type)] as ObjectType,
    objectId: fields.object_id,
    metadata: metadata.metadata,
    createdAt,
    op: fields.op === 'UNDO' ? 'UNDO' : 'ADD',
  }
  return { ok: true, event, bytes: metadata.bytes + baseBytes }
}

const baseBytes = 512

/** What `checkFields` has found to be so. */
interface Fields {
  readonly event_id?: string
  readonly event_type: EventType
  readonly verb?: string
  readonly actor_id: string
  readonly target_user_id: string
  readonly object_type: ObjectType
  readonly object_id: string
  readonly metadata?: unknown
  readonly created_at?: number
  readonly op?: EventOp
}

function checkFields(value: unknown): ItemError | undefined {
  if (!isRecord(value)) return wrong('', 'invalid_type', 'An event must be an object.')
  for (const name of Object.keys(value)) if (!known.has(name)) return unknownField(name)
  for (const name of required) if (value[name] === undefined) return missing(value)
  return (
    checkOneOf('event_type', value.event_type, eventTypes, 'unknown_event_type') ??
    checkUserId('actor_id', value.actor_id) ??
    checkUserId('target_user_id', value.target_user_id) ??
    checkOneOf('object_type', value.object_type, objectTypes, 'invalid_value') ??
    checkObjectId(value.object_id) ??
    checkVerb(value.verb, value.event_type === 'CUSTOM') ??
    checkEventId(value.event_id) ??
    checkCreatedAt(value.created_at) ??
    (value.op === undefined ? undefined : checkOneOf('op', value.op, eventOps, 'invalid_value'))
  )
}

function missing(value: Readonly<Record<string, unknown>>): ItemError {
  const names = required.filter((name) => value[name] === undefined)
  const first = names[0] as string
  if (names.length === 1) return wrong(first, 'required', `"${first}" is required.`)
  const listed = names.map((name) => `"${name}"`).join(', ')
  return { ...wrong(first, 'required', `${listed} are required.`), missing: names }
}

function unknownField(name: string): ItemError {
  if (name === '__proto__') return wrong(name, 'forbidden_key', 'The key "__proto__" is not allowed.')
  const given = shown(name)
  return wrong(given, 'unknown_field', `There is no field "${given}"; the nearest is "${nearestField(given)}".`)
}

function nearestField(given: string): string {
  let best: string = knownFields[0]
  let bestDistance = Number.POSITIVE_INFINITY
  for (const name of knownFields) {
    const distance = editDistance(given, name, bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [name, distance]
  }
  return best
}

function checkOneOf(
  path: string,
  value: unknown,
  allowed: readonly string[],
  code: ItemErrorCode,
): ItemError | undefined {
  if (typeof value !== 'string') return wrong(path, 'invalid_type', `"${path}" must be a text.`)
  return allowed.includes(value) ? undefined : wrong(path, code, `"${path}" must be one of ${allowed.join(', ')}.`)
}

function checkUserId(path: string, value: unknown): ItemError | undefined {
  if (typeof value !== 'string') return wrong(path, 'invalid_type', `"${path}" must be a text.`)
  if (userIdPattern.test(value)) return undefined
  return wrong(path, 'invalid_id', `"${path}" must be 1 to ${limits.userIdLength} of A–Z a–z 0–9 . _ : @ -`)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controlPattern = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
/** Something that can be seen: neither white space nor of no width. */
const visiblePattern = /[^\s\u00ad\u061c\u200b-\u200f\u2060-\u2065\ufeff]/

function checkObjectId(value: unknown): ItemError | undefined {
  if (typeof value !== 'string') return wrong('object_id', 'invalid_type', '"object_id" must be a text.')
  if (isText(value, limits.objectIdLength)) return undefined
  const detail = `"object_id" must be 1 to ${limits.objectIdLength} characters, none of them a control character.`
  return wrong('object_id', 'invalid_id', detail)
}

function checkVerb(value: unknown, isCustom: boolean): ItemError | undefined {
  if (value === undefined) {
    return isCustom ? wrong('verb', 'verb_required', 'A CUSTOM event needs a "verb".') : undefined
  }
  if (!isCustom) return wrong('verb', 'verb_not_allowed', 'Only a CUSTOM event has a "verb".')
  if (typeof value !== 'string') return wrong('verb', 'invalid_type', '"verb" must be a text.')
  if (isText(value, limits.verbLength)) return undefined
  if (value === '') return wrong('verb', 'verb_required', 'A CUSTOM event needs a "verb".')
  if (isLonger(value, limits.verbLength)) {
    return wrong('verb', 'too_long', `"verb" may have ${limits.verbLength} characters.`)
  }
  return wrong('verb', 'invalid_character', '"verb" must be a readable text without control characters.')
}

const isText = (text: string, max: number): boolean =>
  !isLonger(text, max) && visiblePattern.test(text) && !controlPattern.test(text) && text.isWellFormed()

/** In code points; most texts are short enough however they are counted. */
function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false
  return text.length > 2 * max || [...text].length > max
}

function checkEventId(value: unknown): ItemError | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') return wrong('event_id', 'invalid_type', '"event_id" must be a text.')
  if (value.length === 36 && isUuidV7(value.toLowerCase())) return undefined
  return wrong('event_id', 'invalid_event_id', '"event_id" must be a UUIDv7 in canonical form.')
}

function checkCreatedAt(value: unknown): ItemError | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number') return wrong('created_at', 'invalid_type', '"created_at" must be a number.')
  // However far it is from now: the check of the time says so.
  if (Number.isInteger(value)) return undefined
  if (!Number.isFinite(value)) return wrong('created_at', 'out_of_range', '"created_at" is too large a number.')
  return wrong('created_at', 'invalid_type', '"created_at" must be an integer: milliseconds since 1970.')
}

function checkTime(createdAt: number, now: number, fromId: boolean): ItemError | undefined {
  const what = fromId ? 'The time inside "event_id"' : '"created_at"'
  const path = fromId ? 'event_id' : 'created_at'
  if (createdAt > now + limits.createdAtAheadMs) {
    return wrong(
      path,
      'created_at_in_future',
      `${what} is more than ${limits.createdAtAheadMs / 60_000} minutes ahead.`,
    )
  }
  if (createdAt < now - limits.createdAtBehindMs) {
    return wrong(path, 'created_at_too_old', `${what} is more than ${limits.retentionDays} days back.`)
  }
  return undefined
}

const wrong = (path: string, code: ItemErrorCode, detail: string): ItemError => ({ path, code, detail })
