import type { UserId } from '../../model/ids.ts'
import type { UserRecord, UserStore } from '../../ports/user-store.ts'

export interface UserState {
  readonly users: Map<UserId, UserRecord>
  /** When those were erased whose memberships remain to be swept. */
  readonly erasedAt: Map<UserId, number>
}

export const newUserState = (): UserState => ({ users: new Map(), erasedAt: new Map() })

export function memoryUserStore({ users, erasedAt }: UserState): UserStore {
  return {
    async put(user, now) {
      const record = { ...user, createdAt: users.get(user.id)?.createdAt ?? now, updatedAt: now }
      users.set(user.id, record)
      return record
    },

    async get(ids) {
      return ids.map((id) => users.get(id))
    },

    async erase(id, now) {
      // Users need not be put to have memberships, so the sweep is due either way.
      erasedAt.set(id, Math.max(erasedAt.get(id) ?? 0, now))
      return users.delete(id)
    },

    async erasures(limit) {
      return Array.from(erasedAt, ([id, at]) => ({ id, erasedAt: at })).slice(0, limit)
    },

    async sweepDone(id, at) {
      if ((erasedAt.get(id) ?? 0) <= at) erasedAt.delete(id)
    },

    async [Symbol.asyncDispose]() {},
  }
}
