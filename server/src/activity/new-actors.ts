import type { GroupRow, Register } from '../model/activity-group.ts'
import { countAfter } from '../model/first-seq-spans.ts'
import type { Seq } from '../model/ids.ts'
import type { GroupStore } from '../ports/group-store.ts'
import type { MemberStore } from '../ports/member-store.ts'

export interface NewActorPorts {
  readonly groups: GroupStore
  readonly members: MemberStore
}

/**
 * How many actors who count came first after position `after`. Most groups answer from their row; where the position cuts
 * a span, the members of that span are counted, those that are still `pending` in the row included.
 */
export function createNewActors({ groups, members }: NewActorPorts) {
  return async function newActors(row: GroupRow, after: Seq): Promise<number> {
    const last = row.firstSeqSpans.at(-1)
    if (!last || last.upTo <= after) return 0
    if (after < row.openedSeq) return row.actorCount
    const { whole, cut } = countAfter(row.firstSeqSpans, after)
    if (!cut || row.actorCountIsEstimate) return whole
    const inTable = await members.countFirst(row.user, row.groupId, cut.after, cut.upTo)
    return whole + inTable + (await stillPending(row, cut))
  }

  /** What the pending registers change about the count in the table. */
  async function stillPending(row: GroupRow, cut: { after: Seq; upTo: Seq }): Promise<number> {
    const [full] = await groups.get([{ user: row.user, groupId: row.groupId }])
    if (!full || full.pending.length === 0) return 0
    const actors = full.pending.map((register) => register.actor)
    const [copied = []] = await members.registers([{ user: row.user, groupId: row.groupId, actors }])
    const counts = (register: Register) =>
      register.op === 'ADD' && register.firstSeq > cut.after && register.firstSeq <= cut.upTo
    return full.pending.filter(counts).length - copied.filter(counts).length
  }
}
