import { derivedUuidV7, isUuidV7 } from '../lib/uuid.ts'
import { type EventItem, isRecord, refusal } from './event-item.ts'

/**
 * CloudEvents 1.0. `data` is the event and `id` becomes its `event_id`: as it is when it is a UUIDv7, else hashed together
 * with `source`, which is what makes an id unique there, so that a retry is the same event. An `event_id` in `data` gives
 * way to it. Its time is the `created_at` in `data`, else `time`; without either, the time inside a UUIDv7, else the time
 * at which it was first taken in.
 */
export function cloudEventItem(envelope: unknown): EventItem {
  if (!isRecord(envelope)) return refusal('invalid_type', 'A CloudEvent must be an object.')
  const { specversion, id, source, type, time, datacontenttype, data } = envelope
  if (specversion !== '1.0') return invalid('specversion', 'must be "1.0"')
  if (!isFilled(id)) return invalid('id', 'must be a text that is not empty')
  if (!isFilled(source)) return invalid('source', 'must be a URI reference that is not empty')
  if (!isFilled(type)) return invalid('type', 'must be a text that is not empty')
  if (!isMissing(datacontenttype) && !isJsonType(datacontenttype)) return invalid('datacontenttype', 'must be JSON')
  if (!isMissing(envelope.data_base64)) return invalid('data_base64', 'is not taken: send the event as JSON in "data"')
  const occurredAt = isMissing(time) ? undefined : parseTime(time)
  if (occurredAt === null) return invalid('time', 'must be a time as RFC 3339 has it')
  if (!isRecord(data)) return invalid('data', 'must be an event as POST /v1/events takes it')
  return eventItem(data, id, source, occurredAt)
}

function eventItem(
  data: Readonly<Record<string, unknown>>,
  id: string,
  source: string,
  occurredAt: number | undefined,
): EventItem {
  const lowered = id.toLowerCase()
  const isUuid = isUuidV7(lowered)
  const createdAt = data.created_at ?? occurredAt
  const eventId = isUuid ? lowered : derivedUuidV7(idTime(createdAt), `${source}\n${id}`)
  // Spreading defines a key "__proto__" as any other, so the check of the fields finds it.
  const value = { ...data, event_id: eventId, ...(createdAt !== undefined && { created_at: createdAt }) }
  return isUuid || createdAt !== undefined ? { value } : { value, timeless: true }
}

const timeMax = 2 ** 48 - 1
const idTime = (time: unknown): number =>
  typeof time === 'number' && Number.isInteger(time) && time >= 0 && time <= timeMax ? time : 0

const invalid = (path: string, detail: string): EventItem =>
  refusal('cloudevent_invalid', `In the CloudEvent "${path}" ${detail}.`, path)

/** In JSON an attribute that is null is one that is not there. */
const isMissing = (value: unknown): value is undefined | null => value === undefined || value === null

const isFilled = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\u0000')

const jsonTypePattern = /^(?:application|text)\/(?:[a-z0-9.-]+\+)?json(?:[ \t]*;.*)?$/i
const isJsonType = (value: unknown): boolean => typeof value === 'string' && jsonTypePattern.test(value)

const timePattern = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** Milliseconds since 1970; null when it is no time, such as 30 February. */
export function parseTime(value: unknown): number | null {
  const match = typeof value === 'string' && value.length <= 64 ? timePattern.exec(value) : null
  if (!match) return null
  const [, year, month, day, hour, minute, second, fraction, zone] = match as unknown as readonly string[]
  const milliseconds = Math.floor(Number(`0${fraction ?? ''}`) * 1000)
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
  // 60 is a leap second, which Unix time counts as the one before it.
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null
  const ofDay = (Number(hour) * 60 + Number(minute)) * 60_000 + Math.min(59, Number(second)) * 1000 + milliseconds
  const offset = offsetMs(zone as string)
  return offset === null ? null : date.getTime() + ofDay - offset
}

function offsetMs(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))]
  if (hours > 23 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const attributeNames = ['specversion', 'id', 'source', 'type', 'time'] as const
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Binary mode: the attributes are in `ce-` headers and the body is the event. */
export const isBinaryMode = (headers: Headers): boolean =>
  headers['ce-specversion'] !== undefined || headers['ce-id'] !== undefined

export function binaryModeItem(headers: Headers, data: unknown): EventItem {
  const envelope: Record<string, unknown> = { data }
  for (const name of attributeNames) {
    const value = headers[`ce-${name}`]
    if (value === undefined) continue
    const text = typeof value === 'string' ? percentDecoded(value) : null
    if (text === null) return invalid(`ce-${name}`, 'must be there once, percent-encoded UTF-8')
    envelope[name] = text
  }
  return cloudEventItem(envelope)
}

/** Header values are percent-encoded, and older senders quote them. */
function percentDecoded(value: string): string | null {
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  try {
    return decodeURIComponent(bare)
  } catch {
    return null
  }
}
