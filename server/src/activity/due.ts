import { type LogRecord, userOf } from '../model/log-record.ts'
import type { PubSub } from '../ports/pub-sub.ts'
import type { PartitionState } from './partition-state.ts'
import type { UserFold } from './user-fold.ts'

/** Flushes that a user who is listened to may have at once after a pause. */
const burst = 8

/** When what is folded of a user is to be written. */
export interface Due {
  /** Finds out of those whom the records changed whether anybody listens to them. */
  askWhoIsHeard(state: Pick<PartitionState, 'users'>, records: readonly LogRecord[]): Promise<void>
  /** Milliseconds until then, as far as is known now; 0 or less: it is time. */
  dueIn(user: UserFold, now: number): number
  /** Something of the user is being written. */
  taken(user: UserFold, now: number): void
}

/**
 * What is folded of users who are away is written at most once in `flushMs`, since nobody waits for it. Who is listened to
 * hears at once, and has as few writes in the long run: each costs `flushMs`, and a few may be owed. A group that opens
 * is written at once.
 */
export function createDue(
  flushMs: number,
  pubSub: Pick<PubSub, 'mayBeHeard'>,
  metrics: { degraded(part: string, error: unknown): void },
): Due {
  return {
    async askWhoIsHeard({ users }, records) {
      const unknown = new Set<UserFold>()
      for (const { value } of records) {
        const user = value.kind === 'unreadable' ? undefined : users.get(userOf(value))
        if (user?.isDirty && user.isHeard === null) unknown.add(user)
      }
      if (unknown.size === 0) return
      const asked = [...unknown]
      // Without an answer they count as away: pub/sub that is down tells nobody anything.
      const heard = await pubSub
        .mayBeHeard(asked.map(({ user }) => user))
        .catch((error: unknown) => metrics.degraded('pub_sub', error))
      for (const [i, user] of asked.entries()) user.isHeard = heard?.[i] ?? false
    },

    dueIn(user, now) {
      if (user.urgent) return 0
      const dueAt = user.isHeard ? user.owesUntil - (burst - 1) * flushMs : user.flushedAt + flushMs
      return dueAt - now
    },

    taken(user, now) {
      user.owesUntil = Math.max(user.owesUntil, now) + flushMs
    },
  }
}
