import type { EventType, ObjectType } from '@headwater/protocol'
import { type GroupRow, isVisible } from '../../model/activity-group.ts'
import { createdAtOf } from '../../model/group-id.ts'
import type { GroupId, UserId } from '../../model/ids.ts'
import {
  type PackedLists,
  packLists,
  packPending,
  unpackActors,
  unpackErasures,
  unpackPending,
  unpackSpans,
} from '../../model/packed-rows.ts'
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
  ...lists: PackedLists,
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
    ...packLists(row),
    row.hyperLogLog,
  ]
  return [
    row.applied,
    row.seq,
    row.unreadSeq,
    row.eventType,
    isVisible(row),
    JSON.stringify(data),
    packPending(row.pending) ?? '',
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
    newestActors: unpackActors(newest, previews),
    firstSeqSpans: unpackSpans(spans),
    erasures: unpackErasures(erasures),
    hyperLogLog,
    pending: unpackPending(row.pending),
  }
}
