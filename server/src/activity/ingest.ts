import type { EventsAccepted, EventType, RejectedEvent } from '@headwater/protocol'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import { pooledRandom } from '../lib/pooled-random.ts'
import type { Seams } from '../lib/seams.ts'
import { createUuidV7, derivedUuidV7 } from '../lib/uuid.ts'
import type { ActivityEvent } from '../model/event.ts'
import type { AppendOutcome, EventLog } from '../ports/event-log.ts'
import type { TraceStore } from '../ports/trace-store.ts'
import { type AdmissionSettings, createAdmission, type RefusalReason } from './admission.ts'
import { type CheckedEvent, checkEvent } from './event-check.ts'
import type { EventItem, ItemError } from './event-item.ts'
import { createPendingEvents, idForUser, type PendingEvent } from './ingest-pending.ts'
import { type TracedEvent, tracedEvent, tracedPending } from './ingest-trace.ts'

/**
 * The way of events into the log. Each item gets a verdict of its own; those that pass are appended in one go, and what is
 * answered as accepted is durable. Whatever the server fills in follows from the request where it can, so that sending
 * the same again means the same events.
 */
export interface Ingest {
  /**
   * Throws `overloaded` before anything is taken in, and `ingest_unavailable` when it is not known what was stored: the
   * same request again is safe, and complete only when it was answered.
   */
  submitItems(items: readonly EventItem[], context?: SubmitContext): Promise<Submitted>
  /**
   * Throws `overloaded` when nothing is taken in at the moment: asked before a request costs anything. `waitedMs`: how long
   * the first request has been waiting that has come and was not looked at yet.
   */
  checkRoom(waitedMs?: number): void
  /** The same for events in the names of the wire. */
  submit(events: readonly unknown[], context?: SubmitContext): Promise<EventsAccepted>
  /** What became of an event in the last 24 h. */
  trace(eventId: string): Promise<TracedEvent | undefined>
}

export interface SubmitContext {
  /** Ids and times that are filled in are derived from it. */
  readonly idempotency?: { readonly seed: string; readonly startedAt: number } | undefined
  /** Size of the request, for the bound on what is in flight. */
  readonly bytes?: number
}

/** The answer, and where in an item each mistake is: `errors[n]` belongs to `rejected[n]`. */
export interface Submitted extends EventsAccepted {
  readonly errors: readonly ItemError[]
}

export interface IngestSettings extends AdmissionSettings {
  /** Whether events of a type whose actor is their own target user are told. */
  readonly notifySelf: (type: EventType) => boolean
  /** Accepted events that `trace` can tell to be pending. */
  readonly maxPending?: number
  readonly maxPendingBytes?: number
}

const defaults = { maxPending: 10_000, maxPendingBytes: 8 * 1024 * 1024 }

export interface IngestPorts {
  readonly log: Pick<EventLog, 'append'>
  readonly traces: Pick<TraceStore, 'put' | 'get'>
  /** How far the worker is behind, in milliseconds; left out where that is not known. */
  readonly behindMs?: () => number
}

export interface IngestObserver {
  /** `changingNothing` of them are not in the log, since they would change nothing. */
  onAccepted?(count: number, changingNothing: number): void
  onRejected?(count: number): void
  onRefused?(reason: RefusalReason): void
  /** A trace could not be written. The event itself is as it should be. */
  onTraceLost?(error: unknown): void
}

export function createIngest(
  { log, traces, behindMs = () => 0 }: IngestPorts,
  settings: IngestSettings,
  seams: Pick<Seams, 'clock' | 'random' | 'failpoint'>,
  observer: IngestObserver = {},
): Ingest {
  const { clock } = seams
  const newId = createUuidV7(clock, pooledRandom(seams.random))
  const { maxPending, maxPendingBytes } = { ...defaults, ...settings }
  const pending = createPendingEvents(maxPending, maxPendingBytes)
  const admission = createAdmission(settings, behindMs, seams, (reason) => observer.onRefused?.(reason))

  return { submitItems, checkRoom: admission.check, submit, trace }

  async function submit(events: readonly unknown[], context?: SubmitContext): Promise<EventsAccepted> {
    const items = events.map((value) => ({ value }))
    const { accepted, rejected, event_ids } = await submitItems(items, context)
    return { accepted, rejected, event_ids }
  }

  async function submitItems(items: readonly EventItem[], context: SubmitContext = {}): Promise<Submitted> {
    return admission.hold({ events: items.length, bytes: context.bytes ?? 0 }, () => takeIn(items, context))
  }

  async function takeIn(items: readonly EventItem[], context: SubmitContext): Promise<Submitted> {
    const checked = checkAll(items, context)
    await nameTimes(checked.timeless)
    const { told, toSelf } = split(firstOnes(checked.taken))
    await append(told)
    await traceSelf(toSelf)
    const accepted = checked.taken.length
    if (accepted > 0) observer.onAccepted?.(accepted, accepted - told.length)
    if (checked.rejected.length > 0) observer.onRejected?.(checked.rejected.length)
    return { accepted, rejected: checked.rejected, event_ids: checked.ids, errors: checked.errors }
  }

  /** A second run of one request, with the same key, comes to the same verdicts and events as the first. */
  function checkAll(items: readonly EventItem[], { idempotency }: SubmitContext): Checked {
    const now = idempotency?.startedAt ?? clock.now()
    const checked: Checked = { taken: [], timeless: [], ids: [], rejected: [], errors: [] }
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as EventItem
      const verdict =
        'refused' in item
          ? { ok: false as const, error: item.refused }
          : checkEvent(item.value, { now, timeless: item.timeless })
      if (!verdict.ok) {
        reject(checked, index, verdict.error)
        continue
      }
      const taken = complete(verdict.event, verdict.bytes, index, idempotency)
      checked.taken.push(taken)
      checked.ids.push(taken.event.eventId)
      if ('timeless' in item && taken.event.createdAt === null) checked.timeless.push(taken)
    }
    return checked
  }

  function complete(
    checked: CheckedEvent,
    bytes: number,
    index: number,
    idempotency: SubmitContext['idempotency'],
  ): Taken {
    const isNew = checked.eventId === null && !idempotency
    const derived = idempotency && derivedUuidV7(idempotency.startedAt, `${idempotency.seed}\n${index}`, index)
    checked.eventId ??= derived ?? newId()
    checked.createdAt ??= idempotency?.startedAt ?? null
    return { kind: 'event', event: checked as ActivityEvent, bytes, isNew }
  }

  /**
   * An id without a time was taken in before, perhaps: then it keeps the time that it got, and is no newer event. Traces
   * may be lost or away, so this is as good as they are.
   */
  async function nameTimes(timeless: readonly Taken[]): Promise<void> {
    let areTracesAway = false
    for (const taken of timeless) {
      const { eventId } = taken.event
      let known = pending.first(eventId)
      if (!known && !areTracesAway) {
        try {
          known = (await traces.get(eventId)).at(0)
        } catch (error) {
          areTracesAway = true
          observer.onTraceLost?.(error)
        }
      }
      if (known) taken.event = { ...taken.event, createdAt: timed(known).createdAt }
    }
  }

  /**
   * Without events that say something else under the id and target user of one before them, in the request or among the
   * newest that were accepted. What says the same is let through: the fold finds that it is not newer.
   */
  function firstOnes(all: readonly Taken[]): readonly Taken[] {
    // By event id, and those of the same id for other target users by both.
    const inRequest = new Map<string, ActivityEvent>()
    return all.filter(({ event, isNew }) => {
      if (isNew) return true
      const { eventId, targetUser } = event
      const ofId = inRequest.get(eventId)
      const key = !ofId || ofId.targetUser === targetUser ? eventId : idForUser(eventId, targetUser)
      const known = pending.get(eventId, targetUser)
      const first = inRequest.get(key) ?? (known && timed(known))
      if (!first) inRequest.set(key, event)
      return !first || saysTheSame(first, event)
    })
  }

  function split(all: readonly Taken[]) {
    const told: Taken[] = []
    const toSelf: Taken[] = []
    for (const taken of all) {
      const { actor, targetUser, eventType } = taken.event
      if (actor === targetUser && !settings.notifySelf(eventType)) toSelf.push(taken)
      else told.push(taken)
    }
    return { told, toSelf }
  }

  async function append(told: readonly Taken[]): Promise<void> {
    if (told.length === 0) return
    await seams.failpoint('ingest.before-append')
    const outcomes = await log.append(told).catch(unavailable)
    await seams.failpoint('ingest.after-append')
    if (outcomes.some(isUnknown)) unavailable(new UnknownOutcome('some of the events may not be in the log'))
    for (let i = 0; i < told.length; i++) {
      const outcome = outcomes[i]
      const { event, bytes } = told[i] as Taken
      if (outcome?.stored === true) pending.add(event, outcome.appendedAt, bytes)
    }
  }

  async function traceSelf(toSelf: readonly Taken[]): Promise<void> {
    if (toSelf.length === 0) return
    const acceptedAt = clock.now()
    const nothing = { seq: 0, groupId: null, writtenAt: null, pushedAt: null, queuedAt: null }
    const why = { state: 'ignored', reason: 'self', acceptedAt } as const
    const own = toSelf.map(({ event }) => ({ ...nothing, ...why, event, user: event.targetUser }))
    try {
      await traces.put(own)
    } catch (error) {
      observer.onTraceLost?.(error)
    }
  }

  async function trace(eventId: string): Promise<TracedEvent | undefined> {
    const id = eventId.toLowerCase()
    const waiting = pending.first(id)
    const known = waiting && waiting.acceptedAt > clock.now() - tracedMs ? tracedPending(waiting) : undefined
    // Without the traces nobody can say that there is no such event.
    const [first] = await traces.get(id).catch((error: unknown) => {
      if (!known) throw error
      return []
    })
    return first ? tracedEvent(first) : known
  }
}

const timed = ({ event, acceptedAt }: PendingEvent): ActivityEvent => ({
  ...event,
  createdAt: event.createdAt ?? acceptedAt,
})

const saysTheSame = (a: ActivityEvent, b: ActivityEvent): boolean =>
  a.actor === b.actor &&
  a.eventType === b.eventType &&
  a.verb === b.verb &&
  a.objectType === b.objectType &&
  a.objectId === b.objectId &&
  a.op === b.op &&
  a.createdAt === b.createdAt

const tracedMs = 24 * 3_600_000

/** A value for the log. */
interface Taken {
  readonly kind: 'event'
  event: ActivityEvent
  /** About how much memory it takes. */
  readonly bytes: number
  /** Its id was made here: nobody can have sent it before. */
  readonly isNew: boolean
}

interface Checked {
  readonly taken: Taken[]
  /** Those with an id of the caller's that has no time in it. */
  readonly timeless: Taken[]
  readonly ids: (string | null)[]
  readonly rejected: RejectedEvent[]
  readonly errors: ItemError[]
}

function reject(checked: Checked, index: number, error: ItemError): void {
  checked.ids.push(null)
  checked.rejected.push({ index, code: error.code, detail: error.detail })
  checked.errors.push(error)
}

const isUnknown = (outcome: AppendOutcome): boolean => outcome.stored === 'unknown'

function unavailable(error: unknown): never {
  if (!UnknownOutcome.is(error)) throw error
  throw new HeadwaterError('ingest_unavailable', {
    detail:
      'It is not known whether this was stored. Send it again: with event ids or an Idempotency-Key nothing counts twice.',
    retryAfterS: 1,
    cause: error,
  })
}
