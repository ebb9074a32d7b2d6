import { LRUCache } from 'lru-cache'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import type { Scheduler } from '../lib/seams.ts'
import { within } from '../lib/within.ts'
import type { UserId } from '../model/ids.ts'
import type { UserRecord, UserStore } from '../ports/user-store.ts'

export interface NamesAtHand extends UserStore {
  /** Forgets who was erased, here or on another server. */
  forget(user: UserId): void
}

const keptMax = 50_000
/** Longer than a user store takes that is well. A page that waited for its deadline would be of no use. */
const patienceMs = 1_000

/**
 * A user store for pages, which can do without it: while it is down, or too slow, those are named who were named lately,
 * and the others are shown by their ids. Everything but `get` is the store's.
 */
export function namesAtHand(users: UserStore, scheduler: Scheduler, onMissing: () => void): NamesAtHand {
  const kept = new LRUCache<UserId, UserRecord>({ max: keptMax })

  /** For each read that is under way who was written or forgotten since it began: its answer may be of before. */
  const underWay = new Set<Set<UserId>>()

  const changed = (id: UserId): void => {
    for (const since of underWay) since.add(id)
  }
  const forget = (user: UserId): void => {
    changed(user)
    kept.delete(user)
  }
  const keep = (id: UserId, record: UserRecord | undefined): void => {
    if (record) kept.set(id, record)
    else kept.delete(id)
  }

  return {
    async get(ids) {
      const since = new Set<UserId>()
      underWay.add(since)
      const asked = users
        .get(ids)
        .then((found) => {
          for (const [n, id] of ids.entries()) if (!since.has(id)) keep(id, found[n])
          return found
        })
        .finally(() => underWay.delete(since))
      const found = await within(asked.catch(absent), patienceMs, scheduler)
      if (found !== undefined) return found
      onMissing()
      return ids.map((id) => kept.get(id))
    },
    async put(user, now) {
      const record = await users.put(user, now)
      changed(user.id)
      keep(user.id, record)
      return record
    },
    erase(id, now, before) {
      forget(id)
      return users.erase(id, now, before)
    },
    erasures: (limit) => users.erasures(limit),
    sweepDone: (id, erasedAt) => users.sweepDone(id, erasedAt),
    forget,
    [Symbol.asyncDispose]: () => users[Symbol.asyncDispose](),
  }
}

/** An outage is as good as no answer. */
function absent(error: unknown): undefined {
  if (UnknownOutcome.is(error)) return undefined
  if (HeadwaterError.is(error) && (error.code === 'store_unavailable' || error.code === 'overloaded')) return undefined
  throw error
}
