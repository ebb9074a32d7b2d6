import type { ActivityEvent } from '../../src/model/event.ts'
import { type LogRecord, type MarkValue, userOf } from '../../src/model/log-record.ts'
import {
  type History,
  logOf,
  type Operation,
  observations,
  operations,
  type SentEvent,
  type Violation,
} from './history.ts'

/**
 * The log against what was sent to it, for each user's stream: nothing acknowledged is lost, nothing is there that was
 * not sent or was refused, nothing more often than it was sent, nothing before what was over when it began; and what was
 * read of it once stays as it is. An unknown outcome may be in the log or not.
 */
export function checkLog(history: History): Violation[] {
  const records = logOf(history)
  return [
    ...checkStable(history, records),
    ...checkEvents(history, records),
    ...checkMarks(history, records),
    ...checkDeletions(history, records),
    ...checkLists(history),
  ]
}

/** One event with everything that is known of the attempts to send it. */
interface Sent {
  readonly event: SentEvent
  sends: number
  /** Sends that were not refused. */
  possible: number
  acknowledged: boolean
  began: number
  ended: number
}

function checkEvents(history: History, records: readonly LogRecord[]): Violation[] {
  const found: Violation[] = []
  const sent = sentEvents(history)
  const unknownKeyed = operations(history, 'keyed').filter(({ outcome }) => outcome === 'info')
  const stored = new Map<string, number[]>()
  const earlier = new Map<string, { readonly began: number; readonly seq: number }>()
  for (const { value, seq } of inOrder(records)) {
    if (value.kind !== 'event') continue
    const { event } = value
    const [user, id] = [event.targetUser, event.eventId]
    const known = sent.get(idOf(user, id))
    const places = stored.get(idOf(user, id)) ?? []
    stored.set(idOf(user, id), [...places, seq])
    if (!known) {
      const isOneOf = unknownKeyed.some(({ args }) => saysTheSame(args.event, event))
      if (!isOneOf) found.push({ kind: 'invented', user, detail: `event ${id} at ${seq} was never sent` })
      continue
    }
    if (known.possible === 0) found.push({ kind: 'invented', user, detail: `event ${id} at ${seq} was refused` })
    if (!saysTheSame(known.event, event))
      found.push({ kind: 'invented', user, detail: `event ${id} at ${seq} says something else than was sent` })
    if (places.length >= known.sends)
      found.push({
        kind: 'duplicated',
        user,
        detail: `event ${id} was sent ${known.sends} times and is at ${[...places, seq]}`,
      })
    if (places.length > 0) continue
    const before = earlier.get(user)
    if (before && known.ended < before.began) {
      found.push({
        kind: 'reordered',
        user,
        detail: `event ${id} at ${seq} was acknowledged before that at ${before.seq} was sent`,
      })
    }
    if (!before || known.began > before.began) earlier.set(user, { began: known.began, seq })
  }
  for (const { event, acknowledged } of sent.values()) {
    const [user, id] = [event.target_user_id, event.event_id ?? '']
    if (acknowledged && !stored.has(idOf(user, id)))
      found.push({ kind: 'lost', user, detail: `event ${id} was acknowledged` })
  }
  return [...found, ...checkBatches(history, stored)]
}

/** Within a batch the order is that of the batch; told only of events that were sent once. */
function checkBatches(history: History, stored: ReadonlyMap<string, readonly number[]>): Violation[] {
  const found: Violation[] = []
  const attempts = new Map<string, number>()
  const appends = operations(history, 'append')
  for (const { args } of appends)
    for (const event of args.events) attempts.set(sentId(event), (attempts.get(sentId(event)) ?? 0) + 1)
  for (const { args } of appends) {
    const last = new Map<string, number>()
    for (const event of args.events) {
      const [seq, second] = stored.get(sentId(event)) ?? []
      if (seq === undefined || second !== undefined || attempts.get(sentId(event)) !== 1) continue
      const user = event.target_user_id
      if (seq < (last.get(user) ?? 0))
        found.push({
          kind: 'reordered',
          user,
          detail: `event ${event.event_id} at ${seq} comes before one that its batch has before it`,
        })
      last.set(user, seq)
    }
  }
  return found
}

function sentEvents(history: History): Map<string, Sent> {
  const sent = new Map<string, Sent>()
  const note = (event: SentEvent, { began, ended }: Operation, isRefused: boolean, isOk: boolean) => {
    const id = sentId(event)
    const known = sent.get(id) ?? {
      event,
      sends: 0,
      possible: 0,
      acknowledged: false,
      began,
      ended: Number.POSITIVE_INFINITY,
    }
    sent.set(id, known)
    known.sends++
    if (!isRefused) known.possible++
    if (!isOk) return
    known.acknowledged = true
    known.ended = Math.min(known.ended, ended)
  }
  for (const operation of operations(history, 'append')) {
    operation.args.events.forEach((event, i) => {
      const isOk = operation.outcome === 'ok' && operation.result.event_ids[i] !== null
      note(event, operation, operation.outcome === 'fail' || (operation.outcome === 'ok' && !isOk), isOk)
    })
  }
  noteKeyed(operations(history, 'keyed'), note)
  return sent
}

/** Requests with one key and body are sends of one event, whose id the answered ones tell. */
function noteKeyed(
  keyed: readonly Operation<'keyed'>[],
  note: (event: SentEvent, operation: Operation, isRefused: boolean, isOk: boolean) => void,
): void {
  const taken = ({ outcome, result }: Operation<'keyed'>) => outcome === 'ok' && result.event_ids.length > 0
  for (const same of Map.groupBy(keyed, ({ args }) => JSON.stringify(args)).values()) {
    const [event_id] = same.find(taken)?.result.event_ids ?? []
    if (event_id === undefined) continue
    for (const operation of same) {
      if (!taken(operation) && operation.outcome !== 'info') continue
      note({ ...operation.args.event, event_id }, operation, false, taken(operation))
    }
  }
}

function checkMarks(history: History, records: readonly LogRecord[]): Violation[] {
  const found: Violation[] = []
  const marks = operations(history, 'mark')
  const stored = new Map<string, number>()
  const one = new Map<string, MarkValue>()
  for (const { value } of records) {
    if (value.kind !== 'mark') continue
    const signature = signatureOf(value.user, value.mark, value.groupIds)
    stored.set(signature, (stored.get(signature) ?? 0) + 1)
    one.set(signature, value)
  }
  const acknowledged = new Map<string, number>()
  for (const { outcome, user, args, result } of marks) {
    if (outcome !== 'ok') continue
    const gone = new Set(result.not_found)
    const signature = signatureOf(user, args.mark, args.group_ids?.filter((id) => !gone.has(id)) ?? null)
    acknowledged.set(signature, (acknowledged.get(signature) ?? 0) + 1)
  }
  for (const [signature, times] of acknowledged) {
    const user = signature.split(' ')[0] ?? ''
    if ((stored.get(signature) ?? 0) < times)
      found.push({
        kind: 'lost',
        user,
        detail: `mark ${signature} was acknowledged ${times} times and is stored ${stored.get(signature) ?? 0} times`,
      })
  }
  for (const [signature, times] of stored) {
    const value = one.get(signature) as MarkValue
    const unknown = marks.filter(
      ({ outcome, user, args }) => outcome === 'info' && user === value.user && mayBe(args, value),
    )
    if (times - (acknowledged.get(signature) ?? 0) > unknown.length)
      found.push({ kind: 'invented', user: value.user, detail: `mark ${signature} is stored ${times} times` })
  }
  return found
}

const signatureOf = (user: string, mark: string, groups: readonly string[] | null): string =>
  `${user} ${mark} ${groups === null ? 'all' : [...groups].sort().join(',')}`

/** A mark whose outcome is unknown may have found only some of its groups. */
function mayBe(args: Operation<'mark'>['args'], value: MarkValue): boolean {
  if (args.mark !== value.mark || (args.group_ids === null) !== (value.groupIds === null)) return false
  return (value.groupIds ?? []).every((id) => args.group_ids?.includes(id))
}

function checkDeletions(history: History, records: readonly LogRecord[]): Violation[] {
  const found: Violation[] = []
  const deletes = operations(history, 'delete')
  const stored = new Set<string>()
  for (const { value } of records) if (value.kind === 'group_deleted') stored.add(idOf(value.user, value.groupId))
  for (const { user, outcome, args, result } of deletes) {
    if (outcome !== 'ok' || !result.found || stored.has(idOf(user, args.group_id))) continue
    found.push({ kind: 'lost', user, detail: `the deletion of ${args.group_id} was acknowledged` })
  }
  const possible = new Set(
    deletes
      .filter(({ outcome, result }) => outcome === 'info' || (outcome === 'ok' && result.found))
      .map(({ user, args }) => idOf(user, args.group_id)),
  )
  for (const { value, seq } of records) {
    if (value.kind !== 'group_deleted' || possible.has(idOf(value.user, value.groupId))) continue
    found.push({
      kind: 'invented',
      user: value.user,
      detail: `the deletion of ${value.groupId} at ${seq} was never asked for, or refused`,
    })
  }
  return found
}

/** What was read of the log earlier is what is read of it later. */
function checkStable(history: History, last: readonly LogRecord[]): Violation[] {
  const found: Violation[] = []
  const placeOf = ({ value, seq }: LogRecord): string => `${userOf(value)} ${seq}`
  const now = new Map(last.map((record) => [placeOf(record), JSON.stringify(record.value)]))
  for (const { result } of observations(history, 'log')) {
    for (const record of result.records) {
      const later = now.get(placeOf(record))
      const user = userOf(record.value)
      if (later === undefined)
        found.push({ kind: 'lost', user, detail: `the record at ${record.seq} was read and is gone` })
      else if (later !== JSON.stringify(record.value))
        found.push({ kind: 'reordered', user, detail: `at ${record.seq} is another record than was read there` })
    }
  }
  return found
}

/** No list holds a thing twice, and each is in its order. */
function checkLists(history: History): Violation[] {
  const found: Violation[] = []
  const pages = [
    ...operations(history, 'page').filter(({ outcome }) => outcome === 'ok'),
    ...observations(history, 'final'),
  ]
  for (const { user, result } of pages) {
    const ids = result.groups.map((group) => group.group_id)
    if (new Set(ids).size < ids.length)
      found.push({ kind: 'duplicated', user, detail: `a page at ${result.seq} holds a group twice` })
    const order = [...result.groups].sort(
      (a, b) => b.group_created_at - a.group_created_at || (a.group_id < b.group_id ? -1 : 1),
    )
    if (order.some((group, i) => group.group_id !== ids[i]))
      found.push({ kind: 'reordered', user, detail: `a page at ${result.seq} is out of order` })
  }
  for (const { user, outcome, args, result } of operations(history, 'actors')) {
    if (outcome !== 'ok' || new Set(result.actors).size === result.actors.length) continue
    found.push({ kind: 'duplicated', user, detail: `an actor is twice in ${args.group_id}` })
  }
  return found
}

const idOf = (user: string, id: string): string => `${user} ${id}`
const sentId = (event: SentEvent): string => idOf(event.target_user_id, event.event_id ?? '')
const inOrder = (records: readonly LogRecord[]): readonly LogRecord[] => [...records].sort((a, b) => a.seq - b.seq)

const saysTheSame = (sent: SentEvent, stored: ActivityEvent): boolean =>
  sent.event_type === stored.eventType &&
  sent.actor_id === stored.actor &&
  sent.target_user_id === stored.targetUser &&
  sent.object_type === stored.objectType &&
  sent.object_id === stored.objectId &&
  sent.op === stored.op &&
  (sent.created_at === undefined || sent.created_at === stored.createdAt)
