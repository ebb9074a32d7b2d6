import assert from 'node:assert/strict'
import type { EventType } from '@headwater/protocol'
import type { Seq, UserId } from '../model/ids.ts'
import { type MarkChange, noMarks } from '../model/marks.ts'
import type { UnreadRow } from '../ports/group-store.ts'
import type { UnreadContent, UnreadFlush, UnreadSets } from '../ports/unread-sets.ts'
import { defineSuite } from './frame.ts'
import { day, sampleGroupId, someTime } from './samples.ts'
import { countsOf, unreadSetsModel } from './unread-sets-model.ts'

export const unreadSetsSuite = defineSuite<UnreadSets>('unread-sets', {
  promises: {
    'Counts are exact for `upTo`, uncapped, and never negative.': async (t) => {
      const [sets, other] = [await t.open(), await t.open()]
      const user = t.user()
      const types: EventType[] = ['LIKE', 'COMMENT', 'FOLLOW']
      const rows = Array.from({ length: 1_500 }, (_, n) => rowOf(n, { eventType: types[n % 3] as EventType }))
      assert.equal(await sets.counts(user, 0), undefined, 'nobody has put a set yet')
      await sets.put(user, contentOf({ upTo: 2_000, rows }))
      const full = { upTo: 2_000, unread: 1_500, unseen: 1_500, unreadByType: { LIKE: 500, COMMENT: 500, FOLLOW: 500 } }
      assert.deepEqual(await other.counts(user, 0), full)
      assert.deepEqual(await other.mark(user, [seen(null, 2_000)], 0), { ...full, unseen: 0 })
      // Row n is unread since n + 1: the marks leave the last two, less one.
      const last = await sets.mark(user, [read(null, 1_498), read(groupId(1_499), 1_600)], 0)
      assert.deepEqual(last, {
        upTo: 2_000,
        unread: 1,
        unseen: 0,
        unreadByType: { [types[1_498 % 3] as EventType]: 1 },
      })
      assert.deepEqual(await sets.mark(user, [read(null, 9_999), read(null, 9_999)], 0), countsOf(2_000, []))
    },

    'A flush at or below `upTo` changes nothing; one that does not continue from `upTo` drops the set.': async (t) => {
      const sets = await t.open()
      const [user, gap, overlap, none] = [t.user(), t.user(), t.user(), t.user()]
      for (const each of [user, gap, overlap]) await sets.put(each, contentOf({ upTo: 10, rows: [rowOf(4)] }))
      const flush = (of: UserId, from: Seq, to: Seq): UnreadFlush =>
        flushOf(of, from, to, [rowOf(7, { unreadSeq: to })])
      const one = countsOf(10, [rowOf(4)])
      for (const [from, to] of [
        [5, 10],
        [10, 10],
        [3, 9],
        [0, 1],
      ] as const) {
        assert.deepEqual(await sets.apply([flush(user, from, to)], 0), [one], `a flush from ${from} to ${to}`)
      }
      const answers = await sets.apply(
        [flush(user, 10, 20), flush(gap, 15, 20), flush(overlap, 5, 20), flush(none, 0, 20)],
        0,
      )
      const two = countsOf(20, [rowOf(4), rowOf(7, { unreadSeq: 20 })])
      assert.deepEqual(answers, [two, undefined, undefined, undefined])
      assert.deepEqual(await sets.counts(user, 0), two)
      assert.equal(await sets.counts(gap, 0), undefined)
      assert.equal(await sets.counts(overlap, 0), undefined)
      assert.deepEqual(
        await sets.apply([flush(gap, 10, 20)], 0),
        [undefined],
        'what was dropped stays away until it is put',
      )
      await sets.put(gap, contentOf({ upTo: 20, rows: [] }))
      assert.deepEqual(await sets.counts(gap, 0), countsOf(20, []))
    },

    'A group whose `unreadSeq` its marks cover is not in the set, whatever comes first, flush or mark.': async (t) => {
      const sets = await t.open()
      const changes = [read(groupId(1), 15), read(groupId(2), 14), seen(groupId(3), 15), gone(groupId(4), 16)]
      const groups = [1, 2, 3, 4].map((n) => rowOf(n, { unreadSeq: 15 }))
      const expected = { upTo: 15, unread: 2, unseen: 1, unreadByType: { LIKE: 2 } }
      const start = contentOf({ upTo: 10 })
      const ways: ((user: UserId) => Promise<unknown>)[] = [
        async (user) => [await sets.apply([flushOf(user, 10, 15, groups)], 0), await sets.mark(user, changes, 0)],
        async (user) => [await sets.mark(user, changes, 0), await sets.apply([flushOf(user, 10, 15, groups)], 0)],
        async (user) => sets.apply([{ ...flushOf(user, 10, 15, groups), marks: changes }], 0),
        async (user) => {
          for (const change of changes.toReversed()) await sets.mark(user, [change, change], 0)
          await sets.mark(user, [read(null, 3), seen(null, 4)], 0)
          await sets.apply([flushOf(user, 10, 15, groups)], 0)
          await sets.apply([{ ...flushOf(user, 10, 15, groups), marks: changes }], 0)
          await sets.mark(user, [read(groupId(2), 3)], 0)
        },
      ]
      for (const way of ways) {
        const user = t.user()
        await sets.put(user, start)
        await way(user)
        assert.deepEqual(await sets.counts(user, 0), expected)
        // It changes later without a new actor: still covered.
        await sets.apply([flushOf(user, 15, 18, [rowOf(1, { unreadSeq: 15 }), rowOf(4, { unreadSeq: 15 })])], 0)
        assert.deepEqual(await sets.counts(user, 0), { ...expected, upTo: 18 })
        // And with one: unread again, save for what was deleted.
        await sets.apply([flushOf(user, 18, 20, [rowOf(1, { unreadSeq: 20 }), rowOf(4, { unreadSeq: 20 })])], 0)
        assert.deepEqual(await sets.counts(user, 0), { upTo: 20, unread: 3, unseen: 2, unreadByType: { LIKE: 3 } })
      }
      const [user, marked] = [t.user(), noMarks]
      const all = { ...marked, read: { upTo: 5, seq: 9 }, seen: { upTo: 7, seq: 9 } }
      const own = new Map([[groupId(6), { ...noMarks, read: { upTo: 6, seq: 9 }, seen: { upTo: 6, seq: 9 } }]])
      await sets.put(user, { upTo: 9, rows: [4, 5, 6, 7, 8].map((n) => rowOf(n, { unreadSeq: n })), all, marks: own })
      assert.deepEqual(
        await sets.counts(user, 0),
        { upTo: 9, unread: 2, unseen: 1, unreadByType: { LIKE: 2 } },
        'nor when it is put',
      )
    },

    'Groups created before `createdFrom` do not count, whatever it was before.': async (t) => {
      const sets = await t.open()
      const user = t.user()
      const rows = Array.from({ length: 20 }, (_, n) => rowOf(n, { createdAt: someTime + n * day }))
      await sets.put(user, contentOf({ upTo: 30, rows }))
      const expected = (createdFrom: number, all = rows) =>
        countsOf(
          30,
          all.filter((row) => row.createdAt >= createdFrom),
        )
      for (const days of [0, 1, 1.5, 7]) {
        assert.deepEqual(await sets.counts(user, someTime + days * day), expected(someTime + days * day))
      }
      const now = someTime + 9 * day + 1
      assert.deepEqual(await sets.mark(user, [], now), expected(now))
      const late = rowOf(50, { createdAt: now - 1, unreadSeq: 40 })
      const [answer] = await sets.apply([flushOf(user, 30, 40, [late])], now)
      assert.deepEqual(answer, { ...expected(now), upTo: 40 })
      const back = await sets.counts(user, someTime)
      assert(
        back === undefined || back.unread === rows.length + 1,
        'a clock that went back finds all of them or no set',
      )
      await sets.put(user, contentOf({ upTo: 40, rows }))
      assert.deepEqual(await sets.counts(user, someTime + 100 * day), countsOf(40, []))
    },

    'Every change of one set is atomic.': async (t) => {
      const [sets, reader] = [await t.open(), await t.open()]
      const user = t.user()
      await sets.put(user, contentOf({ upTo: 0 }))
      let writing = true
      // Flush n brings ten groups and takes away the ten before.
      const writes = (async () => {
        for (let n = 1; n <= 30; n++) {
          const groups = Array.from({ length: 20 }, (_, i) => {
            const id = (n - 1) * 10 + i
            return { ...rowOf(id, { unreadSeq: n * 10 }), visible: i >= 10 }
          })
          await sets.apply([{ user, from: (n - 1) * 10, to: n * 10, groups, marks: [] }], 0)
        }
      })().finally(() => {
        writing = false
      })
      while (writing) {
        const counts = await reader.counts(user, 0)
        assert.deepEqual([counts?.unread, counts?.unseen], counts?.upTo ? [10, 10] : [0, 0])
        await t.pass(0)
      }
      await writes
      const marks = Array.from({ length: 40 }, (_, n) =>
        (n % 2 ? sets : reader).mark(user, [read(groupId(300 + (n % 10)), 300)], 0),
      )
      for (const counts of await Promise.all(marks)) assert.equal(counts?.unread, counts?.unseen)
      assert.deepEqual(await reader.counts(user, 0), countsOf(300, []))
    },
  },

  also: {
    'What is dropped is gone, and of that user alone.': async (t) => {
      const [sets, other] = [await t.open(), await t.open()]
      const [gone, stays] = [t.user(), t.user()]
      for (const user of [gone, stays]) await sets.put(user, contentOf({ upTo: 5, rows: [rowOf(1)] }))
      await other.drop([gone, t.user()])
      assert.equal(await sets.counts(gone, 0), undefined)
      assert.equal(await sets.mark(gone, [read(null, 5)], 0), undefined)
      assert.deepEqual(await sets.counts(stays, 0), countsOf(5, [rowOf(1)]))
      assert.deepEqual(await sets.apply([], 0), [])
    },

    'A group that vanishes leaves the set, and one that comes back is counted once.': async (t) => {
      const sets = await t.open()
      const user = t.user()
      await sets.put(user, contentOf({ upTo: 1 }))
      const visible = (seq: number, is: boolean) =>
        [{ ...rowOf(1, { unreadSeq: 2 }), visible: is }].map((row) => ({ ...row, seq }))
      for (const [to, is] of [
        [2, true],
        [3, true],
        [4, false],
        [5, false],
        [6, true],
      ] as const) {
        const [counts] = await sets.apply([{ user, from: to - 1, to, groups: visible(to, is), marks: [] }], 0)
        assert.equal(counts?.unread, is ? 1 : 0)
      }
    },
  },

  model: unreadSetsModel,
})

const groupId = (n: number) => sampleGroupId('badge', n)

const rowOf = (n: number, over: Partial<UnreadRow> = {}): UnreadRow => ({
  groupId: groupId(n),
  eventType: 'LIKE',
  createdAt: someTime + n,
  unreadSeq: n + 1,
  ...over,
})

const contentOf = (over: Partial<UnreadContent>): UnreadContent => ({
  upTo: 0,
  rows: [],
  all: noMarks,
  marks: new Map(),
  ...over,
})

const flushOf = (user: UserId, from: Seq, to: Seq, rows: readonly UnreadRow[]): UnreadFlush => ({
  user,
  from,
  to,
  groups: rows.map((row) => ({ ...row, visible: true })),
  marks: [],
})

const read = (id: string | null, upTo: Seq): MarkChange => ({ groupId: id, mark: 'read', upTo, seq: upTo })
const seen = (id: string | null, upTo: Seq): MarkChange => ({ groupId: id, mark: 'seen', upTo, seq: upTo })
const gone = (id: string, upTo: Seq): MarkChange => ({ groupId: id, mark: 'deleted', upTo, seq: upTo })
