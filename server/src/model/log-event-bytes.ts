import { eventOps, eventTypes, objectTypes } from '@headwater/protocol'
import type { AvroBytes } from './avro-bytes.ts'
import { singleObjectHeader } from './avro-single-object.ts'
import type { ActivityEvent } from './event.ts'
import { logEventVersion } from './event-schema.ts'
import { logWriters } from './log-schemas.ts'

const header = singleObjectHeader(logWriters.event)
/** Branches of its unions. */
const metadataAsText = 0
const timeUnknown = 0
const timeKnown = 1

/**
 * An event as the log holds it, `log.Event` of version 2 in single-object encoding. Written by hand because it runs for
 * every event: the library takes a record made for it, and three times as long. A test holds the two against each other.
 */
export function writeLogEvent(out: AvroBytes, event: ActivityEvent): void {
  out.raw(header)
  out.long(logEventVersion)
  out.uuid(event.eventId)
  out.long(indexIn(eventTypes, event.eventType))
  out.text(event.actor)
  out.text(event.targetUser)
  out.long(indexIn(objectTypes, event.objectType))
  out.text(event.objectId)
  out.long(metadataAsText)
  out.text(JSON.stringify(event.metadata))
  if (event.createdAt === null) out.long(timeUnknown)
  else {
    out.long(timeKnown)
    out.long(event.createdAt)
  }
  out.long(indexIn(eventOps, event.op))
  out.text(event.verb)
}

function indexIn(symbols: readonly string[], symbol: string): number {
  const index = symbols.indexOf(symbol)
  if (index < 0) throw new TypeError(`the schema has no symbol ${symbol}`)
  return index
}
