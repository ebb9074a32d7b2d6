import type { UserId } from '../../model/ids.ts'
import type { UserErasure, UserRecord, UserStore } from '../../ports/user-store.ts'

export interface UserState {
  readonly users: Map<UserId, UserRecord>
  /** Of those whose memberships remain to be swept. */
  readonly erasures: Map<UserId, UserErasure>
}

export const newUserState = (): UserState => ({ users: new Map(), erasures: new Map() })

export function memoryUserStore({ users, erasures }: UserState): UserStore {
  return {
    async put(user, now) {
      const record = { ...user, createdAt: users.get(user.id)?.createdAt ?? now, updatedAt: now }
      users.set(user.id, record)
      return record
    },

    async get(ids) {
      return ids.map((id) => users.get(id))
    },

    async erase(id, now, before) {
      // Users need not be put to have memberships, so the sweep is due either way.
      const erasedAt = Math.max((erasures.get(id)?.erasedAt ?? -1) + 1, now)
      erasures.set(id, { id, erasedAt, before })
      return users.delete(id)
    },

    async erasures(limit) {
      return [...erasures.values()].toSorted((a, b) => a.erasedAt - b.erasedAt).slice(0, limit)
    },

    async sweepDone(id, erasedAt) {
      if ((erasures.get(id)?.erasedAt ?? 0) <= erasedAt) erasures.delete(id)
    },

    async [Symbol.asyncDispose]() {},
  }
}
