import { LRUCache } from 'lru-cache'
import type { UserId } from '../../model/ids.ts'
import type { BadgeCounts, UnreadSets } from '../../ports/unread-sets.ts'
import { UnreadSet } from './unread-set.ts'

/** A set, and its size as the cache knows it: the cache weighs a value anew only when it is another one. */
interface Kept {
  readonly set: UnreadSet
  readonly size: number
}

export type UnreadState = LRUCache<UserId, Kept>

export interface UnreadSettings {
  /** Users whose sets are kept; those who were away the longest go first. */
  readonly maxUsers?: number
  /** Groups and marks in all sets together. */
  readonly maxSize?: number
}

export const newUnreadState = ({ maxUsers = 50_000, maxSize = 1_000_000 }: UnreadSettings = {}): UnreadState =>
  new LRUCache<UserId, Kept>({ max: maxUsers, maxSize, sizeCalculation: ({ size }) => size })

export function memoryUnreadSets(state: UnreadState): UnreadSets {
  function countsOf(user: UserId, { set, size }: Kept, createdFrom: number): BadgeCounts | undefined {
    const counts = set.counts(createdFrom)
    if (!counts) state.delete(user)
    else if (set.size !== size) state.set(user, { set, size: set.size })
    return counts
  }

  return {
    async apply(flushes, createdFrom) {
      return flushes.map((flush) => {
        const kept = state.get(flush.user)
        if (!kept) return undefined
        if (kept.set.apply(flush)) return countsOf(flush.user, kept, createdFrom)
        state.delete(flush.user)
        return undefined
      })
    },

    async mark(user, changes, createdFrom) {
      const kept = state.get(user)
      kept?.set.raise(changes)
      return kept && countsOf(user, kept, createdFrom)
    },

    async counts(user, createdFrom) {
      const kept = state.get(user)
      return kept && countsOf(user, kept, createdFrom)
    },

    oldestCounted: (user) => state.peek(user)?.set.oldest,

    async put(user, content) {
      const set = new UnreadSet(content)
      state.set(user, { set, size: set.size })
    },

    async drop(users) {
      for (const user of users) state.delete(user)
    },

    async [Symbol.asyncDispose]() {},
  }
}
