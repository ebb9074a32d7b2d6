import type { ActivityEvent } from '../model/event.ts'
import type { EventId, UserId } from '../model/ids.ts'

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
  // By event id the first one; those of the same id for other target users by both, and the first is as young as they are.
  let young = new Map<string, PendingEvent>()
  let old = new Map<string, PendingEvent>()
  let bytes = 0

  const at = (key: string): PendingEvent | undefined => young.get(key) ?? old.get(key)
  const get = (eventId: EventId, targetUser: UserId): PendingEvent | undefined => {
    const first = at(eventId)
    return !first || first.event.targetUser === targetUser ? first : at(idForUser(eventId, targetUser))
  }

  return {
    /** The first one of this id, whoever is told. */
    first: at,
    get,
    /** Of two events with one id and target user the first stands. */
    add(event: ActivityEvent, acceptedAt: number, size: number): void {
      const { eventId, targetUser } = event
      const first = at(eventId)
      if (size > bytesMax || (first && get(eventId, targetUser))) return
      if (young.size >= countMax / 2 || bytes + size > bytesMax / 2) {
        old = size > bytesMax / 2 ? new Map() : young
        young = new Map()
        bytes = 0
      }
      if (first) young.set(eventId, first)
      young.set(first ? idForUser(eventId, targetUser) : eventId, { event, acceptedAt })
      bytes += size
    },
  }
}

/** What makes an event the same again. */
export const idForUser = (eventId: EventId, targetUser: UserId): string => `${eventId} ${targetUser}`
