import type { ActivityEvent } from '../model/event.ts'
import type { EventId } from '../model/ids.ts'

/** An event that is in the log, and whose trace may not be written yet. */
export interface PendingEvent {
  readonly event: ActivityEvent
  readonly acceptedAt: number
}

/**
 * The newest accepted events of this process, so that one who asks at once hears `pending` and not "there is no such
 * event": at least half of what the bounds of number and size allow, at most all. They are kept in two generations, and
 * when the younger is full the older goes as a whole: a map from which single entries are deleted is slow.
 */
export function createPendingEvents(countMax: number, bytesMax: number) {
  let young = new Map<EventId, PendingEvent>()
  let old = new Map<EventId, PendingEvent>()
  let bytes = 0

  const get = (eventId: EventId): PendingEvent | undefined => young.get(eventId) ?? old.get(eventId)

  return {
    get,
    /** Of two events with one id the first stands. */
    add(event: ActivityEvent, acceptedAt: number, size: number): void {
      if (size > bytesMax || get(event.eventId)) return
      if (young.size >= countMax / 2 || bytes + size > bytesMax / 2) {
        old = size > bytesMax / 2 ? new Map() : young
        young = new Map()
        bytes = 0
      }
      young.set(event.eventId, { event, acceptedAt })
      bytes += size
    },
  }
}
