import type { EventOp, EventType } from '@headwater/protocol'
import type { Random } from '../../src/lib/seams.ts'
import { derivedUuidV7 } from '../../src/lib/uuid.ts'
import type { ActivityEvent } from '../../src/model/event.ts'

const hourMs = 3_600_000
const types: readonly EventType[] = ['LIKE', 'LIKE', 'LIKE', 'COMMENT', 'FOLLOW', 'CUSTOM']

export interface RandomEventOptions {
  readonly users: number
  readonly actors: number
  readonly objects: number
  /** Events lie between this time and `spanMs` after it. */
  readonly from: number
  readonly spanMs: number
  /** Times are multiples of this: equal times are common with a coarse one. */
  readonly stepMs?: number
}

/** Events that get in each other's way: few users, actors and objects, equal times, repeats, late ones, many UNDOs. */
export function createRandomEvents(random: Random, options: RandomEventOptions): () => ActivityEvent {
  const recent: ActivityEvent[] = []
  let count = 0
  return () => {
    if (recent.length > 0 && random.next() < 0.12) return recent[pick(random, recent.length)] as ActivityEvent
    const event = fresh()
    recent.push(event)
    if (recent.length > 200) recent.shift()
    return event
  }

  function fresh(): ActivityEvent {
    const stepMs = options.stepMs ?? hourMs
    const eventType = types[pick(random, types.length)] as EventType
    const createdAt = options.from + pick(random, Math.ceil(options.spanMs / stepMs)) * stepMs
    const op: EventOp = random.next() < 0.3 ? 'UNDO' : 'ADD'
    return {
      eventId: derivedUuidV7(createdAt, `event ${count++} ${random.next()}`),
      eventType,
      verb: eventType === 'CUSTOM' ? 'endorsed' : '',
      actor: `actor-${pick(random, options.actors)}`,
      targetUser: `user-${pick(random, options.users)}`,
      objectType: 'POST',
      objectId: `post-${pick(random, options.objects)}`,
      metadata: { preview: `preview ${count}` },
      createdAt: random.next() < 0.05 ? null : createdAt,
      op,
    }
  }
}

export const pick = (random: Random, count: number): number => Math.floor(random.next() * count)
