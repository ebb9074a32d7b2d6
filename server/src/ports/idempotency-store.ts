/**
 * Answers to requests with an Idempotency-Key, per principal and route, for 24 h.
 *
 * Promises, each a case in conformance/idempotency-store.ts:
 * - Of several `begin`s of one key one is told `started`; it is durable before it is told.
 * - A begin with another body is told `reused`; one while the first runs `running`; one after it ended gets its answer.
 * - A run that ended without an answer, or whose lease passed, may be begun again, with the `startedAt` of the first.
 */
export interface IdempotencyStore extends AsyncDisposable {
  begin(key: IdempotencyKey, bodyHash: string, now: number, leaseMs: number): Promise<BeginOutcome>
  complete(key: IdempotencyKey, answer: StoredAnswer): Promise<void>
  /** Ends a run without keeping an answer: the next begin runs again. */
  abandon(key: IdempotencyKey): Promise<void>
  purge(startedBefore: number): Promise<void>
}

export interface IdempotencyKey {
  readonly principal: string
  readonly route: string
  readonly key: string
}

export interface StoredAnswer {
  readonly status: number
  readonly body: string
  readonly contentType: string
}

export type BeginOutcome =
  | { readonly outcome: 'started'; readonly startedAt: number }
  | { readonly outcome: 'running'; readonly retryAfterMs: number }
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'answered'; readonly answer: StoredAnswer }
