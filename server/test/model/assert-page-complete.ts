import assert from 'node:assert/strict'
import { defaultTypeRules } from '../../src/activity/settings.ts'
import type { UserId } from '../../src/model/ids.ts'
import { actorsOf, PlainFold } from './plain-fold.ts'
import type { Api } from './world.ts'

/**
 * A page may be ahead of the position that it names, and never behind: who goes on from there misses nothing. Compared
 * with the log at any time, by the groups that nothing has changed since that position. Not for streams that are erased.
 */
export async function assertPageComplete(api: Api, user: UserId, context: string): Promise<void> {
  const { groups, badge } = await api.reader.page(user, { after: null, limit: 1_000, types: null, locale: null })
  const { log, objects } = api.ports
  const partition = log.partitionOf(user)
  const { start, end } = await log.bounds(partition)
  const { records } = await log.read(partition, start, end - start + 1)
  const [then, now] = [new PlainFold(defaultTypeRules), new PlainFold(defaultTypeRules)]
  for (const record of records) {
    if (record.seq <= badge.upTo) then.fold(record)
    now.fold(record)
  }
  const shown = new Map(groups.map((group) => [group.group_id, group]))
  const unchanged = new Set(
    now
      .user(user)
      .groups.filter((group) => group.seq <= badge.upTo)
      .map((group) => group.groupId),
  )
  for (const group of then.user(user).visible()) {
    if (!unchanged.has(group.groupId)) continue
    // A deletion hides the groups of its object before it has written their records.
    const [deletedAt] = await objects.tombstones([{ objectType: group.key.objectType, objectId: group.key.objectId }])
    if (deletedAt !== undefined) continue
    const found = shown.get(group.groupId)
    assert.deepEqual(
      found && { seq: found.seq, actors: found.actor_count },
      { seq: group.seq, actors: actorsOf(group).length },
      `${context}: group ${group.groupId} of ${user} on a page at ${badge.upTo}`,
    )
  }
}
