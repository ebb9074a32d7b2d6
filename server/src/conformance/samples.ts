import { derivedUuidV7 } from '../lib/uuid.ts'
import type { GroupRow, Register } from '../model/activity-group.ts'
import { monthOf } from '../model/activity-group.ts'
import type { ActivityEvent } from '../model/event.ts'
import { groupIdOf } from '../model/group-id.ts'
import type { GroupId, UserId } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { GroupBatch } from '../ports/group-store.ts'

/** Values for the suites: complete, different where it matters, with the characters that stores get wrong. */

export const day = 24 * 3_600_000
/** The middle of a month, so that some days around it lie in the same one. */
export const someTime = Date.UTC(2026, 4, 15, 12)

/** The same number gives the same event, another number another one. */
export function sampleEvent(user: UserId, n: number, over: Partial<ActivityEvent> = {}): ActivityEvent {
  return {
    eventId: derivedUuidV7(someTime + n, `${user} ${n}`),
    eventType: 'COMMENT',
    verb: '',
    actor: `actor-${n % 7}`,
    targetUser: user,
    objectType: 'POST',
    objectId: `post/${n % 3} ü 大学 👍`,
    metadata: { preview: `Nº ${n} "quoted" \\ 大学 👩‍👩‍👧`, nested: { list: [1, null, true, -0.5], empty: {} } },
    createdAt: n % 5 === 4 ? null : someTime + n,
    op: n % 4 === 3 ? 'UNDO' : 'ADD',
    ...over,
  }
}

/** A value of every kind that is appended, by number. */
export function sampleValue(user: UserId, n: number): LogValue {
  const groupId = sampleGroupId(user, n)
  switch (n % 8) {
    case 1:
      return { kind: 'mark', user, mark: 'read', groupIds: null, upTo: n }
    case 2:
      return { kind: 'mark', user, mark: 'seen', groupIds: [groupId, sampleGroupId(user, n + 1)], upTo: n }
    case 3:
      return { kind: 'group_deleted', user, groupId }
    case 4:
      return { kind: 'actor_erased', user, actor: `actor-${n}`, groupId }
    case 5:
      return { kind: 'user_erased', user }
    default:
      return { kind: 'event', event: sampleEvent(user, n) }
  }
}

const sampleKey = { eventType: 'LIKE', verb: '', objectType: 'POST', objectId: 'post-1' } as const

export const sampleGroupId = (user: UserId, n: number, createdAt = someTime + n): GroupId =>
  groupIdOf(user, sampleKey, createdAt, n + 1)

/** A visible, unread group that opened at position `seq`. */
export function sampleRow(user: UserId, seq: number, over: Partial<GroupRow> = {}): GroupRow {
  const row = {
    user,
    ...sampleKey,
    createdAt: someTime,
    openedSeq: seq,
    rules: { closeAfterMs: day, reopenReadGroups: true },
    applied: seq,
    seq,
    visibleSince: seq,
    deletedSeq: 0,
    unreadSeq: seq,
    actorCount: 1,
    actorCountIsEstimate: false,
    eventCount: 1,
    newestActors: [{ ...sampleRegister(`actor-${seq}`, seq), metadata: sampleMetadata(seq) }],
    firstSeqSpans: [{ upTo: seq, actors: 1, came: 1 }],
    updatedAt: someTime + seq,
    hyperLogLog: null,
    erasures: [{ actorHash: 'erased-actor', seq: 1 }],
    pending: [sampleRegister(`actor-${seq}`, seq)],
    ...over,
  } satisfies Omit<GroupRow, 'groupId'>
  return { groupId: groupIdOf(user, row, row.createdAt, row.openedSeq), ...row }
}

const sampleMetadata = (seq: number) => ({ preview: `Nº ${seq} "quoted" 大学 👍`, nested: [null, { a: 1.5 }] })

/** The same group after one more record at `applied`. */
export const grown = (row: GroupRow, applied: number, over: Partial<GroupRow> = {}): GroupRow => ({
  ...row,
  applied,
  seq: applied,
  eventCount: row.eventCount + 1,
  updatedAt: row.updatedAt + 1,
  ...over,
})

/** The same group without actors: hidden. */
export const hidden = (row: GroupRow, applied: number): GroupRow =>
  grown(row, applied, { actorCount: 0, newestActors: [], visibleSince: 0 })

export const deleted = (row: GroupRow, applied: number): GroupRow => grown(row, applied, { deletedSeq: applied })

/** As lists give rows. */
export const withoutPending = (row: GroupRow): GroupRow => ({ ...row, pending: [] })

/** Rows as batches: one per user and month. */
export function batchesOf(rows: readonly GroupRow[]): GroupBatch[] {
  const batches = new Map<string, { user: UserId; month: number; rows: GroupRow[] }>()
  for (const row of rows) {
    const month = monthOf(row.createdAt)
    const key = `${month} ${row.user}`
    const batch = batches.get(key) ?? { user: row.user, month, rows: [] }
    batch.rows.push(row)
    batches.set(key, batch)
  }
  return [...batches.values()]
}

export function sampleRegister(actor: UserId, seq: number, over: Partial<Register> = {}): Register {
  return {
    actor,
    createdAt: someTime + seq,
    eventId: derivedUuidV7(someTime + seq, `${actor} ${seq}`),
    op: 'ADD',
    seq,
    firstSeq: seq,
    ...over,
  }
}

/** Text order as stores sort it: by code unit, never by language. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
