import { type History, operations } from './history.ts'
import type { KeyOperation, Model } from './linearizability.ts'

/** A request under an `Idempotency-Key`. */
export interface KeyedOp {
  readonly body: string
  /** `null`: no answer came. */
  readonly answer: { readonly status: number; readonly says: string } | null
}

/** What is noted of a key: what it was first used for, and what was answered. */
interface Noted {
  readonly body: string
  readonly says: string | null
}

/**
 * The first request decides what the key is for. Another body is refused with 422, the same is answered as the first
 * time; 409 says that it is still under way, and changes nothing.
 */
export const idempotencyModel: Model<Noted | null, KeyedOp> = {
  start: null,
  step(noted, { body, answer }) {
    if (answer?.status === 409) return [noted]
    if (answer?.status === 422) return noted && noted.body !== body ? [noted] : []
    if (noted && noted.body !== body) return []
    if (answer === null) return [noted ?? { body, says: null }]
    if (noted?.says != null && noted.says !== answer.says) return []
    return [{ body, says: answer.says }]
  },
  keyOf: (noted) => JSON.stringify(noted),
}

export function keyedOperations(history: History): ReadonlyMap<string, readonly KeyOperation<KeyedOp>[]> {
  const found = new Map<string, KeyOperation<KeyedOp>[]>()
  for (const { args, began, ended, outcome, result } of operations(history, 'keyed')) {
    const own = found.get(args.key) ?? []
    found.set(args.key, own)
    const answer = outcome === 'info' ? null : { status: result.status, says: JSON.stringify(result.event_ids) }
    own.push({ op: { body: JSON.stringify(args.event), answer }, began, ended })
  }
  return found
}

/** "Still under way" is true only while another request with the key is, or while nobody knows what became of one. */
export function unfoundedConflicts(history: History): readonly string[] {
  const found: string[] = []
  for (const [key, own] of keyedOperations(history)) {
    for (const one of own) {
      if (one.op.answer?.status !== 409) continue
      if (
        !own.some(
          (other) =>
            other !== one && other.began < one.ended && other.ended > one.began && other.op.answer?.status !== 409,
        )
      )
        found.push(key)
    }
  }
  return found
}
