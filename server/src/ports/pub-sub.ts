import type { GroupRow } from '../model/activity-group.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { MarkChange } from '../model/marks.ts'
import type { BadgeCounts } from './unread-sets.ts'

/**
 * What just changed for a user, told to every server that has the user's sockets. A hint: any message may be lost, late
 * or repeated, the last one too. Who misses one reads it from the store.
 *
 * Promises, each a case in conformance/pub-sub.ts:
 * - A message published after `add` returned reaches the subscriber, as long as nothing breaks.
 * - Messages of one user from one publisher arrive in the order in which they were published.
 * - A subscriber hears only of users that were added, and nothing after `remove` returned.
 * - A user who was added may be heard, at every publisher.
 * - A subscription that broke and was mended says so through `onGap`.
 */
export interface PubSub extends AsyncDisposable {
  /** Per user, false when surely nobody listens: then nothing need be published. */
  mayBeHeard(users: readonly UserId[]): Promise<readonly boolean[]>
  publish(messages: readonly StreamMessage[]): Promise<void>
  subscribe(on: { message(message: StreamMessage): void; gap(): void }): Promise<Subscription>
}

export interface Subscription extends AsyncDisposable {
  add(users: readonly UserId[]): Promise<void>
  remove(users: readonly UserId[]): Promise<void>
}

/** Changes of a user's stream from one head to the next, or an order to every gateway about the user's sockets. */
export type StreamMessage = StreamChanges | { readonly kind: 'revoked'; readonly user: UserId }

export interface StreamChanges {
  readonly kind: 'changes'
  readonly user: UserId
  readonly from: Seq
  readonly to: Seq
  readonly changes: readonly StreamChange[]
  /** The badge at `counts.upTo`, when the publisher had it at hand. */
  readonly counts: BadgeCounts | null
  /** Wall time at which the newest event in it was accepted, milliseconds; for the latency metric alone. */
  readonly acceptedAt: number
}

/** In the order of `seq`. Rows come without `pending` and `hyperLogLog`. */
export type StreamChange =
  | { readonly seq: Seq; readonly group: GroupRow }
  | { readonly seq: Seq; readonly marks: readonly MarkChange[] }
