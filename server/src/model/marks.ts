import type { GroupId, Seq } from './ids.ts'

/** Up to which position something is marked, and the position of the newest record that said so. Both only rise. */
export interface Mark {
  readonly upTo: Seq
  readonly seq: Seq
}

export const noMark: Mark = { upTo: 0, seq: 0 }

/**
 * The marks over all groups of a user, or of one group. `deleted` hides one group at once, before the worker has folded
 * the record that deletes it; it is final, since a later event opens a group with another id.
 */
export interface Marks {
  readonly read: Mark
  readonly seen: Mark
  readonly deleted: Mark
}

export const noMarks: Marks = { read: noMark, seen: noMark, deleted: noMark }

/** Both are maxima, so marks may arrive in any order and any number of times. */
export const raise = (a: Mark, b: Mark): Mark => {
  const upTo = Math.max(a.upTo, b.upTo)
  const seq = Math.max(a.seq, b.seq)
  return upTo === a.upTo && seq === a.seq ? a : { upTo, seq }
}

export const raiseMarks = (a: Marks, b: Marks): Marks => ({
  read: raise(a.read, b.read),
  seen: raise(a.seen, b.seen),
  deleted: raise(a.deleted, b.deleted),
})

/** A mark of one group, or of all groups with `groupId` null. */
export interface MarkChange {
  readonly groupId: GroupId | null
  readonly mark: 'read' | 'seen' | 'deleted'
  readonly upTo: Seq
  readonly seq: Seq
}

/** Read implies seen. */
export function marksOf(change: MarkChange): Marks {
  const mark = { upTo: change.upTo, seq: change.seq }
  if (change.mark === 'read') return { ...noMarks, read: mark, seen: mark }
  return { ...noMarks, [change.mark]: mark }
}

/** The position up to which a group is read: what is marked for all, or for it alone. */
export const readUpTo = (all: Marks, own: Marks | undefined): Seq => Math.max(all.read.upTo, own?.read.upTo ?? 0)

export const seenUpTo = (all: Marks, own: Marks | undefined): Seq =>
  Math.max(all.seen.upTo, own?.seen.upTo ?? 0, readUpTo(all, own))
