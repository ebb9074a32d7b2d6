import type { GroupRow } from '../model/activity-group.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { MarkChange } from '../model/marks.ts'
import type { OpenGroup } from '../model/open-group.ts'
import type { MemberBatch } from '../ports/member-store.ts'
import type { ObjectEntry } from '../ports/object-index.ts'
import type { UnreadFlush } from '../ports/unread-sets.ts'
import type { Folded, UserFold } from './user-fold.ts'

/**
 * What is folded of some users and not written, as of one moment. Folding goes on while it is written: what comes
 * meanwhile is in the next job, which is written after this one.
 */
export interface FlushJob {
  readonly users: readonly UserJob[]
  readonly openings: readonly Opening[]
  readonly rows: readonly GroupRow[]
  /** Registers for the member table. Until they are there they ride in the row. */
  readonly members: readonly MemberBatch[]
  /** Registers that changed, wherever they are written. */
  readonly changed: readonly MemberBatch[]
  readonly marks: readonly { readonly user: UserId; readonly change: MarkChange }[]
  readonly heads: readonly { readonly user: UserId; readonly head: Seq }[]
  /** To be called when all of it is stored and told. */
  done(): void
}

export interface Opening {
  readonly group: OpenGroup
  readonly entry: ObjectEntry
  /** When the log took the event that opens the group. */
  readonly takenAt: number
}

/** One user's part. */
export interface UserJob {
  readonly user: UserId
  /** The head before and after. */
  readonly from: Seq
  readonly to: Seq
  readonly told: readonly GroupRow[]
  readonly marks: readonly { readonly seq: Seq; readonly marks: readonly MarkChange[] }[]
  readonly nudge: boolean
  readonly acceptedAt: number
  readonly unread: UnreadFlush
  readonly traces: readonly Folded[]
}

/** How many registers a row carries that are not in the member table: most groups never have more. */
const carriedMax = 8

/**
 * Takes what there is of these users; from now on they have nothing to write. Rows with more than `carriedMax` registers
 * have all of them copied to the member table.
 */
export function takeJob(folds: readonly UserFold[], monotonicNow: number): FlushJob {
  const rows: GroupRow[] = []
  const changed: MemberBatch[] = []
  const members: MemberBatch[] = []
  const openings: Opening[] = []
  const groups: OpenGroup[] = []
  const users = folds.map((fold) => {
    const taken = new Map<OpenGroup, GroupRow>()
    for (const group of fold.dirty) {
      const { user, groupId } = group
      const row = group.toRow()
      rows.push(row)
      taken.set(group, row)
      groups.push(group)
      const registers = group.changed()
      if (registers.length > 0) changed.push({ user, groupId, registers })
      const copied = row.pending.length > carriedMax
      if (copied) members.push({ user, groupId, registers: row.pending })
      group.taken(copied)
    }
    for (const [group, takenAt] of fold.opened) openings.push(openingOf(group, takenAt))
    return userJob(fold, taken)
  })
  const marks = users.flatMap(({ user, marks: changes }) =>
    changes.flatMap((entry) => entry.marks.map((change) => ({ user, change }))),
  )
  const heads = users.filter(({ from, to }) => to > from).map(({ user, to }) => ({ user, head: to }))
  for (const fold of folds) fold.taken(monotonicNow)

  function done(): void {
    for (const group of groups) group.stored()
    for (const fold of folds) fold.stored()
  }
  return { users, openings, rows, members, changed, marks, heads, done }
}

/** The writes of a job in two, each of some of its users; to be done with is still the whole. */
export function halvesOf(job: FlushJob): readonly FlushJob[] {
  const middle = Math.ceil(job.users.length / 2)
  return [job.users.slice(0, middle), job.users.slice(middle)].map((users) => {
    const own = new Set(users.map(({ user }) => user))
    const isOwn = ({ user }: { readonly user: UserId }) => own.has(user)
    return {
      users,
      openings: job.openings.filter(({ group }) => isOwn(group)),
      rows: job.rows.filter(isOwn),
      members: job.members.filter(isOwn),
      changed: job.changed.filter(isOwn),
      marks: job.marks.filter(isOwn),
      heads: job.heads.filter(isOwn),
      done: job.done,
    }
  })
}

function openingOf(group: OpenGroup, takenAt: number): Opening {
  const { user, groupId, objectType, objectId } = group
  return { group, takenAt, entry: { object: { objectType, objectId }, user, groupId } }
}

function userJob(fold: UserFold, taken: ReadonlyMap<OpenGroup, GroupRow>): UserJob {
  const { user, flushedHead: from, head: to, marks, nudge, acceptedAt, traces } = fold
  const told: GroupRow[] = []
  const unread: UnreadFlush['groups'][number][] = []
  for (const group of fold.told) {
    told.push(taken.get(group) ?? group.toRow())
    const { groupId, eventType, createdAt, unreadSeq, visible } = group
    unread.push({ groupId, eventType, createdAt, unreadSeq, visible })
  }
  return {
    user,
    from,
    to,
    told,
    marks,
    nudge,
    acceptedAt,
    traces,
    unread: { user, from, to, groups: unread, marks: marks.flatMap((entry) => entry.marks) },
  }
}
