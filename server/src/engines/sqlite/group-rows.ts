import type { EventType, ObjectType } from '@headwater/protocol'
import { fnv1a } from '../../lib/fnv.ts'
import { type GroupRow, isVisible } from '../../model/activity-group.ts'
import { type GroupKey, keyText } from '../../model/event.ts'
import {
  type PackedLists,
  packLists,
  packPending,
  unpackActors,
  unpackErasures,
  unpackPending,
  unpackSpans,
} from '../../model/packed-rows.ts'
import type { Cell, Row } from './commands.ts'

/** A group's row in the table and back. The columns that pages need come first; `pending` and the registers last. */

/** Without `pending`. */
export const shownColumns = `user_id, group_id, event_type, created_at, seq, unread_seq, applied, verb, object_type, object_id,
  opened_seq, close_after_ms, reopen_read, visible_since, deleted_seq, actor_count, is_estimate, event_count, updated_at,
  data, hyper_log_log`
export const allColumns = `${shownColumns}, pending`

const insertColumns = `user_id, group_id, visible, event_type, created_at, seq, seq_block, unread_seq, applied, key_hash,
  verb, object_type, object_id, opened_seq, close_after_ms, reopen_read, visible_since, deleted_seq, actor_count,
  is_estimate, event_count, updated_at, data, pending, hyper_log_log`

/** What no index is on. Parameters by their place in a row of `toCells`. */
const unindexed = `seq = ?6, unread_seq = ?8, applied = ?9, visible_since = ?17, deleted_seq = ?18, actor_count = ?19,
  is_estimate = ?20, event_count = ?21, updated_at = ?22, data = ?23, pending = ?24, hyper_log_log = ?25`

/** Changes a row that is there and whose indexed columns stay as they are: the usual case, and half the cost. */
export const updateInPlace = `
UPDATE groups SET ${unindexed}
WHERE user_id = ?1 AND group_id = ?2 AND applied < ?9 AND seq_block = ?7 AND visible = ?3`

export const upsert = `
INSERT INTO groups (${insertColumns})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)
ON CONFLICT (user_id, group_id) DO UPDATE SET visible = ?3, seq_block = ?7, ${unindexed}
WHERE excluded.applied > groups.applied`

export const seqBlockOf = (seq: number): number => Math.floor(seq / 65_536)

export function toCells(row: GroupRow): Row {
  return [
    row.user,
    row.groupId,
    isVisible(row) ? 1 : 0,
    row.eventType,
    row.createdAt,
    row.seq,
    seqBlockOf(row.seq),
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
    JSON.stringify(packLists(row)),
    packPending(row.pending),
    row.hyperLogLog,
  ]
}

/** Of `shownColumns` or `allColumns`. */
export function fromCells(cells: readonly Cell[]): GroupRow {
  const [newest, spans, previews, erasures] = JSON.parse(cells[19] as string) as PackedLists
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
    newestActors: unpackActors(newest, previews),
    firstSeqSpans: unpackSpans(spans),
    erasures: unpackErasures(erasures),
    hyperLogLog: cells[20] as string | null,
    pending: unpackPending(cells[21] as string | null | undefined),
  }
}

/** 48 bits, of two hashes with different beginnings: keys that share one are told apart by their columns. */
export function keyHash(key: GroupKey): number {
  const text = keyText(key)
  return (fnv1a(text, 0x050c5d1f) % 65_536) * 2 ** 32 + fnv1a(text)
}
