import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { GroupId, Seq, UserId } from '../model/ids.ts'
import { type MarkChange, type Marks, marksOf, noMarks, raiseMarks } from '../model/marks.ts'
import type { MarkEntry, ReadMarks } from '../ports/read-marks.ts'
import { defineSuite } from './frame.ts'
import { byText, sampleGroupId } from './samples.ts'

export const readMarksSuite = defineSuite<ReadMarks>('read-marks', {
  promises: {
    'A raise that returned is still there after close and reopen, and seen by every read that starts later.': async (
      t,
    ) => {
      const [store, other] = [await t.open(), await t.open()]
      const [user, groupId] = [t.user(), sampleGroupId('g', 1)]
      for (let seq = 1; seq < 20; seq++) {
        await (seq % 2 ? store : other).raise([{ user, change: { groupId, mark: 'read', upTo: seq, seq } }])
        const { groups } = await (seq % 2 ? other : store).get(user, [groupId])
        assert.deepEqual(groups.get(groupId)?.read, { upTo: seq, seq })
      }
      await store.raise([
        { user, change: { groupId: null, mark: 'seen', upTo: 2 ** 40 + 1, seq: 2 ** 40 + 5 } },
        { user, change: { groupId: sampleGroupId('g', 2), mark: 'deleted', upTo: 7, seq: 7 } },
      ])
      const again = await t.reopen(store)
      const marks = await again.get(user, [groupId, sampleGroupId('g', 2), sampleGroupId('g', 3)])
      assert.deepEqual(marks.all, { ...noMarks, seen: { upTo: 2 ** 40 + 1, seq: 2 ** 40 + 5 } })
      const own = { upTo: 19, seq: 19 }
      assert.deepEqual(
        marks.groups,
        new Map([
          [groupId, { ...noMarks, read: own, seen: own }],
          [sampleGroupId('g', 2), { ...noMarks, deleted: { upTo: 7, seq: 7 } }],
        ]),
        'groups without marks are not among them',
      )
      assert.deepEqual(await again.get(t.user(), [groupId]), { all: noMarks, groups: new Map() })
    },

    'A mark never goes back, in any order of raises.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const changes: MarkChange[] = []
      for (const groupId of [null, sampleGroupId('g', 1), sampleGroupId('g', 2)]) {
        for (const mark of ['read', 'seen', 'deleted'] as const) {
          if (groupId === null && mark === 'deleted') continue
          // A later record may cover less: `upTo` and `seq` rise on their own.
          for (const [upTo, seq] of [
            [5, 10],
            [9, 11],
            [3, 15],
          ] as const)
            changes.push({ groupId, mark, upTo, seq })
        }
      }
      const users = Array.from({ length: 6 }, t.user)
      const raises = users.map((user, i) =>
        rotated(i % 2 ? changes : changes.toReversed(), i * 5).map((change) => ({ user, change })),
      )
      await Promise.all(raises.map((each, i) => (i % 2 ? store : other).raise(each)))
      for (const each of raises.flat()) await store.raise([each])
      const [model] = modelOf(changes)
      for (const user of users) {
        const marks = await other.get(user, [sampleGroupId('g', 1), sampleGroupId('g', 2)])
        assert.deepEqual(marks.all, model.get(null))
        for (const [groupId, own] of marks.groups) assert.deepEqual(own, model.get(groupId))
        assert.equal(marks.groups.size, 2)
      }
    },

    'Read raises seen with it.': async (t) => {
      const store = await t.open()
      const [user, groupId] = [t.user(), sampleGroupId('g', 1)]
      const raise = (change: MarkChange) => store.raise([{ user, change }])
      await raise({ groupId, mark: 'seen', upTo: 4, seq: 4 })
      await raise({ groupId, mark: 'read', upTo: 6, seq: 8 })
      await raise({ groupId: null, mark: 'read', upTo: 3, seq: 9 })
      await raise({ groupId: null, mark: 'seen', upTo: 5, seq: 10 })
      const marks = await store.get(user, [groupId])
      assert.deepEqual(marks.groups.get(groupId), { ...noMarks, read: { upTo: 6, seq: 8 }, seen: { upTo: 6, seq: 8 } })
      assert.deepEqual(marks.all, { ...noMarks, read: { upTo: 3, seq: 9 }, seen: { upTo: 5, seq: 10 } })
    },

    'Changes come in the order of `seq`, complete up to the limit, or as a gap.': async (t) => {
      const [store, reader] = [await t.open(), await t.open()]
      const user = t.user()
      const ids = Array.from({ length: 8 }, (_, n) => sampleGroupId('g', n))
      const changes: MarkChange[] = ids.map((groupId, n) => ({
        groupId,
        mark: n % 2 ? 'read' : 'seen',
        upTo: n + 1,
        seq: 10 + n,
      }))
      changes.push({ groupId: null, mark: 'read', upTo: 4, seq: 30 })
      changes.push({ groupId: ids[2] as GroupId, mark: 'read', upTo: 1, seq: 31 })
      changes.push({ groupId: ids[0] as GroupId, mark: 'deleted', upTo: 40, seq: 40 })
      await store.raise(changes.map((change) => ({ user, change })))
      const [model] = modelOf(changes)
      const expected = [1, 0, 3, 4, 5, 6, 7].map((n) => ids[n === 1 ? 0 : n === 0 ? 1 : n] as GroupId | null)
      expected.push(null, ids[2] as GroupId)
      const entries = expected.map((groupId) => ({ groupId, marks: model.get(groupId) as Marks }))
      assert.deepEqual(await reader.changesSince(user, 0, 9), { marks: entries })
      assert.deepEqual(await reader.changesSince(user, 0, 8), { gap: true })
      assert.deepEqual(await reader.changesSince(user, 16, 3), { marks: entries.slice(-3) })
      assert.deepEqual(await reader.changesSince(user, 17, 2), { marks: entries.slice(-2) })
      assert.deepEqual(await reader.changesSince(user, 31, 1), { marks: [] }, 'a deletion is no change of read or seen')
      assert.deepEqual(await reader.changesSince(t.user(), 0, 1), { marks: [] })
    },
  },

  also: {
    'The marks above a position are all that a badge needs.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const ids = Array.from({ length: 6 }, (_, n) => sampleGroupId('g', n)) as [
        GroupId,
        GroupId,
        GroupId,
        GroupId,
        GroupId,
        GroupId,
      ]
      const changes: MarkChange[] = [
        { groupId: null, mark: 'read', upTo: 10, seq: 10 },
        { groupId: ids[0], mark: 'read', upTo: 9, seq: 11 },
        { groupId: ids[1], mark: 'read', upTo: 12, seq: 12 },
        { groupId: ids[2], mark: 'seen', upTo: 13, seq: 13 },
        { groupId: ids[3], mark: 'deleted', upTo: 14, seq: 14 },
      ]
      await store.raise(changes.map((change) => ({ user, change })))
      const { all, groups } = await store.above(user, 10)
      const [model] = modelOf(changes)
      assert.deepEqual(all, model.get(null))
      for (const id of [ids[1], ids[2], ids[3]]) assert.deepEqual(groups.get(id), model.get(id))
      assert(!groups.has(ids[0]) && !groups.has(ids[5]))
    },

    'A purge takes the marks of groups, or everything of a user.': async (t) => {
      const store = await t.open()
      const [user, other] = [t.user(), t.user()]
      const ids = [sampleGroupId('g', 1), sampleGroupId('g', 2)] as const
      const changes: MarkChange[] = [null, ...ids].map((groupId) => ({ groupId, mark: 'read', upTo: 5, seq: 5 }))
      await store.raise([user, other].flatMap((each) => changes.map((change) => ({ user: each, change }))))
      await store.purge(user, [ids[0]])
      const rest = await store.get(user, ids)
      assert.deepEqual([...rest.groups.keys()], [ids[1]])
      assert.equal(rest.all.read.upTo, 5)
      await store.purge(user, null)
      assert.deepEqual(await (await t.reopen(store)).get(user, ids), { all: noMarks, groups: new Map() })
      assert.equal((await (await t.open()).get(other, ids)).groups.size, 2)
    },

    'A purge of a user up to a position leaves the marks of later ones.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const ids = [sampleGroupId('g', 1), sampleGroupId('g', 2)] as const
      await store.raise([
        { user, change: { groupId: null, mark: 'read', upTo: 5, seq: 6 } },
        { user, change: { groupId: ids[0], mark: 'deleted', upTo: 7, seq: 7 } },
        { user, change: { groupId: ids[1], mark: 'seen', upTo: 9, seq: 10 } },
      ])
      await store.purge(user, null, 8)
      const left = await store.get(user, ids)
      assert.deepEqual(left.all, noMarks)
      assert.deepEqual([...left.groups.keys()], [ids[1]])
      assert.deepEqual(left.groups.get(ids[1])?.seen, { upTo: 9, seq: 10 })
    },
  },

  model: async (t) => {
    let store = await t.open()
    const ids = [null, ...Array.from({ length: 4 }, (_, n) => sampleGroupId('g', n))]
    const change = fc
      .record({
        groupId: fc.constantFrom(...ids),
        mark: fc.constantFrom('read', 'seen', 'deleted'),
        upTo: fc.nat(20),
        seq: fc.nat(20),
      })
      .filter(({ groupId, mark }) => groupId !== null || mark !== 'deleted')
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ raise: fc.array(change, { maxLength: 4 }) }) },
      { weight: 4, arbitrary: fc.record({ after: fc.nat(20), limit: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ purge: fc.nat(4) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (steps) => {
        const user = t.user()
        const [model, raise] = modelOf([])
        // As in a log positions go on rising after a purge.
        let from = 0
        for (const step of steps) {
          if ('raise' in step) {
            const changes = step.raise.map(
              ({ upTo, seq, ...each }) => ({ ...each, upTo: from + upTo, seq: from + seq }) as MarkChange,
            )
            await store.raise(changes.map((change) => ({ user, change })))
            changes.forEach(raise)
          } else if ('purge' in step) {
            from += 25
            const groupId = ids[step.purge] ?? null
            await store.purge(user, groupId === null ? null : [groupId])
            if (groupId === null) model.clear()
            else model.delete(groupId)
          } else if ('reopen' in step) {
            store = await t.reopen(store)
          } else {
            await compare(store, user, model, from + step.after, step.limit)
          }
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

type Model = Map<GroupId | null, Marks>

function modelOf(changes: readonly MarkChange[]): [Model, (change: MarkChange) => void] {
  const model: Model = new Map()
  const raise = (change: MarkChange) =>
    void model.set(change.groupId, raiseMarks(model.get(change.groupId) ?? noMarks, marksOf(change)))
  changes.forEach(raise)
  return [model, raise]
}

async function compare(store: ReadMarks, user: UserId, model: Model, after: Seq, limit: number): Promise<void> {
  const own = [...model].filter((entry): entry is [GroupId, Marks] => entry[0] !== null)
  const all = model.get(null) ?? noMarks
  const got = await store.get(
    user,
    Array.from({ length: 4 }, (_, n) => sampleGroupId('g', n)),
  )
  assert.deepEqual({ all: got.all, groups: withoutNothing(got.groups) }, { all, groups: withoutNothing(new Map(own)) })
  const above = await store.above(user, after)
  assert.deepEqual(above.all, all)
  for (const [groupId, marks] of own) {
    const wanted = Math.max(marks.read.upTo, marks.seen.upTo, marks.deleted.upTo) > after
    if (wanted || above.groups.has(groupId)) assert.deepEqual(above.groups.get(groupId), marks)
  }
  const changes = [...model].map(([groupId, marks]) => ({ groupId, marks })).filter((entry) => seqOf(entry) > after)
  const answer = await store.changesSince(user, after, limit)
  if (changes.length > limit) return assert.deepEqual(answer, { gap: true })
  assert('marks' in answer)
  const seqs = answer.marks.map(seqOf)
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  assert.deepEqual(answer.marks.toSorted(byGroup), changes.sort(byGroup))
}

/** A raise to position 0 says nothing; whether it leaves an entry is the engine's affair. */
const withoutNothing = (groups: ReadonlyMap<GroupId, Marks>): Map<GroupId, Marks> =>
  new Map(
    [...groups].filter(([, { read, seen, deleted }]) => [read, seen, deleted].some((mark) => mark.upTo + mark.seq > 0)),
  )

const seqOf = ({ marks }: MarkEntry): Seq => Math.max(marks.read.seq, marks.seen.seq)
const byGroup = (a: MarkEntry, b: MarkEntry): number => byText(a.groupId ?? '', b.groupId ?? '')
const rotated = <Item>(list: readonly Item[], by: number): Item[] => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
]
