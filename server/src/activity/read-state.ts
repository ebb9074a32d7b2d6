import type { MarkResult } from '@headwater/protocol'
import { HeadwaterError } from '../lib/error.ts'
import type { Clock, Seams } from '../lib/seams.ts'
import { noFailpoint } from '../lib/system-seams.ts'
import { isUuidV7 } from '../lib/uuid.ts'
import { isVisible } from '../model/activity-group.ts'
import { idBoundAt, isGroupId } from '../model/group-id.ts'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { MarkChange } from '../model/marks.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { ReadMarks } from '../ports/read-marks.ts'
import type { TraceStore } from '../ports/trace-store.ts'
import type { UnreadSets } from '../ports/unread-sets.ts'
import type { MarkRequest, ReadState } from './activity-api.ts'
import { appendDurably } from './append-durably.ts'
import type { Badge } from './badge.ts'

export interface ReadStatePorts {
  readonly log: EventLog
  readonly groups: GroupStore
  readonly marks: ReadMarks
  readonly unread: UnreadSets
  readonly traces: TraceStore
}

/**
 * Marks and deletions by the user. The record in the log is the truth that the worker folds and tells to other devices;
 * the marks are raised here as well, so that the answer and every read after it show them at once.
 */
export function createReadState(
  ports: ReadStatePorts,
  badge: Badge,
  retentionMs: number,
  clock: Clock,
  failpoint: Seams['failpoint'] = noFailpoint,
): ReadState {
  const { log, groups, marks, unread, traces } = ports
  return { mark, remove }

  async function mark(user: UserId, kind: 'read' | 'seen', request: MarkRequest): Promise<MarkResult> {
    const before = await badge(user)
    const { groupIds, notFound } =
      'all' in request ? { groupIds: null, notFound: [] } : await resolve(user, request.groupIds)
    const asked = 'all' in request ? request.upToSeq : null
    const upTo = Math.min(asked ?? before.upTo, before.upTo)
    const raised = await append({ kind: 'mark', user, mark: kind, groupIds, upTo }, async (seq) =>
      (groupIds ?? [null]).map((groupId): MarkChange => ({ groupId, mark: kind, upTo, seq })),
    )
    const counts = (await applyMarks(user, raised)) ?? (await badge(user))
    return {
      updated_unread_count: counts.unread,
      unseen_count: counts.unseen,
      seq: counts.upTo,
      not_found: notFound,
    }
  }

  async function remove(user: UserId, groupId: GroupId): Promise<boolean> {
    const [found] = await known(user, [groupId])
    if (!found) return false
    const raised = await append({ kind: 'group_deleted', user, groupId }, async (seq) => [
      { groupId, mark: 'deleted', upTo: seq, seq },
    ])
    await applyMarks(user, raised)
    return true
  }

  async function append(
    value: LogValue,
    changesAt: (seq: Seq) => Promise<readonly MarkChange[]>,
  ): Promise<readonly MarkChange[]> {
    await failpoint('mark.before-append')
    const [seq = 0] = await appendDurably(log, [value])
    await failpoint('mark.after-append')
    return changesAt(seq)
  }

  async function applyMarks(user: UserId, changes: readonly MarkChange[]) {
    await marks.raise(changes.map((change) => ({ user, change })))
    await failpoint('mark.after-raise')
    return unread.mark(user, changes, clock.now() - retentionMs).catch(async () => {
      // The set that may be there does not know of the mark.
      await unread.drop([user]).catch(() => {})
      return undefined
    })
  }

  /** Group ids as given, or the groups of event ids. None of them known is an error: a mark that does nothing is a mistake. */
  async function resolve(
    user: UserId,
    ids: readonly string[],
  ): Promise<{ groupIds: readonly GroupId[]; notFound: readonly string[] }> {
    const groupOf = new Map<string, GroupId>()
    await Promise.all(
      [...new Set(ids)].map(async (id) => {
        const eventId = id.toLowerCase()
        if (!isUuidV7(eventId)) return void groupOf.set(id, id)
        const trace = (await traces.get(eventId)).find((candidate) => candidate.user === user)
        if (trace?.groupId) groupOf.set(id, trace.groupId)
      }),
    )
    const found = new Set(await known(user, [...new Set(groupOf.values())]))
    const notFound = [...new Set(ids)].filter((id) => !found.has(groupOf.get(id) ?? ''))
    if (found.size === 0) throw new HeadwaterError('not_found', { detail: 'None of these ids is a group of this user' })
    return { groupIds: [...found], notFound }
  }

  /** Those ids that are groups which the user can see. */
  async function known(user: UserId, ids: readonly GroupId[]): Promise<readonly GroupId[]> {
    const bound = idBoundAt(clock.now() - retentionMs)
    const plausible = ids.filter((id) => isGroupId(id) && id <= bound)
    if (plausible.length === 0) return []
    const rows = await groups.get(plausible.map((groupId) => ({ user, groupId })))
    const own = await marks.get(user, plausible)
    return plausible.filter((id, i) => {
      const row = rows[i]
      return row !== undefined && isVisible(row) && !(own.groups.get(id)?.deleted.upTo ?? 0)
    })
  }
}
