import { LRUCache } from 'lru-cache'
import type { UserId } from '../../model/ids.ts'
import type { UnreadSets } from '../../ports/unread-sets.ts'
import { UnreadSet } from './unread-set.ts'

export type UnreadState = LRUCache<UserId, UnreadSet>

export interface UnreadSettings {
  /** Users whose sets are kept; those who were away the longest go first. */
  readonly maxUsers?: number
  /** Groups and marks in all sets together. */
  readonly maxSize?: number
}

export const newUnreadState = ({ maxUsers = 50_000, maxSize = 4_000_000 }: UnreadSettings = {}): UnreadState =>
  new LRUCache({ max: maxUsers, maxSize })

export function memoryUnreadSets(state: UnreadState): UnreadSets {
  const keep = (user: UserId, set: UnreadSet) => state.set(user, set, { size: set.size })
  const countsOf = (user: UserId, set: UnreadSet, createdFrom: number) => {
    const counts = set.counts(createdFrom)
    if (counts) keep(user, set)
    else state.delete(user)
    return counts
  }

  return {
    async apply(flushes, createdFrom) {
      return flushes.map((flush) => {
        const set = state.get(flush.user)
        if (!set) return undefined
        if (set.apply(flush)) return countsOf(flush.user, set, createdFrom)
        state.delete(flush.user)
        return undefined
      })
    },

    async mark(user, changes, createdFrom) {
      const set = state.get(user)
      set?.raise(changes)
      return set && countsOf(user, set, createdFrom)
    },

    async counts(user, createdFrom) {
      const set = state.get(user)
      return set && countsOf(user, set, createdFrom)
    },

    async put(user, content) {
      keep(user, new UnreadSet(content))
    },

    async drop(users) {
      for (const user of users) state.delete(user)
    },

    async [Symbol.asyncDispose]() {},
  }
}
