import type { Scheduler } from '../lib/seams.ts'
import type { UserId } from '../model/ids.ts'
import type { LogValue } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { ObjectIndex, Tombstone } from '../ports/object-index.ts'
import { appendDurably } from './append-durably.ts'

export interface DeletionSweepPorts {
  readonly log: EventLog
  readonly groups: GroupStore
  readonly objects: ObjectIndex
}

const newestMax = 1_000
/** A deletion that was cut off began no longer before the last one than this. */
const spanMs = 60 * 60_000
const pageOf = 500
/** Others get their turn between two pages. */
const pauseMs = 1

/**
 * Ends deletions of objects that were cut off between the tombstone and the records: a page would leave out what a badge
 * still counts. Whoever asked for one got no answer and asks again, but may be gone as well, and after a restore
 * nobody knows any more. Those that were begun last are looked at, those already looked at are not again.
 */
export function createDeletionSweep({ log, groups, objects }: DeletionSweepPorts, scheduler: Scheduler) {
  let doneTo = Number.NEGATIVE_INFINITY
  return async function sweep(stop: AbortSignal): Promise<void> {
    const newest = await objects.newestTombstones(newestMax)
    const last = newest[0]?.deletedAt ?? 0
    for (const tombstone of newest) {
      if (tombstone.deletedAt > Math.max(doneTo, last - spanMs)) await finish(tombstone, stop)
      if (stop.aborted) return
    }
    doneTo = last
  }

  async function finish(tombstone: Tombstone, stop: AbortSignal): Promise<void> {
    for (let after: UserId | null = null; !stop.aborted; ) {
      const targets: readonly UserId[] = await objects.targets(tombstone.object, after, pageOf)
      await appendDurably(log, await missing(tombstone, targets))
      after = targets.at(-1) ?? null
      if (!after || targets.length < pageOf) return
      await scheduler.sleep(pauseMs, stop)
    }
  }

  /** A record for each group that the tombstone hides and no record deletes. */
  async function missing({ object, deletedAt }: Tombstone, targets: readonly UserId[]): Promise<readonly LogValue[]> {
    const ids = await Promise.all(
      targets.map(async (user) => (await objects.groups(object, user)).map((groupId) => ({ user, groupId }))),
    )
    const rows = await groups.get(ids.flat())
    return rows
      .filter((row) => row !== undefined)
      .filter((row) => row.deletedSeq === 0 && row.createdAt <= deletedAt)
      .map(({ user, groupId }) => ({ kind: 'group_deleted', user, groupId }))
  }
}
