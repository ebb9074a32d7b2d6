import { workload } from '../../server/src/cli/workload.ts'
import { seededRandom } from '../../server/src/lib/virtual-seams.ts'
import type { ActivityEvent } from '../../server/src/model/event.ts'
import type { LogValue } from '../../server/src/model/log-record.ts'
import type { EventLog } from '../../server/src/ports/event-log.ts'

const perAppend = 5_000

/** `viral`: some users, some posts, one that everybody likes. `even`: every event is about another post of another user. */
export type Mix = 'viral' | 'even'

export function eventsOf(mix: Mix, count: number, seed: number): ActivityEvent[] {
  return mix === 'viral' ? viral(count, seed) : even(count, seed)
}

/** Five minutes, in one of which a post gets 50,000 of 120,000 events: its likes come in the middle fifth of a run. */
const seconds = 300
const hotShare = 50_000 / 120_000

function viral(count: number, seed: number): ActivityEvent[] {
  const settings = { run: `run-${seed}`, seed, users: 2_000, eventsPerS: count / seconds, seconds, hotShare }
  const events: ActivityEvent[] = []
  const all = workload({ ...settings, duplicateShare: 0.01, startMs: Date.now() - seconds * 1_000 })
  for (const { event } of all) {
    events.push({
      eventId: event.event_id,
      eventType: event.event_type,
      verb: event.verb ?? '',
      actor: event.actor_id,
      targetUser: event.target_user_id,
      objectType: event.object_type,
      objectId: event.object_id,
      metadata: event.metadata ?? {},
      createdAt: event.created_at,
      op: event.op,
    })
  }
  return events
}

function even(count: number, seed: number): ActivityEvent[] {
  const random = seededRandom(seed)
  const now = Date.now()
  return Array.from({ length: count }, (_, i) => ({
    eventId: `0190a5a0-${seed.toString(16).padStart(4, '0')}-7000-8000-${i.toString(16).padStart(12, '0')}`,
    eventType: 'LIKE' as const,
    verb: '',
    actor: `actor-${Math.floor(random.next() * 100_000)}`,
    targetUser: `user-${seed}-${i}`,
    objectType: 'POST' as const,
    objectId: `post-${i}`,
    metadata: {},
    createdAt: now - count + i,
    op: 'ADD' as const,
  }))
}

/** Puts events into a log, as many APIs together would. */
export async function fill(log: EventLog, events: readonly ActivityEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += perAppend) {
    const values = events.slice(from, from + perAppend).map((event): LogValue => ({ kind: 'event', event }))
    const outcomes = await log.append(values)
    if (outcomes.some(({ stored }) => stored !== true)) throw new Error('not everything was stored')
  }
}
