import type { Seams } from '../lib/seams.ts'
import { type GroupRow, monthOf } from '../model/activity-group.ts'
import type { Seq } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { OpenGroup } from '../model/open-group.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { GroupBatch, GroupStore } from '../ports/group-store.ts'
import type { MemberBatch, MemberStore } from '../ports/member-store.ts'
import type { ObjectEntry, ObjectIndex } from '../ports/object-index.ts'
import type { OfflineQueue } from '../ports/offline-queue.ts'
import type { PubSub, StreamChange, StreamChanges } from '../ports/pub-sub.ts'
import type { ReadMarks } from '../ports/read-marks.ts'
import type { SessionRegistry } from '../ports/session-registry.ts'
import type { TraceStore } from '../ports/trace-store.ts'
import type { BadgeCounts, UnreadFlush, UnreadSets } from '../ports/unread-sets.ts'
import type { ActivitySettings } from './settings.ts'
import type { UserFold } from './user-fold.ts'

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
}

export interface FlushMetrics {
  groupWrites(rows: number): void
  /** What a cache or a hint failed with; the flush went on without it. */
  degraded(part: string, error: unknown): void
}

/** Repeats a write until its outcome is known; a write whose outcome is unknown is safe to repeat. */
export type Persist = <T>(name: string, write: () => Promise<T>) => Promise<T>

/** How many changes of a user who is away are kept at hand. */
const offlineMax = 500

/**
 * Writes what is folded of some users. The order is what makes a crash at any point harmless: the object index before the
 * rows, so that a deletion finds every group; rows before members, since members that are not copied ride in the row;
 * the head when all of it is in place; then those who listen are told. Every step may be repeated.
 */
export function createFlush(
  ports: FlushPorts,
  settings: ActivitySettings,
  seams: Seams,
  metrics: FlushMetrics,
  persist: Persist,
) {
  const { log, groups, members, objects, marks, unread, pubSub, offline, sessions, traces } = ports

  return async function flush(users: readonly UserFold[]): Promise<void> {
    if (users.length === 0) return
    const openings = openingsOf(users)
    if (openings.length > 0) {
      await persist('object index', () => objects.put(openings))
      await seams.failpoint('flush.indexed')
    }
    await writeViews(users)
    await seams.failpoint('flush.written')
    if (openings.length > 0) await deleteLateOpenings(users)

    const now = seams.clock.now()
    const counts = await updateUnread(users, now)
    await seams.failpoint('flush.counted')
    const messages = users.flatMap((user, i) => messageOf(user, counts[i] ?? null))
    await attempt('pub_sub', () => pubSub.publish(messages))
    await seams.failpoint('flush.published')
    const queued = await queueForAbsent(messages)
    await seams.failpoint('flush.queued')
    await writeTraces(users, now, queued)
    await seams.failpoint('flush.traced')
    for (const user of users) finish(user)
  }

  async function writeViews(users: readonly UserFold[]): Promise<void> {
    const dirty = users.flatMap((user) => [...user.dirty])
    const rows = dirty.map((group) => group.toRow())
    const leftover = dirty
      .filter((group) => group.uncopied.length > 0)
      .map((group) => memberBatch(group, group.uncopied))
    const raised = users.flatMap(({ user, marks }) =>
      marks.flatMap((entry) => entry.marks.map((change) => ({ user, change }))),
    )
    const heads = users.filter(({ head, flushedHead }) => head > flushedHead).map(({ user, head }) => ({ user, head }))
    const steps: [string, () => Promise<unknown>][] = []
    if (leftover.length > 0) steps.push(['members', () => members.put(leftover)])
    if (rows.length > 0) steps.push(['groups', () => groups.putGroups(batchesOf(rows))])
    const changed = rows.filter((row) => row.pending.length > 0)
    if (changed.length > 0)
      steps.push(['members', () => members.put(changed.map((row) => memberBatch(row, row.pending)))])
    if (raised.length > 0) steps.push(['marks', () => marks.raise(raised)])
    if (heads.length > 0) steps.push(['heads', () => groups.putHeads(heads)])

    await inOrder(steps)
    metrics.groupWrites(rows.length)
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
   * happened before the deletion and is told only now: no page shows it, so no badge may count it.
   */
  async function deleteLateOpenings(users: readonly UserFold[]): Promise<void> {
    const opened = users.flatMap((user) => [...user.opened])
    const found = await persist('tombstones', () => objects.tombstones(opened.map(([group]) => objectOf(group))))
    const late: LogValue[] = []
    opened.forEach(([group, takenAt], i) => {
      const deletedAt = found[i]
      if (group.deleted || deletedAt === undefined || (takenAt > deletedAt && group.createdAt > deletedAt)) return
      late.push({ kind: 'group_deleted', user: group.user, groupId: group.groupId })
    })
    if (late.length > 0) await persist('log', () => appendAll(log, late))
  }

  async function updateUnread(users: readonly UserFold[], now: number): Promise<readonly (BadgeCounts | undefined)[]> {
    const flushes = users.map(unreadFlushOf)
    return (await attempt('unread', () => unread.apply(flushes, now - settings.retentionMs))) ?? []
  }

  async function queueForAbsent(messages: readonly StreamChanges[]): Promise<ReadonlySet<string>> {
    const queued = new Set<string>()
    if (messages.length === 0) return queued
    await attempt('offline_queue', async () => {
      const found = await sessions.find(
        messages.map((message) => message.user),
        seams.clock.now(),
      )
      const absent = messages.filter((_, i) => (found[i] ?? []).length === 0)
      if (absent.length === 0) return
      await offline.push(absent.map(queuedOf), offlineMax)
      for (const message of absent) queued.add(message.user)
    })
    return queued
  }

  async function writeTraces(
    users: readonly UserFold[],
    writtenAt: number,
    queued: ReadonlySet<string>,
  ): Promise<void> {
    const pushedAt = seams.clock.now()
    const complete = users.flatMap((user) =>
      user.traces.map((trace) =>
        trace.state === 'ignored'
          ? trace
          : { ...trace, writtenAt, pushedAt, queuedAt: queued.has(user.user) ? pushedAt : null },
      ),
    )
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

  function finish(user: UserFold): void {
    for (const group of user.dirty) group.written()
    user.flushed(seams.clock.monotonic())
  }
}

async function appendAll(log: EventLog, values: readonly LogValue[]): Promise<void> {
  const outcomes = await log.append(values)
  const unknown = values.filter((_, i) => outcomes[i]?.stored !== true)
  if (unknown.length > 0) await appendAll(log, unknown)
}

function openingsOf(users: readonly UserFold[]): ObjectEntry[] {
  return users.flatMap((user) =>
    [...user.opened.keys()].map((group) => ({
      object: objectOf(group),
      user: user.user,
      groupId: group.groupId,
    })),
  )
}

const objectOf = ({ objectType, objectId }: OpenGroup): ObjectEntry['object'] => ({ objectType, objectId })

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

const memberBatch = (group: Pick<OpenGroup, 'user' | 'groupId'>, registers: MemberBatch['registers']): MemberBatch => ({
  user: group.user,
  groupId: group.groupId,
  registers,
})

function unreadFlushOf(user: UserFold): UnreadFlush {
  return {
    user: user.user,
    from: user.flushedHead,
    to: user.head,
    groups: [...user.told].map(({ groupId, eventType, createdAt, unreadSeq, visible }) => ({
      groupId,
      eventType,
      createdAt,
      unreadSeq,
      visible,
    })),
    marks: user.marks.flatMap((entry) => entry.marks),
  }
}

/** What the gateways are told; nothing where no reader could see a change. */
function messageOf(user: UserFold, counts: BadgeCounts | null): StreamChanges[] {
  if (user.told.size === 0 && user.marks.length === 0 && !user.nudge) return []
  const changes: StreamChange[] = [...user.told].map((group) => ({ seq: group.seq, group: bareRow(group) }))
  changes.push(...user.marks)
  changes.sort((a, b) => a.seq - b.seq)
  const { user: id, flushedHead, head, acceptedAt } = user
  return [{ kind: 'changes', user: id, from: flushedHead, to: head, changes, counts, acceptedAt }]
}

function bareRow(group: OpenGroup): GroupRow {
  return { ...group.toRow(), pending: [], hyperLogLog: null }
}

function queuedOf(message: StreamChanges) {
  return {
    user: message.user,
    from: message.from,
    to: message.to,
    changes: message.changes.map((change) => ({
      seq: change.seq as Seq,
      groupId: 'group' in change ? change.group.groupId : null,
    })),
  }
}
