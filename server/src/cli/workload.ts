import type { EventInput, EventType } from '@headwater/protocol'
import type { Random } from '../lib/seams.ts'
import { createUuidV7 } from '../lib/uuid.ts'
import { seededRandom } from '../lib/virtual-seams.ts'
import { activeFew, createSampler, zipf } from './sampling.ts'

/**
 * A realistic stream of events, the same for the same settings. A few users make most of what happens; what happens
 * gathers on the newest posts by Zipf's law; some likes, comments and follows are taken back; one post goes viral in the
 * middle of the run; some events are sent twice, as clients do whose answer got lost.
 */
export interface WorkloadSettings {
  /** Prefix of every id, so that runs do not meet each other. */
  readonly run: string
  readonly seed: number
  readonly users: number
  readonly eventsPerS: number
  readonly seconds: number
  /** Share of all events that are likes of the viral post, by actors who are no users. */
  readonly hotShare: number
  readonly duplicateShare: number
  /** Wall time of the first event, milliseconds since 1970. */
  readonly startMs: number
}

export interface DueEvent {
  /** Milliseconds after the start. */
  readonly dueMs: number
  readonly event: Required<Pick<EventInput, 'event_id' | 'created_at' | 'op'>> & EventInput
  /** An exact copy of an earlier event. */
  readonly isDuplicate: boolean
}

/** Percent of events. */
export const kindShares = { LIKE: 70, COMMENT: 12, REACTION: 8, FOLLOW: 5, MENTION: 3, SHARE: 2 } as const
type Kind = keyof typeof kindShares
const kinds = Object.keys(kindShares) as Kind[]

/** How many of the ADDs of a kind are taken back (LDBC SNB's interactive workload). */
export const undoShares: Readonly<Partial<Record<EventType, number>>> = { LIKE: 0.048, COMMENT: 0.036, FOLLOW: 0.05 }

const zipfExponent = 1
const livePostsMax = 2_000
/** Events for each new post. */
const eventsPerPost = 25
/** ADDs that may still be taken back, or be sent again. */
const rememberedMax = 500
/** The viral post gets its likes in the middle fifth of the run. */
const hotFrom = 0.4
const hotTo = 0.6

interface Post {
  readonly id: string
  readonly author: number
}

export function* workload(settings: WorkloadSettings): Generator<DueEvent> {
  const { run, users, startMs } = settings
  const random = seededRandom(settings.seed)
  let dueMs = 0
  const newEventId = createUuidV7({ now: () => startMs + Math.floor(dueMs), monotonic: () => dueMs }, random)
  const total = Math.round(settings.eventsPerS * settings.seconds)
  const posts = createPosts(settings, random)
  const pickUser = activeFew(users)
  const pickKind = createSampler(kinds.map((kind) => kindShares[kind]))
  const adds = new Map<EventType, Remembered>(kinds.map((kind) => [kind, new Remembered()]))
  const sent = new Remembered()
  const hotPost: Post = { id: `${run}-hot`, author: 0 }
  const hotChance = settings.hotShare / (hotTo - hotFrom)
  let fans = 0

  for (let i = 0; i < total; i++) {
    dueMs = (i * 1_000) / settings.eventsPerS
    const share = i / total
    const repeated = random.next() < settings.duplicateShare ? sent.pick(random) : undefined
    if (repeated) {
      yield { dueMs, event: repeated, isDuplicate: true }
      continue
    }
    const isHot = share >= hotFrom && share < hotTo && random.next() < hotChance
    const event = complete(isHot ? likeOfFan(hotPost) : ordinary())
    sent.add(event)
    yield { dueMs, event, isDuplicate: false }
  }

  function ordinary(): EventInput {
    const kind = kinds[pickKind(random)] as Kind
    const remembered = adds.get(kind) as Remembered
    const undone = random.next() < (undoShares[kind] ?? 0) ? remembered.take(random) : undefined
    if (undone) return { ...undone, op: 'UNDO' }
    return eventOf(kind, posts.next())
  }

  function eventOf(kind: Kind, post: Post): EventInput {
    const actor = otherThan(post.author, pickUser(random))
    const target = user(post.author)
    const object =
      kind === 'FOLLOW'
        ? { object_type: 'USER' as const, object_id: target }
        : { object_type: 'POST' as const, object_id: post.id }
    return { event_type: kind, actor_id: user(actor), target_user_id: target, ...object, ...metadataOf(kind, random) }
  }

  function likeOfFan(post: Post): EventInput {
    const actor = `${run}-fan-${fans++}`
    return {
      event_type: 'LIKE',
      actor_id: actor,
      target_user_id: user(post.author),
      object_type: 'POST',
      object_id: post.id,
    }
  }

  function complete(input: EventInput): DueEvent['event'] {
    const event = { op: 'ADD' as const, ...input, event_id: newEventId(), created_at: startMs + Math.floor(dueMs) }
    if (event.op === 'ADD') adds.get(event.event_type)?.add(event)
    return event
  }

  function user(index: number): string {
    return userName(run, index)
  }

  /** Nobody is told of what they did themselves. */
  function otherThan(author: number, index: number): number {
    return index === author ? (index + 1) % users : index
  }
}

/** Users 0 and up are the most active ones; user 0 wrote the viral post. */
export const userName = (run: string, index: number): string => `${run}-user-${index}`

/** Posts appear as the run goes on, and the newer one is, the more happens to it. */
function createPosts({ run, users }: WorkloadSettings, random: Random): { next(): Post } {
  const live: Post[] = []
  const pickAuthor = activeFew(users)
  const pickRank = zipf(livePostsMax, zipfExponent)
  let made = 0
  const make = (): void => {
    live.push({ id: `${run}-post-${made++}`, author: pickAuthor(random) })
    if (live.length > livePostsMax) live.shift()
  }
  while (live.length < Math.min(users, livePostsMax)) make()
  let asked = 0
  return {
    next() {
      if (++asked % eventsPerPost === 0) make()
      const rank = pickRank(random) % live.length
      return live[live.length - 1 - rank] as Post
    },
  }
}

/** Some of the newest events, bounded. */
class Remembered {
  readonly #events: DueEvent['event'][] = []

  add(event: DueEvent['event']): void {
    if (this.#events.length === rememberedMax) this.#events.shift()
    this.#events.push(event)
  }

  pick(random: Random): DueEvent['event'] | undefined {
    return this.#events[Math.floor(random.next() * this.#events.length)]
  }

  take(random: Random): DueEvent['event'] | undefined {
    return this.#events.splice(Math.floor(random.next() * this.#events.length), 1)[0]
  }
}

const words = [
  'great',
  'sunset',
  'lake',
  'thanks',
  'where',
  'is',
  'this',
  'love',
  'it',
  'again',
  'soon',
  '大学',
  'café',
  '🌊',
]
const emoji = ['👍', '🎉', '😮', '❤️']

function metadataOf(kind: Kind, random: Random): Pick<EventInput, 'metadata'> {
  const one = (list: readonly string[]): string => list[Math.floor(random.next() * list.length)] as string
  if (kind === 'REACTION') return { metadata: { emoji: one(emoji) } }
  if (kind !== 'COMMENT' && kind !== 'MENTION') return {}
  const length = 3 + Math.floor(random.next() * 12)
  return { metadata: { preview: Array.from({ length }, () => one(words)).join(' ') } }
}
