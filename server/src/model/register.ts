import type { EventOp } from '@headwater/protocol'
import type { Register } from './activity-group.ts'
import type { EventId, UserId } from './ids.ts'

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

/** Newest first, as members are listed: by time, then by event id, then actors ascending. */
export function newestFirst(a: Placed, b: Placed): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt
  if (a.eventId !== b.eventId) return a.eventId > b.eventId ? -1 : 1
  if (a.actor === b.actor) return 0
  return a.actor < b.actor ? -1 : 1
}

type Placed = Pick<EventOrder, 'createdAt' | 'eventId'> & { readonly actor: UserId }

/** Of each actor the last one. */
export function newestOfEach(registers: readonly Register[]): readonly Register[] {
  const newest = new Map(registers.map((register) => [register.actor, register]))
  return newest.size === registers.length ? registers : [...newest.values()]
}
