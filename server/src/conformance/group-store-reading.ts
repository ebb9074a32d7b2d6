import assert from 'node:assert/strict'
import type { EventType } from '@headwater/protocol'
import type { GroupRow } from '../model/activity-group.ts'
import type { GroupId, UserId } from '../model/ids.ts'
import type { GroupQuery, GroupStore } from '../ports/group-store.ts'
import type { Case } from './frame.ts'
import { batchesOf, byText, day, deleted, grown, hidden, sampleRow, someTime, withoutPending } from './samples.ts'

/** The part of the group store's suite that reads: lists, changes, keys, badges. */
export const reading = {
  promises: {
    'A list is newest first by `groupId`, holds only visible rows, and a walk by `after` meets each row once that was there throughout, whatever is written meanwhile.':
      async (t) => {
        const [store, writer] = [await t.open(), await t.open()]
        const user = t.user()
        const rows = Array.from({ length: 60 }, (_, i) =>
          sampleRow(user, i + 1, {
            createdAt: someTime - Math.floor(i / 2) * 4 * day,
            eventType: i % 3 ? 'LIKE' : 'FOLLOW',
          }),
        )
        const unseen = [
          hidden(sampleRow(user, 70), 80),
          deleted(sampleRow(user, 71, { createdAt: someTime - 9 * day }), 81),
        ]
        await store.putGroups(batchesOf([...rows, ...unseen, sampleRow(t.user(), 1)]))
        const sorted = rows.toSorted((a, b) => byText(a.groupId, b.groupId))
        assert.deepEqual(await walk(store, user, { limit: 100 }), sorted.map(withoutPending))

        let seq = 100
        let page = 0
        const vanished = new Set<GroupId>()
        const met = await walk(store, user, { limit: 7 }, async () => {
          const [behind, ahead] = [sorted[page * 7], sorted[sorted.length - 1 - page]] as [GroupRow, GroupRow]
          vanished.add(ahead.groupId)
          const young = sampleRow(user, ++seq, { createdAt: someTime + day })
          const late = sampleRow(user, ++seq, { createdAt: someTime - 200 * day })
          await writer.putGroups(batchesOf([grown(behind, ++seq), hidden(ahead, ++seq), young, late]))
          page++
        })
        const ids = met.map((row) => row.groupId)
        assert.equal(new Set(ids).size, ids.length, 'no row twice')
        assert.deepEqual(ids, ids.toSorted(byText))
        const throughout = sorted.map((row) => row.groupId).filter((id) => !vanished.has(id))
        assert.deepEqual(
          throughout.filter((id) => !ids.includes(id)),
          [],
          'no row left out',
        )

        const likes = await walk(store, user, { limit: 4, types: ['LIKE'], createdFrom: someTime - 80 * day })
        assert(likes.length > 10)
        const all = await walk(store, user, { limit: 100 })
        assert.deepEqual(
          likes,
          all.filter((row) => row.eventType === 'LIKE' && row.createdAt >= someTime - 80 * day),
        )
      },

    'Changes come in the order of `seq`, complete up to the limit, or as a gap; deleted and hidden rows are among them.':
      async (t) => {
        const [store, reader] = [await t.open(), await t.open()]
        const user = t.user()
        const rows = Array.from({ length: 12 }, (_, i) =>
          sampleRow(user, i + 1, { createdAt: someTime - i * 20 * day }),
        )
        await store.putGroups(batchesOf(rows))
        const at = (i: number): GroupRow => rows[i] as GroupRow
        const later = [hidden(at(11), 20), deleted(at(0), 21), grown(at(5), 22), grown(at(3), 23, { seq: at(3).seq })]
        await store.putGroups(batchesOf(later))
        const unchanged = rows.filter((_, i) => ![11, 0, 5, 3].includes(i))
        const expected = [...unchanged, later[3] as GroupRow, ...later.slice(0, 3)]
          .toSorted((a, b) => a.seq - b.seq)
          .map(withoutPending)
        assert.deepEqual(await reader.changesSince(user, 0, 12), { rows: expected })
        assert.deepEqual(await reader.changesSince(user, -1, 1_000_000_000), { rows: expected }, 'all there are')
        assert.deepEqual(await reader.changesSince(user, 0, 11), { gap: true })
        assert.deepEqual(await reader.changesSince(user, 19, 3), { rows: expected.slice(-3) })
        assert.deepEqual(await reader.changesSince(user, 21, 1), { rows: expected.slice(-1) })
        assert.deepEqual(await reader.changesSince(user, 22, 5), { rows: [] })
        assert.deepEqual(await reader.changesSince(t.user(), 0, 5), { rows: [] })
      },

    'Rows of a key come newest first: the newest ones, and those near the times that were asked for.': async (t) => {
      const store = await t.open()
      const [user, other] = [t.user(), t.user()]
      const key = { eventType: 'CUSTOM', verb: 'pinned', objectType: 'STORY', objectId: 'ü 大学' } as const
      const ofDay = (n: number): GroupRow => sampleRow(user, 100 - n, { ...key, createdAt: someTime - n * day })
      const rows = Array.from({ length: 50 }, (_, n) => {
        const row = ofDay(n)
        return n === 1 ? hidden(row, 200) : n === 20 ? deleted(row, 201) : row
      })
      const strangers = [
        sampleRow(user, 300, { ...key, verb: 'pin' }),
        sampleRow(user, 301, { ...key, objectType: 'POST' }),
        sampleRow(user, 302, { ...key, objectId: 'ü' }),
        sampleRow(other, 303, key),
      ]
      await store.putGroups(batchesOf([...rows, ...strangers]))
      const answers = await store.ofKeys([
        { user, key, newest: 3, times: [], spanMs: 0 },
        { user, key, newest: 1, times: [someTime - 20 * day, someTime - 21 * day], spanMs: day + 1 },
        { user: other, key, newest: 8, times: [someTime], spanMs: day },
        { user, key: { ...key, objectId: 'none' }, newest: 8, times: [someTime], spanMs: day },
        { user, key, newest: 0, times: [someTime - 49 * day], spanMs: 60_000 },
        { user, key, newest: 0, times: [someTime - 30 * day], spanMs: day },
      ])
      const days = (...numbers: number[]) => numbers.map((n) => rows[n])
      assert.deepEqual(answers, [
        days(0, 1, 2),
        days(0, 19, 20, 21, 22),
        [strangers[3]],
        [],
        days(49),
        days(29, 30, 31),
      ])
    },
  },

  also: {
    'Unread are the visible rows above a position that are not past retention.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const [read, unread, old] = [
        sampleRow(user, 5),
        sampleRow(user, 6),
        sampleRow(user, 7, { createdAt: someTime - 90 * day }),
      ]
      const rows = [read, unread, old, hidden(sampleRow(user, 8), 20), deleted(sampleRow(user, 9), 21)]
      await store.putGroups(batchesOf([...rows, grown(sampleRow(user, 4), 30)]))
      const ids = async (after: number, createdFrom: number) =>
        (await store.unread(user, after, createdFrom)).map((row) => row.groupId).toSorted(byText)
      const sorted = (...expected: GroupRow[]) => expected.map((row) => row.groupId).toSorted(byText)
      assert.deepEqual(await ids(5, someTime), sorted(unread))
      assert.deepEqual(await ids(4, someTime - 90 * day), sorted(read, unread, old))
      const [row] = await store.unread(user, 5, someTime)
      const { groupId, eventType, createdAt, unreadSeq } = unread
      assert.deepEqual(row, { groupId, eventType, createdAt, unreadSeq })
    },

    'A list asked for types that nobody used, for more than there is, or behind the last row ends.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const row = sampleRow(user, 1)
      await store.putGroups(batchesOf([row]))
      const all: GroupQuery = { after: null, createdFrom: 0, types: null, limit: 100 }
      assert.deepEqual(await store.list(user, { ...all, types: ['MENTION'] }), [])
      assert.deepEqual(await store.list(user, { ...all, after: row.groupId }), [])
      assert.deepEqual(await store.list(user, { ...all, createdFrom: row.createdAt + 1 }), [])
      assert.deepEqual(await store.list(user, { ...all, createdFrom: row.createdAt }), [withoutPending(row)])
      assert.deepEqual(await store.list(t.user(), all), [])
    },
  },
} satisfies Record<'promises' | 'also', Record<string, Case<GroupStore>>>

interface Walk {
  readonly limit: number
  readonly types?: readonly EventType[]
  readonly createdFrom?: number
}

/** All pages of a list; `between` runs after each. */
async function walk(store: GroupStore, user: UserId, { limit, types, createdFrom }: Walk, between = async () => {}) {
  const rows: GroupRow[] = []
  for (let after: GroupId | null = null; ; ) {
    const page: readonly GroupRow[] = await store.list(user, {
      after,
      createdFrom: createdFrom ?? 0,
      types: types ?? null,
      limit,
    })
    assert(page.length <= limit)
    rows.push(...page)
    if (page.length < limit) return rows
    after = page.at(-1)?.groupId ?? null
    await between()
  }
}
