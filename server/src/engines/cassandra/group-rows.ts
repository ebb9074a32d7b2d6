import type { EventOp, EventType, JsonObject, ObjectType } from '@headwater/protocol'
import {
  type EventPreview,
  type FirstSeqSpan,
  type GroupRow,
  isVisible,
  type Register,
} from '../../model/activity-group.ts'
import { createdAtOf } from '../../model/group-id.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import type { Cell, Row } from './database.ts'

/**
 * A group's row and back. What is asked for by itself has a column; the rest is one text, since each column of a row costs
 * in every write and read. `pending` has its own, which pages leave out; it is empty rather than null, which would be a
 * tombstone. A row is always written whole, so that it expires whole.
 */

/** Without `pending`. */
export const shownColumns = 'group_id, applied, seq, unread_seq, event_type, data'
export const allColumns = `${shownColumns}, pending`

/** Parameters as `toCells` gives them. */
export const insertRow = `
INSERT INTO groups (applied, seq, unread_seq, event_type, visible, data, pending, user_id, month, group_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
export const updateRow = `
UPDATE groups SET applied = ?, seq = ?, unread_seq = ?, event_type = ?, visible = ?, data = ?, pending = ?
WHERE user_id = ? AND month = ? AND group_id = ?`

type PackedRegister = readonly [actor: string, createdAt: number, eventId: string, EventOp, seq: number, first: number]
type PackedSpan = readonly [upTo: number, actors: number, came: number]
type PackedPreview = readonly [actor: string, createdAt: number, eventId: string, JsonObject]
type PackedErasure = readonly [actorHash: string, seq: number]

/** Without the names of the fields: a page parses sixty of them. */
type RowData = readonly [
  verb: string,
  objectType: ObjectType,
  objectId: string,
  openedSeq: number,
  closeAfterMs: number,
  reopenReadGroups: boolean,
  visibleSince: number,
  deletedSeq: number,
  actorCount: number,
  isEstimate: boolean,
  eventCount: number,
  updatedAt: number,
  newest: readonly PackedRegister[],
  spans: readonly PackedSpan[],
  previews: readonly PackedPreview[],
  erasures: readonly PackedErasure[],
  hyperLogLog: string | null,
]

export function toCells(row: GroupRow, month: number): readonly Cell[] {
  const data: RowData = [
    row.verb,
    row.objectType,
    row.objectId,
    row.openedSeq,
    row.rules.closeAfterMs,
    row.rules.reopenReadGroups,
    row.visibleSince,
    row.deletedSeq,
    row.actorCount,
    row.actorCountIsEstimate,
    row.eventCount,
    row.updatedAt,
    row.newestActors.map(pack),
    row.firstSeqSpans.map(packSpan),
    row.previews.map(packPreview),
    row.erasures.map(({ actorHash, seq }) => [actorHash, seq]),
    row.hyperLogLog,
  ]
  return [
    row.applied,
    row.seq,
    row.unreadSeq,
    row.eventType,
    isVisible(row),
    JSON.stringify(data),
    row.pending.length === 0 ? '' : JSON.stringify(row.pending.map(pack)),
    row.user,
    month,
    row.groupId,
  ]
}

/** Of `shownColumns` or `allColumns`. */
export function fromRow(user: UserId, row: Row): GroupRow {
  const groupId = row.group_id as GroupId
  const [
    verb,
    objectType,
    objectId,
    openedSeq,
    closeAfterMs,
    reopenReadGroups,
    visibleSince,
    deletedSeq,
    actorCount,
    actorCountIsEstimate,
    eventCount,
    updatedAt,
    newest,
    spans,
    previews,
    erasures,
    hyperLogLog,
  ] = JSON.parse(row.data as string) as RowData
  return {
    user,
    groupId,
    eventType: row.event_type as EventType,
    createdAt: createdAtOf(groupId),
    seq: row.seq.toNumber(),
    unreadSeq: row.unread_seq.toNumber(),
    applied: row.applied.toNumber(),
    verb,
    objectType,
    objectId,
    openedSeq,
    rules: { closeAfterMs, reopenReadGroups },
    visibleSince,
    deletedSeq,
    actorCount,
    actorCountIsEstimate,
    eventCount,
    updatedAt,
    newestActors: newest.map(unpack),
    firstSeqSpans: spans.map(([upTo, actors, came]) => ({ upTo, actors, came })),
    previews: previews.map(([actor, createdAt, eventId, metadata]) => ({ actor, createdAt, eventId, metadata })),
    erasures: erasures.map(([actorHash, seq]) => ({ actorHash, seq })),
    hyperLogLog,
    pending: row.pending ? (JSON.parse(row.pending) as PackedRegister[]).map(unpack) : [],
  }
}

const pack = ({ actor, createdAt, eventId, op, seq, firstSeq }: Register): PackedRegister => [
  actor,
  createdAt,
  eventId,
  op,
  seq,
  firstSeq,
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
