import type { GroupRow, Register } from '../model/activity-group.ts'
import { isGhost } from '../model/erasure.ts'
import { newestFirst } from '../model/register.ts'
import type { MemberPosition, MemberStore } from '../ports/member-store.ts'

/**
 * One page of a group's actors: the member table united with the registers that still ride in the group's row. A pending
 * register hides the actor's row in the table, which is then asked for more.
 */
export async function listMembers(
  members: MemberStore,
  group: Pick<GroupRow, 'user' | 'groupId' | 'pending' | 'erasures'>,
  after: MemberPosition | null,
  limit: number,
): Promise<{ readonly registers: readonly Register[]; readonly next: MemberPosition | null }> {
  const pending = new Map(group.pending.map((register) => [register.actor, register]))
  const found = group.pending.filter(
    (register) => register.op === 'ADD' && (!after || newestFirst(after, register) < 0),
  )
  let position = after
  let fromTable = 0
  while (fromTable <= limit) {
    const page = await members.list(group.user, group.groupId, position, limit + 1)
    for (const register of page) {
      if (pending.has(register.actor) || isGhost(group, register)) continue
      found.push(register)
      fromTable++
    }
    const last = page.at(-1)
    if (!last || page.length <= limit) break
    position = last
  }
  found.sort(newestFirst)
  const registers = found.slice(0, limit)
  const last = registers.at(-1)
  const next =
    found.length > limit && last ? { createdAt: last.createdAt, eventId: last.eventId, actor: last.actor } : null
  return { registers, next }
}
