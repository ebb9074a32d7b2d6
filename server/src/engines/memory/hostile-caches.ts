import { HeadwaterError } from '../../lib/error.ts'
import type { UserId } from '../../model/ids.ts'
import type { OfflineQueue } from '../../ports/offline-queue.ts'
import type { SessionRegistry } from '../../ports/session-registry.ts'
import type { UnreadSets } from '../../ports/unread-sets.ts'
import type { UsedTickets } from '../../ports/used-tickets.ts'
import type { HostileContext } from './hostile-log.ts'
import { memoryOfflineQueue } from './offline-queue.ts'
import { memorySessionRegistry } from './session-registry.ts'
import type { MemoryStorage } from './storage.ts'
import { memoryUnreadSets } from './unread-sets.ts'
import { memoryUsedTickets } from './used-tickets.ts'

/** How a cache forgets one user, or everything. */
interface Forgetting {
  evict(user: UserId): void
  wipe(): void
}

type Around = <Answer>(what: string, users: readonly UserId[], run: () => Promise<Answer>) => Promise<Answer>

function aroundOf(name: string, { world, process }: HostileContext, { evict, wipe }: Forgetting): Around {
  const forget = (users: readonly UserId[]) => {
    if (world.strikes('cache.wiped')) wipe()
    for (const user of users) if (world.strikes('cache.evicted')) evict(user)
  }
  return (what, users, run) =>
    process.call(`${name}.${what}`, async () => {
      if (world.strikes('cache.down')) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
      forget(users)
      const answer = await run()
      forget(users)
      return answer
    })
}

const usersOf = (items: readonly { readonly user: UserId }[]): UserId[] => items.map(({ user }) => user)

export function hostileUnreadSets({ unread }: MemoryStorage, context: HostileContext): UnreadSets {
  const sets = memoryUnreadSets(unread)
  const around = aroundOf('unread', context, { evict: (user) => void unread.delete(user), wipe: () => unread.clear() })
  return {
    apply: (flushes, createdFrom) => around('apply', usersOf(flushes), () => sets.apply(flushes, createdFrom)),
    mark: (user, changes, createdFrom) => around('mark', [user], () => sets.mark(user, changes, createdFrom)),
    counts: (user, createdFrom) => around('counts', [user], () => sets.counts(user, createdFrom)),
    put: (user, content) => around('put', [user], () => sets.put(user, content)),
    drop: (users) => around('drop', [], () => sets.drop(users)),
    async [Symbol.asyncDispose]() {},
  }
}

export function hostileOfflineQueue({ offline }: MemoryStorage, context: HostileContext): OfflineQueue {
  const queue = memoryOfflineQueue(offline)
  const forgetting = { evict: (user: UserId) => void offline.delete(user), wipe: () => offline.clear() }
  const around = aroundOf('offline', context, forgetting)
  return {
    push: (changes, max) => around('push', usersOf(changes), () => queue.push(changes, max)),
    read: (user, after) => around('read', [user], () => queue.read(user, after)),
    drop: (users) => around('drop', [], () => queue.drop(users)),
    entries: () => around('entries', [], () => queue.entries()),
    async [Symbol.asyncDispose]() {},
  }
}

export function hostileUsedTickets({ usedTickets }: MemoryStorage, context: HostileContext): UsedTickets {
  const used = memoryUsedTickets(usedTickets, context.seams.clock)
  // One that is forgotten could be used again: a promise that no cache makes, and no test tells from a mistake.
  const around = aroundOf('tickets', context, { evict: () => {}, wipe: () => {} })
  return {
    use: (ticketId, ttlMs) => around('use', [], () => used.use(ticketId, ttlMs)),
    async [Symbol.asyncDispose]() {},
  }
}

export function hostileSessionRegistry({ sessions }: MemoryStorage, context: HostileContext): SessionRegistry {
  const registry = memorySessionRegistry(sessions)
  const evict = (user: UserId) => {
    sessions.size -= sessions.users.get(user)?.length ?? 0
    sessions.users.delete(user)
  }
  const wipe = () => {
    sessions.users.clear()
    sessions.size = 0
  }
  const around = aroundOf('sessions', context, { evict, wipe })
  return {
    put: (put, now, ttlMs) => around('put', usersOf(put), () => registry.put(put, now, ttlMs)),
    remove: (removed) => around('remove', usersOf(removed), () => registry.remove(removed)),
    find: (users, now) => around('find', users, () => registry.find(users, now)),
    async [Symbol.asyncDispose]() {},
  }
}
