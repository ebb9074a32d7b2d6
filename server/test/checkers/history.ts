import type { LogRecord } from '../../src/model/log-record.ts'

/**
 * What happened, as those saw it who took part: one entry a line. An operation is an `invoke` and, by the same process,
 * its end: `ok`, `fail` (it had no effect, for certain) or `info` (unknown: it may have had its effect, or have it still,
 * or never). An `ok` without an `invoke` is something that a process was told or found without asking.
 */
export interface HistoryEntry {
  readonly proc: string
  readonly type: 'invoke' | 'ok' | 'fail' | 'info'
  /** What is done: one of `Vocabulary`. */
  readonly f: string
  readonly user: string | null
  /** Milliseconds since 1970, by a clock that never goes back. */
  readonly t: number
  readonly args?: unknown
  readonly result?: unknown
}

export type History = readonly HistoryEntry[]

/** What is asked and answered, by the name of the operation. */
export interface Vocabulary {
  append: {
    args: { readonly events: readonly SentEvent[] }
    result: { readonly event_ids: readonly (string | null)[] }
  }
  /** Events under an `Idempotency-Key`; the server makes up what `event_id` they have. */
  keyed: { args: { readonly key: string; readonly event: SentEvent }; result: KeyedAnswer }
  page: { args: null; result: SeenPage }
  actors: { args: { readonly group_id: string }; result: { readonly actors: readonly string[] } }
  mark: { args: MarkArgs; result: { readonly seq: number; readonly not_found: readonly string[] } }
  /** A group is deleted by its user; not found is an answer as well. */
  delete: { args: { readonly group_id: string }; result: { readonly found: boolean } }
  /** A connection, which is a process of its own, named `client#number`. What it was greeted with. */
  connect: { args: { readonly resume: Position | null }; result: Greeting }
  /** A frame that a connection was sent. */
  frame: { args: never; result: SeenFrame }
  /** The list at the end, when everything was folded. */
  final: { args: never; result: SeenPage }
  /** The log as it is stored. */
  log: { args: never; result: { readonly records: readonly LogRecord[] } }
}

export interface SentEvent {
  readonly event_id?: string
  readonly event_type: string
  readonly actor_id: string
  readonly target_user_id: string
  readonly object_type: string
  readonly object_id: string
  readonly op: 'ADD' | 'UNDO'
  readonly created_at?: number
}

export interface KeyedAnswer {
  readonly status: number
  readonly event_ids: readonly string[]
}

export interface MarkArgs {
  readonly mark: 'read' | 'seen'
  /** `null`: all. */
  readonly group_ids: readonly string[] | null
  readonly up_to_seq: number | null
}

export interface Position {
  readonly epoch: string
  readonly seq: number
}

export interface SeenGroup {
  readonly group_id: string
  readonly event_type: string
  readonly object_id: string
  readonly actor_count: number
  readonly event_count: number
  readonly group_created_at: number
  readonly is_read: boolean
  readonly is_seen: boolean
  readonly seq: number
  readonly unread_seq: number
}

export interface SeenPage {
  readonly epoch: string
  readonly seq: number
  readonly unread_count: number
  readonly unseen_count: number
  readonly groups: readonly SeenGroup[]
}

export interface Greeting {
  readonly epoch: string
  readonly from_seq: number
  readonly seq: number
  readonly unread_count: number
  readonly unseen_count: number
}

export type SeenFrame =
  | { readonly type: 'reset'; readonly reason: string; readonly epoch: string; readonly seq: number }
  | (ChainFrame & { readonly type: 'activity_group_created' | 'activity_group_updated'; readonly group: SeenGroup })
  | (ChainFrame & { readonly type: 'activity_group_removed'; readonly group_id: string })
  | (ChainFrame & { readonly type: 'read_state' })

export interface ChainFrame {
  readonly epoch: string
  readonly seq: number
  readonly prev_seq: number
  readonly counts_seq: number
  readonly unread_count: number
  readonly unseen_count: number
}

type Name = keyof Vocabulary

/** An operation from its beginning to its end. One that never ended is unknown, and unknown ones end never. */
export interface Operation<F extends Name = Name> {
  readonly proc: string
  readonly f: F
  readonly user: string
  readonly began: number
  readonly ended: number
  readonly outcome: 'ok' | 'fail' | 'info'
  readonly args: Vocabulary[F]['args']
  /** Only with `ok`. */
  readonly result: Vocabulary[F]['result']
}

export interface Observation<F extends Name> {
  readonly proc: string
  readonly user: string
  readonly t: number
  readonly result: Vocabulary[F]['result']
}

/** What a checker found, in words that lead to the place. */
export interface Violation {
  readonly kind: string
  readonly user: string
  readonly detail: string
}

/** All operations of one kind, in the order in which they began. */
export function operations<F extends Name>(history: History, f: F): readonly Operation<F>[] {
  const open = new Map<string, HistoryEntry>()
  const found: Operation<F>[] = []
  const end = (invoked: HistoryEntry, ending: HistoryEntry | null) => {
    const outcome = ending === null || ending.type === 'invoke' ? 'info' : ending.type
    found.push({
      proc: invoked.proc,
      f,
      user: invoked.user ?? '',
      began: invoked.t,
      ended: ending === null || outcome === 'info' ? Number.POSITIVE_INFINITY : ending.t,
      outcome,
      args: invoked.args as Vocabulary[F]['args'],
      result: ending?.result as Vocabulary[F]['result'],
    })
  }
  for (const entry of history) {
    const invoked = open.get(entry.proc)
    if (entry.f !== f) continue
    if (entry.type === 'invoke') {
      if (invoked) end(invoked, null)
      open.set(entry.proc, entry)
    } else if (invoked) {
      open.delete(entry.proc)
      end(invoked, entry)
    }
  }
  for (const invoked of open.values()) end(invoked, null)
  return found.sort((a, b) => a.began - b.began)
}

/** What was told or found unasked, of one kind, in order. */
export function observations<F extends 'frame' | 'final' | 'log'>(history: History, f: F): readonly Observation<F>[] {
  return history
    .filter((entry) => entry.f === f && entry.type === 'ok')
    .map(({ proc, user, t, result }) => ({ proc, user: user ?? '', t, result: result as Vocabulary[F]['result'] }))
}

/** The log as it was found last. */
export function logOf(history: History): readonly LogRecord[] {
  const last = observations(history, 'log').at(-1)
  if (!last) throw new Error('the history does not say what the log holds at the end')
  return last.result.records
}

export const parseHistory = (text: string): History =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryEntry)

export const formatHistory = (history: History): string => history.map((entry) => `${JSON.stringify(entry)}\n`).join('')
