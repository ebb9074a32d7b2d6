/** A like as the test sent it: the newest of an actor decides. */
export interface Like {
  readonly eventId: string
  readonly actor: string
  readonly user: string
  readonly object: string
  readonly op: 'ADD' | 'UNDO'
}

/** Who likes what, counted from what the server acknowledged; ids rise with time, so the newest has the highest. */
export class PlainCount {
  readonly #newest = new Map<string, Map<string, Like>>()
  readonly acknowledged = new Set<string>()

  add(likes: readonly Like[]): void {
    for (const like of likes) {
      this.acknowledged.add(like.eventId)
      const key = `${like.user} ${like.object}`
      const actors = this.#newest.get(key) ?? new Map<string, Like>()
      this.#newest.set(key, actors)
      const known = actors.get(like.actor)
      if (!known || known.eventId < like.eventId) actors.set(like.actor, like)
    }
  }

  /** Actors who count, by object; objects that nobody likes any more are left out. */
  of(user: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const [key, actors] of this.#newest) {
      const [owner, object = ''] = key.split(' ')
      const count = [...actors.values()].filter((like) => like.op === 'ADD').length
      if (owner === user && count > 0) counts.set(object, count)
    }
    return counts
  }
}
