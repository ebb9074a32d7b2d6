import type { EventOp } from '@headwater/protocol'
import type { EventId } from './ids.ts'

/** What decides between two events of one actor: the time, then the id, then the op. */
export interface EventOrder {
  readonly createdAt: number
  readonly eventId: EventId
  readonly op: EventOp
}

const rank = { ADD: 0, UNDO: 1 } as const

/** Last writer wins: true when `a` replaces `b`. The same event again does not, so duplicates change nothing. */
export function isNewer(a: EventOrder, b: EventOrder): boolean {
  if (a.createdAt !== b.createdAt) return a.createdAt > b.createdAt
  if (a.eventId !== b.eventId) return a.eventId > b.eventId
  return rank[a.op] > rank[b.op]
}

/** Newest first; for actors of one group, whose events all differ. */
export function newestFirst(a: Pick<EventOrder, 'createdAt' | 'eventId'>, b: Pick<EventOrder, 'createdAt' | 'eventId'>): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt
  if (a.eventId === b.eventId) return 0
  return a.eventId > b.eventId ? -1 : 1
}
