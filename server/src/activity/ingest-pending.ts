import type { ActivityEvent } from '../model/event.ts'
import type { EventId } from '../model/ids.ts'

/** An event that is in the log, and whose trace may not be written yet. */
export interface PendingEvent {
  readonly event: ActivityEvent
  readonly acceptedAt: number
}

/**
 * The newest accepted events of this process, so that one who asks at once hears `pending` and not "there is no such
 * event". Bounded by number and by size; the oldest leave first.
 */
export function createPendingEvents(countMax: number, bytesMax: number) {
  const events = new Map<EventId, PendingEvent & { readonly bytes: number }>()
  let bytesHeld = 0

  return {
    add(event: ActivityEvent, { appendedAt }: { readonly appendedAt: number }, bytes: number): void {
      if (events.has(event.eventId)) return
      events.set(event.eventId, { event, acceptedAt: appendedAt, bytes })
      bytesHeld += bytes
      for (const [id, oldest] of events) {
        if (events.size <= countMax && bytesHeld <= bytesMax) break
        events.delete(id)
        bytesHeld -= oldest.bytes
      }
    },
    get: (eventId: EventId): PendingEvent | undefined => events.get(eventId),
    get size(): number {
      return events.size
    },
  }
}
