import type { UserId } from '../../model/ids.ts'
import type { Session, SessionRegistry } from '../../ports/session-registry.ts'

interface Entry {
  readonly session: Session
  readonly until: number
}

export interface SessionState {
  readonly users: Map<UserId, Entry[]>
  /** Sessions, those whose time has passed and who were not met since included. */
  size: number
  /** With so many it is time to look for those whose time has passed. */
  sweepAt: number
}

/** A user has few sessions, so a list is looked through. */
const indexOf = (entries: readonly Entry[] | undefined, sessionId: string): number =>
  entries?.findIndex(({ session }) => session.sessionId === sessionId) ?? -1

const sweepMin = 1_024

export const newSessionState = (): SessionState => ({ users: new Map(), size: 0, sweepAt: sweepMin })

export function memorySessionRegistry(state: SessionState): SessionRegistry {
  function forget(user: UserId, sessionId: string): void {
    const entries = state.users.get(user)
    const index = indexOf(entries, sessionId)
    if (!entries || index === -1) return
    entries.splice(index, 1)
    state.size--
    if (entries.length === 0) state.users.delete(user)
  }

  /** Costs a walk over all, and runs only after as many were added. */
  function sweep(now: number): void {
    for (const [user, entries] of state.users) {
      for (const { session, until } of [...entries]) if (until <= now) forget(user, session.sessionId)
    }
    state.sweepAt = Math.max(sweepMin, 2 * state.size)
  }

  return {
    async put(sessions, now, ttlMs) {
      for (const session of sessions) {
        const entry = { session, until: now + ttlMs }
        const own = state.users.get(session.user)
        const index = indexOf(own, session.sessionId)
        if (own && index !== -1) {
          own[index] = entry
          continue
        }
        if (own) own.push(entry)
        else state.users.set(session.user, [entry])
        state.size++
      }
      if (state.size >= state.sweepAt) sweep(now)
    },

    async remove(sessions) {
      for (const { user, sessionId } of sessions) forget(user, sessionId)
    },

    async find(users, now) {
      return users.map((user) => {
        const alive: Session[] = []
        for (const { session, until } of state.users.get(user) ?? []) if (until > now) alive.push(session)
        return alive
      })
    },

    async [Symbol.asyncDispose]() {},
  }
}
