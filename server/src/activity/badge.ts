import { createLimiter } from '../lib/limiter.ts'
import type { Seams } from '../lib/seams.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import { type MarkChange, readUpTo, seenUpTo } from '../model/marks.ts'
import type { GroupStore, UnreadRow } from '../ports/group-store.ts'
import type { ReadMarks, UserMarks } from '../ports/read-marks.ts'
import type { BadgeCounts, UnreadContent, UnreadSets } from '../ports/unread-sets.ts'

export interface BadgePorts {
  readonly groups: GroupStore
  readonly marks: ReadMarks
  readonly unread: UnreadSets
}

/** The exact counts of a user at `atLeast` or later; left out: at the head as the store has it now. */
export type Badge = (user: UserId, atLeast?: Seq) => Promise<BadgeCounts>

/** How often a set is built anew when flushes overtake it. */
const rebuildsMax = 5
/** The first wait for a flush that is halfway; each one after it is twice as long. */
const halfwayMs = 5

/**
 * Sets that are built at a time, and users who wait for that. Without the cache, or right after it was emptied, everybody
 * comes at once: the stores must get through it all the same.
 */
const buildsMax = 32
const waitingMax = 1_000

/**
 * The exact counts of a user. The set at hand answers, unless it fell behind, since a cache may miss a flush; a missing
 * one is built from the stores. While it is built the
 * worker may flush and the API may mark: marks are read again once the set is in place, and a head that moved on means
 * once more, so that no change falls between the reading and the set. Rows ahead of the head are those of a flush that is
 * halfway: it has a moment to tell the head, since counts with those rows are the counts of no position yet. One whose
 * worker died takes longer than anybody would wait: then groups that came up with it are left out, and the others counted
 * as they are.
 */
export function createBadge(
  { groups, marks, unread }: BadgePorts,
  retentionMs: number,
  { clock, scheduler }: Pick<Seams, 'clock' | 'scheduler'>,
): Badge {
  const building = new Map<UserId, Promise<BadgeCounts>>()
  const limit = createLimiter(buildsMax, waitingMax)
  return badge

  async function badge(user: UserId, atLeast?: Seq): Promise<BadgeCounts> {
    const needed = atLeast ?? (await groups.heads([user]))[0] ?? 0
    const counts = await unread.counts(user, clock.now() - retentionMs).catch(() => undefined)
    if (counts && counts.upTo >= needed) {
      if (atLeast !== undefined || counts.upTo === needed || !(await isAheadOfHead(user, counts))) return counts
      await unread.drop([user]).catch(() => {})
    }
    // One that runs may have looked at the head before it went so far; one that begins after it has not.
    const running = await building.get(user)
    if (running && running.upTo >= needed) return running
    return building.get(user) ?? start(user)
  }

  /** A set is told of a flush behind the head: one that is ahead is of before an erasure, or before a store was restored. */
  async function isAheadOfHead(user: UserId, { upTo }: BadgeCounts): Promise<boolean> {
    return upTo > ((await groups.heads([user]))[0] ?? 0)
  }

  function start(user: UserId): Promise<BadgeCounts> {
    const built = limit(() => build(user)).finally(() => building.delete(user))
    building.set(user, built)
    return built
  }

  async function build(user: UserId): Promise<BadgeCounts> {
    for (let attempt = 1; ; attempt++) {
      const createdFrom = clock.now() - retentionMs
      const [upTo = 0] = await groups.heads([user])
      const known = await allMarks(user)
      // With those past retention: the set leaves them out, and knows what a clock that goes back may bring back.
      const found = await groups.unread(user, known.all.read.upTo, 0)
      const ahead = found.filter(({ unreadSeq }) => unreadSeq > upTo)
      if (attempt < rebuildsMax && ahead.length > 0) {
        const [head = 0] = await groups.heads([user])
        if (head <= upTo) await scheduler.sleep(halfwayMs * 2 ** (attempt - 1))
        continue
      }
      const later = await cameUpAfter(user, upTo, ahead)
      const rows = later.size > 0 ? found.filter(({ groupId }) => !later.has(groupId)) : found
      const counts = await keep(user, { upTo, rows, all: known.all, marks: known.groups }, createdFrom)
      const [head = 0] = await groups.heads([user])
      // The user was erased meanwhile: who is made anew must not find a set of before.
      if (head < upTo) await unread.drop([user]).catch(() => {})
      else if (counts && counts.upTo >= head) return counts
      // No set was kept: what was read is right as long as nothing was flushed meanwhile.
      if (!counts && upTo === head) return { upTo, ...countWithout(rows, known, createdFrom) }
      if (attempt < rebuildsMax) continue
      return counts ?? { upTo, ...countWithout(rows, known, createdFrom) }
    }
  }

  async function cameUpAfter(user: UserId, upTo: Seq, ahead: readonly UnreadRow[]): Promise<ReadonlySet<GroupId>> {
    if (ahead.length === 0) return new Set()
    const rows = await groups.get(ahead.map(({ groupId }) => ({ user, groupId })))
    return new Set(rows.flatMap((row) => (row && row.visibleSince > upTo ? [row.groupId] : [])))
  }

  /** `undefined` when the set is not kept: the cache is down, or lets it go at once. */
  async function keep(user: UserId, content: UnreadContent, createdFrom: number): Promise<BadgeCounts | undefined> {
    try {
      await unread.put(user, content)
    } catch {
      return undefined
    }
    const changes = changesOf(await allMarks(user))
    return unread.mark(user, changes, createdFrom).catch(() => undefined)
  }

  async function allMarks(user: UserId): Promise<UserMarks> {
    const { all } = await marks.get(user, [])
    return marks.above(user, all.read.upTo)
  }
}

function changesOf({ all, groups }: UserMarks): MarkChange[] {
  const changes: MarkChange[] = []
  const add = (groupId: string | null, marks: typeof all) => {
    for (const mark of ['read', 'seen', 'deleted'] as const) {
      if (marks[mark].upTo > 0) changes.push({ groupId, mark, upTo: marks[mark].upTo, seq: marks[mark].seq })
    }
  }
  add(null, all)
  for (const [groupId, marks] of groups) add(groupId, marks)
  return changes
}

/** The counts when no set can be kept: the cache is down or evicts at once. */
function countWithout(
  rows: Awaited<ReturnType<GroupStore['unread']>>,
  { all, groups }: UserMarks,
  createdFrom: number,
): Omit<BadgeCounts, 'upTo'> {
  const unreadByType: Record<string, number> = {}
  let unread = 0
  let unseen = 0
  for (const { groupId, eventType, createdAt, unreadSeq } of rows) {
    const own = groups.get(groupId)
    if (createdAt < createdFrom || (own && own.deleted.upTo > 0)) continue
    if (unreadSeq <= readUpTo(all, own)) continue
    unread++
    unreadByType[eventType] = (unreadByType[eventType] ?? 0) + 1
    if (unreadSeq > seenUpTo(all, own)) unseen++
  }
  return { unread, unseen, unreadByType }
}
