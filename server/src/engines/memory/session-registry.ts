import type { UserId } from '../../model/ids.ts'
import type { Session, SessionRegistry } from '../../ports/session-registry.ts'

interface Entry {
  readonly session: Session
  readonly until: number
}

export interface SessionState {
  readonly users: Map<UserId, Map<string, Entry>>
  /** Sessions, those whose time has passed and who were not met since included. */
  size: number
  /** With so many it is time to look for those whose time has passed. */
  sweepAt: number
}

const sweepMin = 1_024

export const newSessionState = (): SessionState => ({ users: new Map(), size: 0, sweepAt: sweepMin })

export function memorySessionRegistry(state: SessionState): SessionRegistry {
  function forget(user: UserId, sessionId: string): void {
    const sessions = state.users.get(user)
    if (!sessions?.delete(sessionId)) return
    state.size--
    if (sessions.size === 0) state.users.delete(user)
  }

  /** Costs a walk over all, and runs only after as many were added. */
  function sweep(now: number): void {
    for (const [user, sessions] of state.users) {
      for (const [sessionId, { until }] of sessions) if (until <= now) forget(user, sessionId)
    }
    state.sweepAt = Math.max(sweepMin, 2 * state.size)
  }

  return {
    async put(sessions, now, ttlMs) {
      for (const session of sessions) {
        const own = state.users.get(session.user) ?? new Map<string, Entry>()
        state.users.set(session.user, own)
        if (!own.has(session.sessionId)) state.size++
        own.set(session.sessionId, { session, until: now + ttlMs })
      }
      if (state.size >= state.sweepAt) sweep(now)
    },

    async remove(sessions) {
      for (const { user, sessionId } of sessions) forget(user, sessionId)
    },

    async find(users, now) {
      return users.map((user) => {
        const alive: Session[] = []
        for (const { session, until } of state.users.get(user)?.values() ?? []) if (until > now) alive.push(session)
        return alive
      })
    },

    async [Symbol.asyncDispose]() {},
  }
}
