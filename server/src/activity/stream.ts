import { limits } from '@headwater/protocol'
import { LRUCache } from 'lru-cache'
import type { Clock, Scheduler } from '../lib/seams.ts'
import { type GroupRow, toldAt } from '../model/activity-group.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { MarkChange } from '../model/marks.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { OfflineQueue } from '../ports/offline-queue.ts'
import type { StreamChange } from '../ports/pub-sub.ts'
import type { MarkEntry, ReadMarks } from '../ports/read-marks.ts'
import type { ActivityStream } from './activity-api.ts'
import type { Badge } from './badge.ts'
import type { Present } from './present.ts'

export interface StreamPorts {
  readonly log: EventLog
  readonly groups: GroupStore
  readonly marks: ReadMarks
  readonly offline: OfflineQueue
}

type Since = Awaited<ReturnType<ActivityStream['since']>>

/** How often the stores are read again when a flush is halfway through. */
const rereadsMax = 20
const rereadMs = 5

/**
 * What changed since a position. Whoever asks has heard that there is something, so no cache is asked whether there is:
 * one that missed a flush would deny it, again and again. Every change leaves its newest position in its row or mark,
 * so "everything above" is one range of each. The answer ends exactly at the head; where that cannot be had, it is a
 * gap and never a part. While a flush stands between the rows and the head for longer than one can read again, nothing
 * is known to be lost: the answer ends where it began.
 */
export function createActivityStream(
  ports: StreamPorts,
  { badge, present }: { readonly badge: Badge; readonly present: Present },
  retentionMs: number,
  seams: { readonly clock: Clock; readonly scheduler: Scheduler },
): ActivityStream {
  const { log, groups, marks, offline } = ports
  const starts = new LRUCache<UserId, Seq>({ max: 50_000 })
  return { epoch: log.info.epochName, badge, since, offlineStart, heads: (users) => groups.heads(users), present }

  async function since(user: UserId, after: Seq): Promise<Since> {
    for (let attempt = 1; ; attempt++) {
      const [upTo = 0] = await groups.heads([user])
      if (after > upTo) return { gap: true }
      if (after === upTo) return { changes: [], upTo }
      const found = (await fromQueue(user, after, upTo)) ?? (await fromStores(user, after))
      if (!found) return { gap: true }
      const changes = withEarlyMarksEarlier(found, after, upTo)
      const last = changes.at(-1)
      if (last?.seq === upTo) return { changes: changes.map(expire), upTo }
      const isAhead = last !== undefined && last.seq > upTo
      if (!isAhead) return { gap: true }
      if (attempt === rereadsMax) return { changes: [], upTo: after }
      if (attempt > 3) await seams.scheduler.sleep(rereadMs)
    }
  }

  async function fromStores(user: UserId, after: Seq): Promise<StreamChange[] | undefined> {
    const max = limits.catchUpChanges
    const [changed, marked] = await Promise.all([
      groups.changesSince(user, after, max),
      marks.changesSince(user, after, max),
    ])
    if ('gap' in changed || 'gap' in marked) return undefined
    return merged(changed.rows, marked.marks, after)
  }

  /** The offline queue knows which groups changed; their rows are read as they are now. */
  async function fromQueue(user: UserId, after: Seq, upTo: Seq): Promise<StreamChange[] | undefined> {
    const queued = await offline.read(user, after).catch(() => undefined)
    if (!queued || queued.at(-1)?.seq !== upTo) return undefined
    const ids = [...new Set(queued.flatMap((change) => change.groupId ?? []))]
    const rows = (await groups.get(ids.map((groupId) => ({ user, groupId })))).filter((row) => row !== undefined)
    if (rows.length < ids.length) return undefined
    const marked = await marks.changesSince(user, after, limits.catchUpChanges)
    return 'gap' in marked ? undefined : merged(rows, marked.marks, after)
  }

  function expire(change: StreamChange): StreamChange {
    if (!('group' in change)) return change
    return { seq: change.seq, group: toldAt(change.group, seams.clock.now() - retentionMs) }
  }

  async function offlineStart(user: UserId): Promise<Seq> {
    const [head = 0] = await groups.heads([user])
    let low = starts.get(user) ?? 0
    if (await reaches(user, low)) return low
    let high = head
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (await reaches(user, middle)) high = middle
      else low = middle
    }
    starts.set(user, high)
    return high
  }

  async function reaches(user: UserId, after: Seq): Promise<boolean> {
    return (await fromStores(user, after)) !== undefined
  }
}

/**
 * The API raises a mark before the worker tells of it, and with it the position of the mark before, which may have
 * covered more and whose own position is gone. So a mark that lies beyond the head is told with what is complete: in the
 * place of the change at the head, if it hides that one, or with another mark, or at a position of which nothing else is
 * told. It comes once more with its record, which does no harm. Where groups take every position it hides none of them,
 * since a position is one record, of a group or of a mark: then its record is early enough.
 */
function withEarlyMarksEarlier(changes: readonly StreamChange[], after: Seq, upTo: Seq): readonly StreamChange[] {
  const isEarly = (change: StreamChange) => 'marks' in change && change.seq > upTo
  const early = changes.filter(isEarly)
  if (early.length === 0) return changes
  const rest = changes.filter((change) => !isEarly(change))
  const marks = early.flatMap((change) => ('marks' in change ? change.marks : []))
  const complete = rest.filter(({ seq }) => seq <= upTo)
  const last = complete.at(-1)
  // A row that has changed once more since: the caller reads again.
  if (complete.length < rest.length) return rest
  if (!last || last.seq < upTo) return [...rest, { seq: upTo, marks }]
  for (let i = rest.length - 1; i >= 0; i--) {
    const here = rest[i] as StreamChange
    const before = rest[i - 1]?.seq ?? after
    if ('marks' in here) return rest.with(i, { seq: here.seq, marks: [...here.marks, ...marks] })
    if (here.seq - before > 1) return rest.toSpliced(i, 0, { seq: here.seq - 1, marks })
  }
  return rest
}

function merged(rows: readonly GroupRow[], entries: readonly MarkEntry[], after: Seq): StreamChange[] | undefined {
  const changes: StreamChange[] = rows
    .filter((row) => row.seq > after)
    .map((row) => ({ seq: row.seq, group: { ...row, pending: [], hyperLogLog: null } }))
  const bySeq = new Map<Seq, MarkChange[]>()
  for (const { groupId, marks } of entries) {
    const read = marks.read.seq > after ? marks.read : null
    const seen =
      marks.seen.seq > after && (!read || marks.seen.seq !== read.seq || marks.seen.upTo !== read.upTo)
        ? marks.seen
        : null
    if (read) add(bySeq, { groupId, mark: 'read', ...read })
    if (seen) add(bySeq, { groupId, mark: 'seen', ...seen })
  }
  for (const [seq, marks] of bySeq) changes.push({ seq, marks })
  if (changes.length > limits.catchUpChanges) return undefined
  return changes.sort((a, b) => a.seq - b.seq)
}

function add(bySeq: Map<Seq, MarkChange[]>, change: MarkChange): void {
  const marks = bySeq.get(change.seq)
  if (marks) marks.push(change)
  else bySeq.set(change.seq, [change])
}
