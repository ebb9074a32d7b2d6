import type { IdempotencyKey, IdempotencyStore, StoredAnswer } from '../../ports/idempotency-store.ts'

interface Run {
  readonly startedAt: number
  readonly bodyHash: string
  /** Until when nobody else may run it; in the past when it was abandoned. */
  leasedUntil: number
  answer: StoredAnswer | undefined
}

export type IdempotencyState = Map<string, Run>

export function memoryIdempotencyStore(state: IdempotencyState): IdempotencyStore {
  return {
    async begin(key, bodyHash, now, leaseMs) {
      const run = state.get(textOf(key))
      if (!run) {
        state.set(textOf(key), { startedAt: now, bodyHash, leasedUntil: now + leaseMs, answer: undefined })
        return { outcome: 'started', startedAt: now }
      }
      if (run.bodyHash !== bodyHash) return { outcome: 'reused' }
      if (run.answer) return { outcome: 'answered', answer: run.answer }
      if (now < run.leasedUntil) return { outcome: 'running', retryAfterMs: run.leasedUntil - now }
      run.leasedUntil = now + leaseMs
      return { outcome: 'started', startedAt: run.startedAt }
    },

    async complete(key, answer) {
      const run = state.get(textOf(key))
      if (run) run.answer ??= answer
    },

    async abandon(key) {
      const run = state.get(textOf(key))
      if (run) run.leasedUntil = Number.NEGATIVE_INFINITY
    },

    async purge(startedBefore) {
      for (const [key, run] of state) if (run.startedAt < startedBefore) state.delete(key)
    },

    async [Symbol.asyncDispose]() {},
  }
}

const textOf = ({ principal, route, key }: IdempotencyKey): string => JSON.stringify([principal, route, key])
