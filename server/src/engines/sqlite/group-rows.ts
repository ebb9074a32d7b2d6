import { hash } from 'node:crypto'
import type { EventOp, EventType, JsonObject, ObjectType } from '@headwater/protocol'
import {
  type EventPreview,
  type FirstSeqSpan,
  type GroupRow,
  isVisible,
  type Register,
} from '../../model/activity-group.ts'
import { type GroupKey, keyText } from '../../model/event.ts'
import type { Cell, Row } from './commands.ts'

/** A group's row in the table and back. The columns that pages need come first; `pending` and the registers last. */

/** Without `pending`. */
export const shownColumns = `user_id, group_id, event_type, created_at, seq, unread_seq, applied, verb, object_type, object_id,
  opened_seq, close_after_ms, reopen_read, visible_since, deleted_seq, actor_count, is_estimate, event_count, updated_at,
  data, hyper_log_log`
export const allColumns = `${shownColumns}, pending`

/** Without the names of their fields: a page parses sixty of them. */
type PackedRegister = readonly [
  actor: string,
  createdAt: number,
  eventId: string,
  EventOp,
  seq: number,
  firstSeq: number,
]
type PackedSpan = readonly [upTo: number, actors: number, came: number]
type PackedPreview = readonly [actor: string, createdAt: number, eventId: string, JsonObject]

type PackedErasure = readonly [actorHash: string, seq: number]

type RowData = readonly [
  newest: readonly PackedRegister[],
  readonly PackedSpan[],
  readonly PackedPreview[],
  readonly PackedErasure[],
]

export const upsertColumns = `user_id, group_id, visible, event_type, created_at, seq, unread_seq, applied, key_hash, verb,
  object_type, object_id, opened_seq, close_after_ms, reopen_read, visible_since, deleted_seq, actor_count, is_estimate,
  event_count, updated_at, data, pending, hyper_log_log`

export function toCells(row: GroupRow): Row {
  const data: RowData = [
    row.newestActors.map(pack),
    row.firstSeqSpans.map(packSpan),
    row.previews.map(packPreview),
    row.erasures.map(({ actorHash, seq }) => [actorHash, seq]),
  ]
  return [
    row.user,
    row.groupId,
    isVisible(row) ? 1 : 0,
    row.eventType,
    row.createdAt,
    row.seq,
    row.unreadSeq,
    row.applied,
    keyHash(row),
    row.verb,
    row.objectType,
    row.objectId,
    row.openedSeq,
    row.rules.closeAfterMs,
    row.rules.reopenReadGroups ? 1 : 0,
    row.visibleSince,
    row.deletedSeq,
    row.actorCount,
    row.actorCountIsEstimate ? 1 : 0,
    row.eventCount,
    row.updatedAt,
    JSON.stringify(data),
    row.pending.length === 0 ? null : JSON.stringify(row.pending.map(pack)),
    row.hyperLogLog,
  ]
}

/** Of `shownColumns` or `allColumns`. */
export function fromCells(cells: readonly Cell[]): GroupRow {
  const [newest, spans, previews, erasures] = JSON.parse(cells[19] as string) as RowData
  return {
    user: cells[0] as string,
    groupId: cells[1] as string,
    eventType: cells[2] as EventType,
    createdAt: cells[3] as number,
    seq: cells[4] as number,
    unreadSeq: cells[5] as number,
    applied: cells[6] as number,
    verb: cells[7] as string,
    objectType: cells[8] as ObjectType,
    objectId: cells[9] as string,
    openedSeq: cells[10] as number,
    rules: { closeAfterMs: cells[11] as number, reopenReadGroups: cells[12] === 1 },
    visibleSince: cells[13] as number,
    deletedSeq: cells[14] as number,
    actorCount: cells[15] as number,
    actorCountIsEstimate: cells[16] === 1,
    eventCount: cells[17] as number,
    updatedAt: cells[18] as number,
    newestActors: newest.map(unpack),
    firstSeqSpans: spans.map(([upTo, actors, came]) => ({ upTo, actors, came })),
    previews: previews.map(([actor, createdAt, eventId, metadata]) => ({ actor, createdAt, eventId, metadata })),
    erasures: erasures.map(([actorHash, seq]) => ({ actorHash, seq })),
    hyperLogLog: cells[20] as string | null,
    pending: typeof cells[21] === 'string' ? (JSON.parse(cells[21]) as PackedRegister[]).map(unpack) : [],
  }
}

/** 48 bits: keys that share one are told apart by their columns. */
export function keyHash(key: GroupKey): number {
  return Number.parseInt(hash('sha1', keyText(key), 'hex').slice(0, 12), 16)
}

const pack = (register: Register): PackedRegister => [
  register.actor,
  register.createdAt,
  register.eventId,
  register.op,
  register.seq,
  register.firstSeq,
]

const unpack = ([actor, createdAt, eventId, op, seq, firstSeq]: PackedRegister): Register => ({
  actor,
  createdAt,
  eventId,
  op,
  seq,
  firstSeq,
})

const packSpan = ({ upTo, actors, came }: FirstSeqSpan): PackedSpan => [upTo, actors, came]

const packPreview = ({ actor, createdAt, eventId, metadata }: EventPreview): PackedPreview => [
  actor,
  createdAt,
  eventId,
  metadata,
]
