import { limits } from '@headwater/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createAvroEventReader, splitFrames } from '../activity/event-avro.ts'
import { binaryModeItem, cloudEventItem, isBinaryMode } from '../activity/event-cloud.ts'
import { type EventItem, type ItemError, isRecord } from '../activity/event-item.ts'
import { HeadwaterError } from '../lib/error.ts'
import { boundsOfItems, parseJson } from './json-body.ts'
import { mediaTypeOf } from './media-type.ts'

/** The events of a request, whatever it is written in. `error` is there when the body cannot be taken apart. */
export type EventsBody =
  | { readonly items: readonly EventItem[]; readonly isBatch: boolean }
  | { readonly error: ItemError; readonly index?: number }

export const eventTypesOfContent = {
  avroOne: 'application/vnd.headwater.event+avro',
  avroMany: 'application/vnd.headwater.events+avro',
  cloudOne: 'application/cloudevents+json',
  cloudMany: 'application/cloudevents-batch+json',
} as const

const charsetPattern = /;[ \t]*charset=(?!(?:utf-8|"utf-8")[ \t]*(?:;|$))/i

/** Avro stays bytes, so that a bomb is never anything else; the forms of CloudEvents are JSON, read as strictly as JSON is. */
export function addEventParsers(app: FastifyInstance): void {
  const { avroOne, avroMany, cloudOne, cloudMany } = eventTypesOfContent
  app.addContentTypeParser([avroOne, avroMany], { parseAs: 'buffer' }, async (_: FastifyRequest, body: Buffer) => body)
  app.addContentTypeParser(
    [cloudOne, cloudMany],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (charsetPattern.test(request.headers['content-type'] ?? '')) {
        throw new HeadwaterError('unsupported_media_type', { detail: 'Send JSON in UTF-8.' })
      }
      return parseJson(body, boundsOfItems)
    },
  )
}

const readAvro = createAvroEventReader()

export function readEventsBody(request: FastifyRequest): EventsBody {
  const body: unknown = request.body
  switch (mediaTypeOf(request)) {
    case eventTypesOfContent.avroOne:
      return single(request, readAvro(body as Buffer))
    case eventTypesOfContent.avroMany:
      return avroBatch(body as Buffer)
    case eventTypesOfContent.cloudOne:
      return { items: [cloudEventItem(body)], isBatch: false }
    case eventTypesOfContent.cloudMany:
      return list(body, 'The body', '', cloudEventItem)
    default:
      return isBinaryMode(request.headers) ? single(request, { value: body }) : readJsonEvents(body)
  }
}

/** One event, or several in `events`. */
export function readJsonEvents(body: unknown): EventsBody {
  if (Array.isArray(body)) {
    return wrong('', 'invalid_type', 'The body is a list; several events are sent as {"events": […]}.')
  }
  return isRecord(body) && Object.hasOwn(body, 'events')
    ? jsonBatch(body)
    : { items: [{ value: body }], isBatch: false }
}

function single({ headers }: FastifyRequest, item: EventItem): EventsBody {
  const isPlain = 'refused' in item || !isBinaryMode(headers)
  return { items: [isPlain ? item : binaryModeItem(headers, item.value)], isBatch: false }
}

function jsonBatch(body: Readonly<Record<string, unknown>>): EventsBody {
  const unknown = Object.keys(body).find((name) => name !== 'events')
  if (unknown === undefined) return list(body.events, '"events"', 'events', (value) => ({ value }))
  const path = unknown.slice(0, 64).toWellFormed()
  if (unknown === '__proto__') return wrong(path, 'forbidden_key', 'The key "__proto__" is not allowed.')
  return wrong(path, 'unknown_field', `There is no field "${path}" beside "events"; the nearest is "events".`)
}

function avroBatch(body: Buffer): EventsBody {
  const frames = splitFrames(body)
  if (typeof frames !== 'number') return list(frames, 'The body', '', (bytes) => readAvro(bytes as Uint8Array))
  const detail = 'The value is cut off: its length goes past the end of the body. Nothing was taken in.'
  return { ...wrong('', 'avro_invalid', detail), index: frames }
}

function list(values: unknown, name: string, path: string, read: (value: unknown) => EventItem): EventsBody {
  if (!Array.isArray(values)) return wrong(path, 'invalid_type', `${name} must be a list of events.`)
  if (values.length === 0) return wrong(path, 'too_short', `${name} must hold at least one event.`)
  if (values.length > limits.eventsPerBatch) {
    return wrong(path, 'too_long', `${name} may hold ${limits.eventsPerBatch} events.`)
  }
  return { items: values.map(read), isBatch: true }
}

const wrong = (path: string, code: ItemError['code'], detail: string): { readonly error: ItemError } => ({
  error: { path, code, detail },
})
