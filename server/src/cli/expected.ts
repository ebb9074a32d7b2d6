import type { EventInput } from '@headwater/protocol'
import type { DueEvent } from './workload.ts'

/**
 * What the server should show after a run, counted in the plainest way from the events that were sent: per user, type
 * and object the actors whose newest event is an ADD. A run is short, so each key has one group, and nobody reads, so
 * each group that has actors is unread.
 */
export class Expected {
  readonly #users = new Map<string, Map<string, Map<string, DueEvent['event']>>>()
  events = 0

  add(event: DueEvent['event']): void {
    this.events++
    const groups = getOr(this.#users, event.target_user_id, () => new Map())
    const actors = getOr(groups, groupKey(event), () => new Map<string, DueEvent['event']>())
    const known = actors.get(event.actor_id)
    if (!known || isNewer(event, known)) actors.set(event.actor_id, event)
  }

  get users(): readonly string[] {
    return [...this.#users.keys()]
  }

  /** Actors by group key, without groups that nobody is in. */
  groupsOf(user: string): ReadonlyMap<string, number> {
    const counts = [...(this.#users.get(user) ?? [])].map(([key, actors]) => [key, countAdds(actors)] as const)
    return new Map(counts.filter(([, actors]) => actors > 0))
  }

  get groups(): number {
    return this.users.reduce((sum, user) => sum + this.groupsOf(user).size, 0)
  }

  get largestGroup(): number {
    return this.users.reduce((most, user) => Math.max(most, ...this.groupsOf(user).values()), 0)
  }
}

export const groupKey = (of: Pick<EventInput, 'event_type' | 'object_type' | 'object_id'>): string =>
  `${of.event_type} ${of.object_type} ${of.object_id}`

const isNewer = (a: DueEvent['event'], b: DueEvent['event']): boolean =>
  a.created_at === b.created_at ? a.event_id > b.event_id : a.created_at > b.created_at

const countAdds = (actors: ReadonlyMap<string, DueEvent['event']>): number =>
  [...actors.values()].reduce((sum, { op }) => sum + (op === 'ADD' ? 1 : 0), 0)

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
