import type { ActivityEvent } from '../model/event.ts'
import type { EventId } from '../model/ids.ts'

/** An event that is in the log, and whose trace may not be written yet. */
export interface PendingEvent {
  readonly event: ActivityEvent
  readonly acceptedAt: number
}

interface Entry extends PendingEvent {
  readonly bytes: number
}

/**
 * The newest accepted events of this process, so that one who asks at once hears `pending` and not "there is no such
 * event". Bounded by number and by size; the oldest leave first. Their order is kept in a ring beside the map: the first
 * key of a map from which many were deleted is slow to find.
 */
export function createPendingEvents(countMax: number, bytesMax: number) {
  const events = new Map<EventId, Entry>()
  const ring = new Array<EventId | undefined>(countMax)
  let oldest = 0
  let bytesHeld = 0

  function dropOldest(): void {
    const eventId = ring[oldest] as EventId
    ring[oldest] = undefined
    oldest = (oldest + 1) % countMax
    bytesHeld -= events.get(eventId)?.bytes ?? 0
    events.delete(eventId)
  }

  return {
    /** Of two events with one id the first stands. */
    add(event: ActivityEvent, acceptedAt: number, bytes: number): void {
      if (bytes > bytesMax || events.has(event.eventId)) return
      while (events.size === countMax || bytesHeld + bytes > bytesMax) dropOldest()
      ring[(oldest + events.size) % countMax] = event.eventId
      events.set(event.eventId, { event, acceptedAt, bytes })
      bytesHeld += bytes
    },
    get: (eventId: EventId): PendingEvent | undefined => events.get(eventId),
  }
}
