import { defaultTypeRules } from '../../../src/activity/settings.ts'
import { derivedUuidV7 } from '../../../src/lib/uuid.ts'
import type { LogRecord, LogValue } from '../../../src/model/log-record.ts'
import { toSeq } from '../../../src/model/position.ts'
import { actorsOf, PlainFold, type PlainGroup } from '../../model/plain-fold.ts'
import type {
  ChainFrame,
  HistoryEntry,
  MarkArgs,
  Position,
  SeenGroup,
  SeenPage,
  SentEvent,
  Vocabulary,
} from '../history.ts'

export const user = 'carol'
const epoch = 'first'
const start = Date.UTC(2026, 0, 28)

type Outcome = 'ok' | 'info' | 'fail'

/** How a request ended, and whether what it asked for reached the log all the same. */
interface Ended {
  readonly outcome?: Outcome
  readonly stored?: boolean
}

/** A history as a faultless server would leave it, told step by step; tests then change what they want to be found. */
export class SmallHistory {
  readonly entries: HistoryEntry[] = []
  readonly records: LogRecord[] = []
  readonly #fold = new PlainFold(defaultTypeRules)
  #listening: { readonly proc: string; readonly told: Set<string>; position: number } | null = null
  #t = start

  /** Events of actors about one object, in one request. */
  sends(
    object: string,
    actors: readonly string[],
    { outcome, stored, op = 'ADD' }: Ended & { readonly op?: 'ADD' | 'UNDO' } = {},
  ): readonly SentEvent[] {
    const events = actors.map((actor): SentEvent => {
      const created_at = this.#t + 1
      const event_id = derivedUuidV7(created_at, `${object} ${actor} ${this.entries.length}`)
      return {
        event_id,
        event_type: 'LIKE',
        actor_id: actor,
        target_user_id: user,
        object_type: 'POST',
        object_id: object,
        op,
        created_at,
      }
    })
    this.resends(events, { ...(outcome && { outcome }), ...(stored !== undefined && { stored }) })
    return events
  }

  resends(events: readonly SentEvent[], { outcome = 'ok', stored = outcome === 'ok' }: Ended = {}): void {
    this.#invoke('writer', 'append', { events })
    if (stored) for (const event of events) this.#store({ kind: 'event', event: storedEvent(event) })
    this.#end('writer', 'append', outcome, { event_ids: events.map((event) => event.event_id ?? null) })
  }

  reads(proc = 'reader'): SeenPage {
    this.#invoke(proc, 'page', null)
    const page = this.page()
    this.#end(proc, 'page', 'ok', page)
    return page
  }

  marks(args: Partial<MarkArgs> = {}, { outcome = 'ok', stored = outcome === 'ok' }: Ended = {}): void {
    const { head } = this.#fold.user(user)
    const full: MarkArgs = { mark: 'read', group_ids: null, up_to_seq: args.group_ids ? null : head, ...args }
    this.#invoke('marker', 'mark', full)
    if (stored)
      this.#store({ kind: 'mark', user, mark: full.mark, groupIds: full.group_ids, upTo: full.up_to_seq ?? head })
    this.#end('marker', 'mark', outcome, { seq: head, not_found: [] })
  }

  deletes(groupId: string, { outcome = 'ok', stored = outcome === 'ok' }: Ended = {}): void {
    this.#invoke('deleter', 'delete', { group_id: groupId })
    if (stored) this.#store({ kind: 'group_deleted', user, groupId })
    this.#end('deleter', 'delete', outcome, { found: true })
  }

  keyed(key: string, object: string, answer: Vocabulary['keyed']['result'] | null): void {
    const event: SentEvent = {
      event_type: 'LIKE',
      actor_id: 'ann',
      target_user_id: user,
      object_type: 'POST',
      object_id: object,
      op: 'ADD',
    }
    this.#invoke('keyed', 'keyed', { key, event })
    if (answer) this.#end('keyed', 'keyed', 'ok', answer)
    else this.#end('keyed', 'keyed', 'info', undefined)
  }

  /** A connection opens and is told everything from here on. */
  connects(proc: string, resume: Position | null = null): void {
    const { head } = this.#fold.user(user)
    this.#invoke(proc, 'connect', { resume })
    const { unread_count, unseen_count } = this.page()
    this.#end(proc, 'connect', 'ok', { epoch, from_seq: head, seq: head, unread_count, unseen_count })
    this.#listening = {
      proc,
      told: new Set(this.#fold.user(user).groups.map((group) => group.groupId)),
      position: head,
    }
  }

  frame(proc: string, result: Vocabulary['frame']['result']): void {
    this.entries.push({ proc, type: 'ok', f: 'frame', user, t: ++this.#t, result })
  }

  /** Reads the list and the log as they are in the end. */
  ends(): readonly HistoryEntry[] {
    this.entries.push({ proc: 'settler', type: 'ok', f: 'final', user, t: ++this.#t, result: this.page() })
    this.readsLog()
    return this.entries
  }

  readsLog(): void {
    this.entries.push({
      proc: 'operator',
      type: 'ok',
      f: 'log',
      user: null,
      t: ++this.#t,
      result: { records: [...this.records] },
    })
  }

  page(): SeenPage {
    const known = this.#fold.user(user)
    const groups = known.visible().map((group) => this.#seen(group))
    return { epoch, seq: known.head, unread_count: known.unread(), unseen_count: known.unseen(), groups }
  }

  get position(): Position {
    return { epoch, seq: this.#fold.user(user).head }
  }

  #store(value: LogValue): void {
    const offset = this.records.length
    const record: LogRecord = { partition: 0, offset, seq: toSeq(0, offset), appendedAt: ++this.#t, value }
    this.records.push(record)
    const before = this.#fold.user(user).head
    this.#fold.fold(record)
    if (this.#fold.user(user).head !== before) this.#tell(record)
  }

  #tell({ seq }: LogRecord): void {
    if (!this.#listening) return
    const { proc, told, position } = this.#listening
    const { unread_count, unseen_count } = this.page()
    const chain: ChainFrame = { epoch, seq, prev_seq: position, counts_seq: seq, unread_count, unseen_count }
    this.#listening.position = seq
    const group = this.#fold.user(user).groups.find((candidate) => candidate.seq === seq)
    if (!group) {
      this.frame(proc, { ...chain, type: 'read_state' })
      return
    }
    const type = told.has(group.groupId) ? 'activity_group_updated' : 'activity_group_created'
    told.add(group.groupId)
    const isShown = !group.deleted && actorsOf(group).length > 0
    if (isShown) this.frame(proc, { ...chain, type, group: this.#seen(group) })
    else this.frame(proc, { ...chain, type: 'activity_group_removed', group_id: group.groupId })
  }

  #seen(group: PlainGroup): SeenGroup {
    const known = this.#fold.user(user)
    return {
      group_id: group.groupId,
      event_type: group.key.eventType,
      object_id: group.key.objectId,
      actor_count: actorsOf(group).length,
      event_count: group.eventCount,
      group_created_at: group.createdAt,
      is_read: group.unreadSeq <= known.readUpTo(group),
      is_seen: group.unreadSeq <= known.seenUpTo(group),
      seq: group.seq,
      unread_seq: group.unreadSeq,
    }
  }

  #invoke<F extends keyof Vocabulary>(proc: string, f: F, args: Vocabulary[F]['args']): void {
    this.entries.push({ proc, type: 'invoke', f, user, t: ++this.#t, args })
  }

  #end<F extends keyof Vocabulary>(
    proc: string,
    f: F,
    type: Outcome,
    result: Vocabulary[F]['result'] | undefined,
  ): void {
    this.entries.push({ proc, type, f, user, t: ++this.#t, ...(type === 'ok' && { result }) })
  }
}

const storedEvent = (event: SentEvent) => ({
  eventId: event.event_id ?? '',
  eventType: event.event_type as 'LIKE',
  verb: '',
  actor: event.actor_id,
  targetUser: event.target_user_id,
  objectType: event.object_type as 'POST',
  objectId: event.object_id,
  metadata: {},
  createdAt: event.created_at ?? null,
  op: event.op,
})

/** The same history with the results of one kind of entry changed; the n-th alone, or all. */
export function withResult(
  history: readonly HistoryEntry[],
  f: string,
  change: (result: never) => unknown,
  only?: number,
): readonly HistoryEntry[] {
  let n = 0
  return history.map((entry) => {
    if (entry.f !== f || entry.type !== 'ok' || (only !== undefined && n++ !== only)) return entry
    return { ...entry, result: change(entry.result as never) }
  })
}

/** The same history without one entry: the n-th answer or observation of a kind. */
export function withoutEntry(history: readonly HistoryEntry[], f: string, at: number): readonly HistoryEntry[] {
  let n = 0
  return history.filter((entry) => entry.f !== f || entry.type !== 'ok' || n++ !== at)
}
