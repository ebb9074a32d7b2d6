import { limits } from '@headwater/protocol'
import type { Seams } from '../lib/seams.ts'
import { type GroupRow, monthOf, toldAt } from '../model/activity-group.ts'
import type { EventTrace } from '../model/event-trace.ts'
import type { UserId } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { GroupBatch, GroupStore } from '../ports/group-store.ts'
import type { MemberStore } from '../ports/member-store.ts'
import type { ObjectIndex } from '../ports/object-index.ts'
import type { OfflineQueue } from '../ports/offline-queue.ts'
import type { ParkedRecords } from '../ports/parked-records.ts'
import type { PubSub, StreamChange, StreamChanges } from '../ports/pub-sub.ts'
import type { ReadMarks } from '../ports/read-marks.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { TraceStore } from '../ports/trace-store.ts'
import type { BadgeCounts, UnreadSets } from '../ports/unread-sets.ts'
import type { ViewWriter } from '../ports/view-writer.ts'
import { appendDurably } from './append-durably.ts'
import { type FlushJob, halvesOf, type Opening, takeJob, type UserJob } from './flush-job.ts'
import type { Persist } from './persist.ts'
import { isRefusal, RefusedWrite } from './refused-write.ts'
import type { ActivitySettings } from './settings.ts'
import type { Folded } from './user-fold.ts'

export interface FlushPorts {
  readonly log: EventLog
  readonly groups: GroupStore
  readonly members: MemberStore
  readonly objects: ObjectIndex
  readonly marks: ReadMarks
  readonly unread: UnreadSets
  readonly pubSub: PubSub
  readonly offline: OfflineQueue
  readonly sessions: SessionRegistry
  readonly traces: TraceStore
  /** Where one database holds all views. */
  readonly views?: ViewWriter | undefined
  /** Where records are set aside that cannot be folded; left out: they are passed over. */
  readonly parked?: ParkedRecords | undefined
}

export interface FlushMetrics {
  groupWrites(rows: number): void
  /** What a cache or a hint failed with; the flush went on without it. */
  degraded(part: string, error: unknown): void
}

const nobody: ReadonlySet<UserId> = new Set()

/**
 * Where all is in one process, requests and sockets get their turn after so many rows and traces. Elsewhere the more is
 * written together, the less it costs.
 */
const takenAtOnce = 512

/**
 * Writes a job: the views, then the counts, then those who listen are told. Where one database holds all views they are
 * written in one step. Elsewhere the order is what makes a crash at any point harmless: the indexes by object and by actor
 * before the rows, so that a deletion finds every group; rows before members, since members that are not copied ride in the
 * row; the head when all of it is in place. Every step may be repeated.
 */
export function createFlush(
  ports: FlushPorts,
  settings: ActivitySettings,
  seams: Seams,
  metrics: FlushMetrics,
  persist: Persist,
) {
  const { log, groups, members, objects, marks, unread, pubSub, offline, sessions, traces, views } = ports

  return { flush, take: takeJob, takenAtOnce: views ? takenAtOnce : Number.POSITIVE_INFINITY }

  async function flush(job: FlushJob): Promise<void> {
    await write(job)
    metrics.groupWrites(job.rows.length)
    await seams.failpoint('flush.written')
    const late = job.openings.length > 0 ? await deleteLateOpenings(job.openings) : nobody

    const now = seams.clock.now()
    const counts = await updateUnread(job.users, now)
    await seams.failpoint('flush.counted')
    await tell(job.users, counts, late)
    await seams.failpoint('flush.published')
    const queued = await queueForAbsent(job.users)
    await seams.failpoint('flush.queued')
    await writeTraces(job.users, now, queued)
    await seams.failpoint('flush.traced')
  }

  /** Where something is refused for good, the users are taken apart until it is known of whom it is. */
  async function write(job: FlushJob): Promise<void> {
    try {
      await (views ? writeTogether(job, views) : writeApart(job))
    } catch (error) {
      const [only, ...others] = job.users
      if (!isRefusal(error) || !only) throw error
      if (others.length === 0) throw new RefusedWrite(only.user, error)
      for (const half of halvesOf(job)) await write(half)
    }
  }

  async function writeTogether(job: FlushJob, writer: ViewWriter): Promise<void> {
    const { openings, rows, members, changed, marks, heads } = job
    const entries = openings.map(({ entry }) => entry)
    const copied = new Set(members.map(({ registers }) => registers))
    const lighter = rows.map((row) => (copied.has(row.pending) ? { ...row, pending: [] } : row))
    const written = persist('views', () =>
      writer.write({ openings: entries, rows: lighter, members, changed, marks, heads }),
    )
    await seams.failpoint('flush.issued')
    await written
  }

  async function writeApart(job: FlushJob): Promise<void> {
    const { openings, rows, marks: raised, heads } = job
    if (openings.length > 0) {
      await persist('object index', () => objects.put(openings.map(({ entry }) => entry)))
      await seams.failpoint('flush.indexed')
    }
    if (job.changed.length > 0) await persist('actors', () => members.index(job.changed))
    const steps: [string, () => Promise<unknown>][] = []
    if (rows.length > 0) steps.push(['groups', putRows(rows)])
    if (job.members.length > 0) steps.push(['members', () => members.put(job.members)])
    if (raised.length > 0) steps.push(['marks', () => marks.raise(raised)])
    if (heads.length > 0) steps.push(['heads', () => groups.putHeads(heads)])
    await inOrder(steps)
  }

  /** In one go where that keeps the order; elsewhere in parts: what is stored is not written again when the rest is. */
  function putRows(rows: readonly GroupRow[]): () => Promise<unknown> {
    const batches = batchesOf(rows)
    return groups.ordered ? () => groups.putGroups(batches) : inParts(batches, (part) => groups.putGroups(part))
  }

  /**
   * An engine that keeps the order of writes gets them all at once. Where one of them fails, and with the other engines,
   * they go one after the other: a head must never be stored before what it stands for.
   */
  async function inOrder(steps: readonly [string, () => Promise<unknown>][]): Promise<void> {
    if (groups.ordered) {
      const written = Promise.allSettled(steps.map(([, write]) => write()))
      await seams.failpoint('flush.issued')
      const outcomes = await written
      if (outcomes.every(({ status }) => status === 'fulfilled')) return
    }
    for (const [name, write] of steps) {
      await persist(name, write)
      await seams.failpoint(`flush.${name}`)
    }
  }

  /**
   * An object may have been deleted between the event and this opening. The index entry is in place, so either the
   * deletion found it, or its tombstone is seen here, and a record of our own makes up for it. The same goes for what
   * happened before the deletion and is told only now: no page shows it, so no badge may count it. Returns whose groups
   * these are.
   */
  async function deleteLateOpenings(opened: readonly Opening[]): Promise<ReadonlySet<UserId>> {
    const found = await persist('tombstones', () => objects.tombstones(opened.map(({ entry }) => entry.object)))
    const late: Extract<LogValue, { kind: 'group_deleted' }>[] = []
    opened.forEach(({ group, takenAt }, i) => {
      const deletedAt = found[i]
      if (group.deleted || deletedAt === undefined || (takenAt > deletedAt && group.createdAt > deletedAt)) return
      late.push({ kind: 'group_deleted', user: group.user, groupId: group.groupId })
    })
    if (late.length > 0) await persist('log', () => appendDurably(log, late))
    return new Set(late.map(({ user }) => user))
  }

  async function updateUnread(users: readonly UserJob[], now: number): Promise<readonly (BadgeCounts | undefined)[]> {
    const flushes = users.map((user) => user.unread)
    return (await attempt('unread', () => unread.apply(flushes, now - settings.retentionMs))) ?? []
  }

  /**
   * Nothing is made for users whom surely nobody listens to. Whose group is `late` hears of this flush with the next one,
   * which deletes that group: else it would be shown for a moment.
   */
  async function tell(
    users: readonly UserJob[],
    counts: readonly (BadgeCounts | undefined)[],
    late: ReadonlySet<UserId>,
  ): Promise<void> {
    await attempt('pub_sub', async () => {
      const heard = await pubSub.mayBeHeard(users.map(({ user }) => user))
      const createdFrom = seams.clock.now() - settings.retentionMs
      const messages = users.flatMap((user, i) =>
        heard[i] === true && hasNews(user) && !late.has(user.user)
          ? [messageOf(user, counts[i] ?? null, createdFrom)]
          : [],
      )
      if (messages.length > 0) await pubSub.publish(messages)
    })
  }

  async function queueForAbsent(users: readonly UserJob[]): Promise<ReadonlySet<string>> {
    const queued = new Set<string>()
    const changed = users.filter(hasNews)
    if (changed.length === 0) return queued
    await attempt('offline_queue', async () => {
      const now = seams.clock.now()
      const found = await sessions.find(
        changed.map(({ user }) => user),
        now,
      )
      const absent = changed.filter((_, i) => (found[i] ?? []).length === 0)
      if (absent.length === 0) return
      await offline.push(absent.map(queuedOf), limits.offlineQueue)
      for (const { user } of absent) queued.add(user)
    })
    return queued
  }

  async function writeTraces(users: readonly UserJob[], writtenAt: number, queued: ReadonlySet<string>): Promise<void> {
    const pushedAt = seams.clock.now()
    const complete = users.flatMap((user) => {
      const queuedAt = queued.has(user.user) ? pushedAt : null
      return user.traces.map((folded) => traceOf(user.user, folded, { writtenAt, pushedAt, queuedAt }))
    })
    if (complete.length > 0) await attempt('traces', () => traces.put(complete))
  }

  /** For caches and hints: what fails is said and gone without. */
  async function attempt<T>(part: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run()
    } catch (error) {
      metrics.degraded(part, error)
      return undefined
    }
  }
}

const nothingHappened = { writtenAt: null, pushedAt: null, queuedAt: null }

function traceOf(
  user: UserId,
  { event, record, reason, groupId }: Folded,
  times: Pick<EventTrace, 'writtenAt' | 'pushedAt' | 'queuedAt'>,
): EventTrace {
  const { writtenAt, pushedAt, queuedAt } = reason === null ? times : nothingHappened
  return {
    event,
    user,
    seq: record.seq,
    state: reason === null ? 'applied' : 'ignored',
    reason,
    groupId,
    acceptedAt: record.appendedAt,
    writtenAt,
    pushedAt,
    queuedAt,
  }
}

/** Rows of so many users and months are written side by side. */
const batchesTogether = 1_024

/** Writes part after part; called again, it goes on where it failed. */
function inParts<T>(items: readonly T[], write: (part: readonly T[]) => Promise<unknown>): () => Promise<void> {
  let done = 0
  return async () => {
    for (; done < items.length; done += batchesTogether) await write(items.slice(done, done + batchesTogether))
  }
}

/** One batch per user and month, oldest month first. */
function batchesOf(rows: readonly GroupRow[]): GroupBatch[] {
  const batches = new Map<string, { user: string; month: number; rows: GroupRow[] }>()
  for (const row of rows) {
    const month = monthOf(row.createdAt)
    const id = `${month}:${row.user}`
    const batch = batches.get(id)
    if (batch) batch.rows.push(row)
    else batches.set(id, { user: row.user, month, rows: [row] })
  }
  return [...batches.values()].sort((a, b) => a.month - b.month)
}

/** Whether a reader could see a change. */
const hasNews = ({ told, marks, nudge }: UserJob): boolean => told.length > 0 || marks.length > 0 || nudge

/** What the gateways are told. */
function messageOf(
  { user, from, to, told, marks, acceptedAt }: UserJob,
  counts: BadgeCounts | null,
  createdFrom: number,
): StreamChanges {
  const changes: StreamChange[] = told.map((row) => ({ seq: row.seq, group: toldAt(bare(row), createdFrom) }))
  changes.push(...marks)
  changes.sort((a, b) => a.seq - b.seq)
  return { kind: 'changes', user, from, to, changes, counts, acceptedAt }
}

const bare = (row: GroupRow): GroupRow =>
  row.pending.length === 0 && row.hyperLogLog === null ? row : { ...row, pending: [], hyperLogLog: null }

function queuedOf({ user, from, to, told, marks }: UserJob) {
  const changes = [
    ...told.map(({ seq, groupId }) => ({ seq, groupId })),
    ...marks.map(({ seq }) => ({ seq, groupId: null })),
  ]
  changes.sort((a, b) => a.seq - b.seq)
  return { user, from, to, changes }
}
