import assert from 'node:assert/strict'
import type { EventType } from '@headwater/protocol'
import fc from 'fast-check'
import type { GroupId, Seq } from '../model/ids.ts'
import { type MarkChange, type Marks, marksOf, noMarks, raiseMarks, readUpTo, seenUpTo } from '../model/marks.ts'
import type { UnreadRow } from '../ports/group-store.ts'
import type { BadgeCounts, UnreadFlush, UnreadSets } from '../ports/unread-sets.ts'
import type { CaseContext } from './frame.ts'
import { day, sampleGroupId, someTime } from './samples.ts'

type Rows = ReadonlyMap<GroupId, UnreadRow>

/** A recount: what the counts must be for these rows and marks. */
export function countsOf(
  upTo: Seq,
  rows: Iterable<UnreadRow>,
  marks: ReadonlyMap<GroupId | null, Marks> = new Map(),
  createdFrom = 0,
): BadgeCounts {
  const all = marks.get(null) ?? noMarks
  const unreadByType: Partial<Record<EventType, number>> = {}
  const counts = { upTo, unread: 0, unseen: 0, unreadByType }
  for (const { groupId, eventType, createdAt, unreadSeq } of rows) {
    const own = marks.get(groupId)
    if (createdAt < createdFrom || (own?.deleted.upTo ?? 0) > 0 || unreadSeq <= readUpTo(all, own)) continue
    counts.unread++
    unreadByType[eventType] = (unreadByType[eventType] ?? 0) + 1
    if (unreadSeq > seenUpTo(all, own)) counts.unseen++
  }
  return counts
}

/** The stores as the worker and the API fill them, and what is known of the set. */
class Model {
  head: Seq = 0
  rows: Rows = new Map()
  readonly marks = new Map<GroupId | null, Marks>()
  /** The visible rows at each head. */
  readonly past = new Map<Seq, Rows>([[0, new Map()]])
  /** What the set is complete for; `undefined` without a set. */
  upTo: Seq | undefined

  raise(change: MarkChange): void {
    this.marks.set(change.groupId, raiseMarks(this.marks.get(change.groupId) ?? noMarks, marksOf(change)))
  }

  change(rows: UnreadFlush['groups']): void {
    const next = new Map(this.rows)
    for (const { visible, ...row } of rows) {
      if (visible) next.set(row.groupId, row)
      else next.delete(row.groupId)
    }
    this.rows = next
    this.past.set(++this.head, next)
  }

  /** What a flush makes of the set. */
  told({ from, to }: UnreadFlush): void {
    if (this.upTo === undefined || to <= this.upTo) return
    this.upTo = from === this.upTo ? to : undefined
  }

  counts(createdFrom: number): BadgeCounts | undefined {
    if (this.upTo === undefined) return undefined
    return countsOf(this.upTo, this.past.get(this.upTo)?.values() ?? [], this.marks, createdFrom)
  }
}

const types: readonly EventType[] = ['LIKE', 'COMMENT']
const group = fc.nat(5)
const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        groups: fc.uniqueArray(fc.record({ group, visible: fc.nat(3), isNews: fc.boolean() }), {
          selector: (each) => each.group,
        }),
        /** Most flushes arrive; one that does not is a gap, or comes late. */
        arrives: fc.constantFrom('now', 'now', 'now', 'now', 'later', 'never', 'twice'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        mark: fc.constantFrom('read', 'seen', 'deleted'),
        group: fc.option(group),
        back: fc.nat(3),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ put: true }) },
    { weight: 1, arbitrary: fc.constant({ drop: true }) },
    { weight: 1, arbitrary: fc.record({ late: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ passDays: fc.nat(3) }) },
  ),
  { maxLength: 40 },
)

/** The set agrees with a recount at every step, whatever became of flushes and marks on the way. */
export async function unreadSetsModel(t: CaseContext<UnreadSets>): Promise<void> {
  const sets = await t.open()
  await fc.assert(
    fc.asyncProperty(operations, async (steps) => {
      const user = t.user()
      const model = new Model()
      const late: UnreadFlush[] = []
      let createdFrom = someTime - 6 * day
      const idOf = (n: number) => sampleGroupId(user, n, someTime - n * day)
      const apply = async (flush: UnreadFlush) => {
        model.told(flush)
        assert.deepEqual(await sets.apply([flush], createdFrom), [model.counts(createdFrom)])
      }
      for (const step of steps) {
        if ('groups' in step) {
          const rows = step.groups.map(({ group: n, visible, isNews }) => ({
            groupId: idOf(n),
            eventType: types[n % 2] as EventType,
            createdAt: someTime - n * day,
            unreadSeq: isNews ? model.head + 1 : (model.rows.get(idOf(n))?.unreadSeq ?? model.head + 1),
            visible: visible > 0,
          }))
          const flush = { user, from: model.head, to: model.head + 1, groups: rows, marks: [] }
          model.change(rows)
          if (step.arrives === 'later') late.push(flush)
          for (const _ of step.arrives === 'twice' ? [1, 2] : step.arrives === 'now' ? [1] : []) await apply(flush)
        } else if ('mark' in step) {
          const isAll = step.group === null || step.mark === 'deleted'
          const groupId = isAll && step.mark !== 'deleted' ? null : idOf(step.group ?? 0)
          const upTo = Math.max(1, model.head - step.back)
          const change: MarkChange = { groupId, mark: step.mark, upTo, seq: model.head + 1 }
          model.raise(change)
          assert.deepEqual(await sets.mark(user, [change], createdFrom), model.counts(createdFrom))
        } else if ('put' in step) {
          const all = model.marks.get(null) ?? noMarks
          const own = [...model.marks].filter((entry): entry is [GroupId, Marks] => entry[0] !== null)
          await sets.put(user, { upTo: model.head, rows: [...model.rows.values()], all, marks: new Map(own) })
          model.upTo = model.head
        } else if ('drop' in step) {
          await sets.drop([user])
          model.upTo = undefined
        } else if ('late' in step) {
          for (const flush of late.splice(0, step.late)) await apply(flush)
        } else createdFrom += step.passDays * day
        assert.deepEqual(await sets.counts(user, createdFrom), model.counts(createdFrom))
      }
    }),
    { numRuns: t.modelRuns * 2 },
  )
}
