import { HeadwaterError } from '../lib/error.ts'
import type { Clock } from '../lib/seams.ts'
import { type GroupRow, isVisible } from '../model/activity-group.ts'
import { objectText } from '../model/event.ts'
import { idBoundAt, isGroupId } from '../model/group-id.ts'
import type { GroupId, UserId } from '../model/ids.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectIndex } from '../ports/object-index.ts'
import type { UserMarks } from '../ports/read-marks.ts'
import type { BadgeCounts, UnreadSets } from '../ports/unread-sets.ts'
import type { ActivityReader, FirstPageQuery, PageQuery, RenderPage } from './activity-api.ts'
import type { Badge } from './badge.ts'
import type { KeptPages } from './kept-pages.ts'
import { listMembers } from './merge-members.ts'
import { type Present, type PresentPorts, topActorsOf, userRef } from './present.ts'

export interface ReadPorts extends PresentPorts {
  readonly log: EventLog
  readonly objects: ObjectIndex
  readonly unread: UnreadSets
}

/**
 * Reads a user's stream: rows in list order, what is deleted or expired taken out, the page filled up again, names and
 * marks put in. The badge is read before the rows, so that nothing after its position is missed by who resumes from it.
 */
export function createActivityReader(
  ports: ReadPorts,
  { badge, present, kept }: { readonly badge: Badge; readonly present: Present; readonly kept?: KeptPages },
  retentionMs: number,
  clock: Clock,
): ActivityReader {
  const { groups, members, marks, objects, unread, users, log } = ports
  const headAtHand = groups.headAtHand?.bind(groups)
  return {
    epoch: log.info.epochName,
    badge,
    keptPage,
    actors,
    page: (user, query) => page(user, query).catch((error) => withLastBadge(user, error)),
    firstPage: (user, query, render) => firstPage(user, query, render).catch((error) => withLastBadge(user, error)),
    group: (user, groupId, locale) => group(user, groupId, locale).catch((error) => withLastBadge(user, error)),
  }

  /** Who cannot be shown groups, since their store is away, is told the counts as they were known last. */
  async function withLastBadge(user: UserId, error: unknown): Promise<never> {
    if (!HeadwaterError.is(error) || error.code !== 'store_unavailable') throw error
    const counts = await unread.counts(user, clock.now() - retentionMs).catch(() => undefined)
    if (!counts) throw error
    const { detail, retryAfterS } = error
    throw new HeadwaterError('store_unavailable', {
      detail,
      ...(retryAfterS !== undefined && { retryAfterS }),
      badge: {
        unread_count: counts.unread,
        unseen_count: counts.unseen,
        epoch: log.info.epochName,
        seq: counts.upTo,
        stale: true,
      },
      cause: error,
    })
  }

  async function page(user: UserId, query: PageQuery) {
    return (await made(user, query, await badge(user))).page
  }

  async function made(user: UserId, query: PageQuery, counts: BadgeCounts) {
    const { rows, beyond, known, next } = await visibleRows(user, query)
    const page = {
      groups: await present(user, rows, query.locale, known),
      badge: counts,
      filteredUnread: filteredUnread(counts, query.types),
      next,
    }
    return { page, rows, beyond }
  }

  function keptPage(user: UserId, query: FirstPageQuery) {
    const head = kept && headAtHand?.(user)
    return head === undefined ? undefined : kept?.get(user, variantOf(query), head, clock.now())
  }

  async function firstPage(user: UserId, { limit, locale }: FirstPageQuery, render: RenderPage) {
    const query: PageQuery = { after: null, limit, locale, types: null }
    if (!kept) return render(user, await page(user, query))
    const [head = 0] = await groups.heads([user])
    const now = clock.now()
    const variant = variantOf(query)
    const found = kept.get(user, variant, head, now)
    if (found) return found
    // So that the set is there: to build it marks it, which would spoil the draft.
    await badge(user)
    const draft = kept.draft(user, now)
    try {
      const { page: fresh, rows, beyond } = await made(user, query, await badge(user))
      const bytes = render(user, fresh)
      const oldestCounted = unread.oldestCounted?.(user)
      if (oldestCounted === undefined) kept.drop(draft)
      else {
        kept.keep(draft, variant, bytes, fresh.badge.upTo, {
          people: new Set([user, ...rows.flatMap(topActorsOf)]),
          // Whether there is a next page hangs on the group behind these.
          objects: beyond ? [...rows, beyond] : rows,
          validUntil: Math.min(validUntil(rows, beyond, now), oldestCounted + retentionMs + 1),
        })
      }
      return bytes
    } catch (error) {
      kept.drop(draft)
      throw error
    }
  }

  /** When the next of these groups closes or passes retention, the one behind them too: it decides whether there is a next page. */
  function validUntil(rows: readonly GroupRow[], beyond: GroupRow | undefined, now: number): number {
    const last = beyond ?? rows.at(-1)
    let until = last ? last.createdAt + retentionMs + 1 : Number.POSITIVE_INFINITY
    for (const { createdAt, rules } of rows) {
      const closesAt = createdAt + rules.closeAfterMs
      if (closesAt > now && closesAt < until) until = closesAt
    }
    return until
  }

  async function visibleRows(user: UserId, { after, limit, types }: PageQuery) {
    const rows: GroupRow[] = []
    const own = new Map<GroupId, UserMarks['groups'] extends ReadonlyMap<GroupId, infer M> ? M : never>()
    let all: UserMarks['all'] | undefined
    let position = after
    for (;;) {
      const createdFrom = clock.now() - retentionMs
      const batch = await groups.list(user, { after: position, createdFrom, types, limit: limit + 1 })
      const known = await marks.get(
        user,
        batch.map((row) => row.groupId),
      )
      all ??= known.all
      for (const [groupId, marked] of known.groups) own.set(groupId, marked)
      const gone = await deletedObjects(batch)
      for (const row of batch) {
        if (isGone(row, known, gone)) continue
        rows.push(row)
      }
      position = batch.at(-1)?.groupId ?? position
      const ended = batch.length <= limit
      if (rows.length > limit || ended) {
        const shown = rows.slice(0, limit)
        const next = rows.length > limit ? (shown.at(-1)?.groupId ?? null) : null
        return { rows: shown, beyond: rows[limit], known: { all, groups: own }, next }
      }
    }
  }

  /** Objects deleted so recently that the worker has not taken their groups away yet. */
  async function deletedObjects(rows: readonly GroupRow[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>()
    if (rows.length === 0) return found
    const times = await objects.tombstones(rows)
    rows.forEach((row, i) => {
      const deletedAt = times[i]
      if (deletedAt !== undefined) found.set(objectText(row.objectType, row.objectId), deletedAt)
    })
    return found
  }

  function isGone(row: GroupRow, known: UserMarks, deleted: ReadonlyMap<string, number>): boolean {
    if (!isVisible(row) || (known.groups.get(row.groupId)?.deleted.upTo ?? 0) > 0) return true
    if (deleted.size === 0) return false
    const deletedAt = deleted.get(objectText(row.objectType, row.objectId))
    return deletedAt !== undefined && row.createdAt <= deletedAt
  }

  /** The row of one group, if its user may see it. */
  async function find(user: UserId, groupId: GroupId): Promise<{ row: GroupRow; known: UserMarks } | undefined> {
    if (!isGroupId(groupId) || groupId > idBoundAt(clock.now() - retentionMs)) return undefined
    const [row] = await groups.get([{ user, groupId }])
    if (!row) return undefined
    const known = await marks.get(user, [groupId])
    return isGone(row, known, await deletedObjects([row])) ? undefined : { row, known }
  }

  async function group(user: UserId, groupId: GroupId, locale: string | null) {
    const counts = await badge(user)
    const found = await find(user, groupId)
    if (!found) return undefined
    const [shown] = await present(user, [found.row], locale, found.known)
    return shown && { group: shown, badge: counts }
  }

  async function actors(user: UserId, groupId: GroupId, after: Parameters<ActivityReader['actors']>[2], limit: number) {
    const found = await find(user, groupId)
    if (!found) return undefined
    const { registers, next } = await listMembers(members, found.row, after, limit)
    const records = await users.get(registers.map((register) => register.actor))
    return {
      actors: registers.map(({ actor, createdAt }, i) => ({ ...userRef(actor, records[i]), acted_at: createdAt })),
      next,
    }
  }
}

const variantOf = ({ limit, locale }: FirstPageQuery): string => `${limit} ${locale ?? ''}`

function filteredUnread(counts: BadgeCounts, types: PageQuery['types']): number {
  if (!types) return counts.unread
  return types.reduce((sum, type) => sum + (counts.unreadByType[type] ?? 0), 0)
}
