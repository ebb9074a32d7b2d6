import type { Revocation, RevocationStore } from '../../ports/revocation-store.ts'

export interface RevocationState {
  last: number
  revocations: Revocation[]
}

export const newRevocationState = (): RevocationState => ({ last: 0, revocations: [] })

export function memoryRevocationStore(state: RevocationState): RevocationStore {
  return {
    async revoke(revocation) {
      const stored = { ...revocation, order: ++state.last }
      state.revocations.push(stored)
      return stored
    },

    async since(order) {
      return state.revocations.filter((each) => each.order > order)
    },

    async purge(now) {
      state.revocations = state.revocations.filter((each) => each.expiresAt > now)
    },

    async [Symbol.asyncDispose]() {},
  }
}
