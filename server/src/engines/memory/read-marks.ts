import type { GroupId, UserId } from '../../model/ids.ts'
import { type Marks, marksOf, noMarks, raiseMarks } from '../../model/marks.ts'
import type { MarkEntry, ReadMarks } from '../../ports/read-marks.ts'

/** The marks of each user, by group; `null` = over all groups. */
export type MarkState = Map<UserId, Map<GroupId | null, Marks>>

export function memoryReadMarks(state: MarkState): ReadMarks {
  return {
    async raise(changes) {
      for (const { user, change } of changes) {
        const marks = state.get(user) ?? new Map<GroupId | null, Marks>()
        state.set(user, marks)
        marks.set(change.groupId, raiseMarks(marks.get(change.groupId) ?? noMarks, marksOf(change)))
      }
    },

    async get(user, groupIds) {
      const marks = state.get(user)
      const groups = new Map<GroupId, Marks>()
      for (const groupId of groupIds) {
        const own = marks?.get(groupId)
        if (own) groups.set(groupId, own)
      }
      return { all: marks?.get(null) ?? noMarks, groups }
    },

    async above(user, after) {
      const groups = new Map<GroupId, Marks>()
      for (const [groupId, own] of state.get(user) ?? []) {
        const highest = Math.max(own.read.upTo, own.seen.upTo, own.deleted.upTo)
        if (groupId !== null && highest > after) groups.set(groupId, own)
      }
      return { all: state.get(user)?.get(null) ?? noMarks, groups }
    },

    async changesSince(user, after, limit) {
      const entries: MarkEntry[] = []
      for (const [groupId, marks] of state.get(user) ?? []) {
        if (seqOf(marks) > after) entries.push({ groupId, marks })
      }
      if (entries.length > limit) return { gap: true }
      return { marks: entries.sort((a, b) => seqOf(a.marks) - seqOf(b.marks)) }
    },

    async purge(user, groupIds, upTo = Number.POSITIVE_INFINITY) {
      const own = state.get(user)
      for (const groupId of groupIds ?? own?.keys() ?? []) {
        const marks = own?.get(groupId)
        if (marks && Math.max(seqOf(marks), marks.deleted.seq) <= upTo) own?.delete(groupId)
      }
      if (own?.size === 0) state.delete(user)
    },

    async [Symbol.asyncDispose]() {},
  }
}

const seqOf = ({ read, seen }: Marks): number => Math.max(read.seq, seen.seq)
