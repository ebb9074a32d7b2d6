import assert from 'node:assert/strict'
import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import { type GroupRow, monthOf } from '../model/activity-group.ts'
import type { GroupId } from '../model/ids.ts'
import type { GroupStore } from '../ports/group-store.ts'
import { defineSuite } from './frame.ts'
import { groupStoreModel } from './group-store-model.ts'
import { reading } from './group-store-reading.ts'
import { batchesOf, day, deleted, grown, hidden, sampleRow, someTime } from './samples.ts'

export const groupStoreSuite = defineSuite<GroupStore>('group-store', {
  promises: {
    'A write that returned is still there after close and reopen.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const rows = [
        sampleRow(user, 1),
        hidden(sampleRow(user, 2, { eventType: 'CUSTOM', verb: 'pinned', objectId: 'ü/大学 👍' }), 9),
        deleted(sampleRow(user, 3, { createdAt: someTime - 70 * day }), 10),
        sampleRow(user, 4, {
          actorCountIsEstimate: true,
          hyperLogLog: 'AAEC',
          rules: { closeAfterMs: 1, reopenReadGroups: false },
        }),
      ]
      await store.putGroups(batchesOf(rows))
      await store.putHeads([{ user, head: 10 }])
      const second = await t.open()
      assert.deepEqual(await get(second, rows), rows)
      const again = await t.reopen(store)
      assert.deepEqual(await get(again, rows), rows)
      assert.deepEqual(await again.heads([t.user(), user]), [0, 10])
    },

    'A row never replaces one whose `applied` is the same or newer; that is told as `ahead` and counts as written.':
      async (t) => {
        const store = await t.open()
        const other = await t.open()
        const user = t.user()
        const row = sampleRow(user, 5)
        const newer = grown(row, 8)
        const ahead = aheadIn(store)
        assert.deepEqual(await put(store, [row]), ['written'])
        assert.deepEqual(await put(other, [store.blind ? row : { ...row, eventCount: 99 }]), [ahead])
        assert.deepEqual(await put(other, [newer]), ['written'])
        assert.deepEqual(await put(store, [grown(row, 7)]), [ahead])
        assert.deepEqual(await get(store, [row]), [newer])

        const [fresh, invisible] = [sampleRow(user, 6), grown(newer, 9, { seq: newer.seq })]
        const mixed = await store.putGroups([{ user, month: monthOf(someTime), rows: [row, fresh] }])
        assert.deepEqual(mixed, [[ahead, 'written']], 'a row that is ahead does not hold up the others of its batch')
        assert.deepEqual(await put(store, [invisible]), ['written'], '`applied` decides, not `seq`')
        assert.deepEqual(await get(other, [row, fresh]), [invisible, fresh])
        const users = Array.from({ length: 20 }, t.user)
        const many = users.map((each, i) => sampleRow(each, i + 1))
        const outcomes = await store.putGroups(batchesOf([...many, newer]))
        assert.deepEqual(
          outcomes.flat(),
          [...many.map(() => 'written'), ahead],
          'outcomes come in the order of the batches',
        )
      },

    'The rows of one batch (one user, one month) are written together or not at all.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const user = t.user()
      let rows = Array.from({ length: 12 }, (_, i) => sampleRow(user, i + 1))
      let writing = true
      const writes = (async () => {
        for (let round = 1; round <= 15; round++) {
          await store.putGroups(batchesOf(rows))
          rows = rows.map((row) => grown(row, 100 * round))
        }
      })().finally(() => {
        writing = false
      })
      while (writing) {
        const page = await other.list(user, { after: null, createdFrom: 0, types: null, limit: 100 })
        assert(page.length === 0 || page.length === rows.length, `a batch of ${rows.length} was seen as ${page.length}`)
        assert.equal(
          new Set(page.map((row) => row.eventCount)).size,
          page.length && 1,
          'rows of different batches at once',
        )
        await t.pass(0)
      }
      await writes

      const next = rows.map((row) => grown(row, 9_000))
      const interrupted = store.putGroups(batchesOf(next)).catch(expectedFailure)
      await store[Symbol.asyncDispose]()
      await interrupted
      const found = await get(await t.open(), rows)
      const states = new Set(found.map((row) => row?.applied === 9_000))
      assert.equal(states.size, 1, 'a batch that closing interrupted is there or not, never in part')
    },

    'A write whose outcome is unknown (`UnknownOutcome`) may be stored now or later; the same write again is safe.':
      async (t) => {
        const [store, other] = [await t.open(), await t.open()]
        const user = t.user()
        const row = sampleRow(user, 5)
        const batches = batchesOf([row, sampleRow(user, 6, { createdAt: someTime - 40 * day })])
        const outcomes = await Promise.all([
          store.putGroups(batches),
          other.putGroups(batches),
          store.putGroups(batches),
        ])
        for (const i of [0, 1]) {
          const each = outcomes.map((answer) => answer.flat()[i])
          assert.deepEqual(each.toSorted(), [aheadIn(store), aheadIn(store), 'written'])
        }
        const newer = grown(row, 8)
        await Promise.all([put(store, [newer]), put(other, [row]), put(other, [newer])])
        assert.deepEqual(await get(store, [row]), [newer])
        const last = grown(row, 12)
        const interrupted = other.putGroups(batchesOf([last])).catch(expectedFailure)
        await other[Symbol.asyncDispose]()
        await interrupted
        await put(store, [last])
        assert.deepEqual(await get(store, [row]), [last])
      },

    'A head never goes back.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const [a, b, unknown] = [t.user(), t.user(), t.user()]
      await store.putHeads([
        { user: a, head: 7 },
        { user: b, head: 2 ** 40 + 3 },
      ])
      await other.putHeads([
        { user: a, head: 5 },
        { user: b, head: 9 },
      ])
      assert.deepEqual(await store.heads([b, unknown, a]), [2 ** 40 + 3, 0, 7])
      await Promise.all([9, 12, 10].map((head, i) => (i % 2 ? store : other).putHeads([{ user: a, head }])))
      assert.deepEqual(await store.heads([a, a]), [12, 12])
      const again = await t.reopen(store)
      await again.putHeads([{ user: a, head: 11 }])
      assert.deepEqual(await again.heads([a]), [12])
    },

    ...reading.promises,
  },

  also: {
    ...reading.also,

    'A purge of a user leaves nothing of the user and all of the others.': async (t) => {
      const store = await t.open()
      const [gone, stays] = [t.user(), t.user()]
      const rows = [sampleRow(gone, 1), sampleRow(gone, 2, { createdAt: someTime - 50 * day }), sampleRow(stays, 3)]
      await store.putGroups(batchesOf(rows))
      await store.putHeads([
        { user: gone, head: 2 },
        { user: stays, head: 3 },
      ])
      await store.purge({ user: gone })
      assert.deepEqual(await get(store, rows), [undefined, undefined, rows[2]])
      assert.deepEqual(await store.heads([gone, stays]), [0, 3])
      assert.deepEqual(await store.list(gone, { after: null, createdFrom: 0, types: null, limit: 9 }), [])
      assert.deepEqual(await store.changesSince(gone, 0, 9), { rows: [] })
      assert.deepEqual(await put(store, [rows[0] as GroupRow]), ['written'])
    },

    'A purge of a user up to a position leaves what is of later ones.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const rows = [sampleRow(user, 1), sampleRow(user, 12)]
      await store.putGroups(batchesOf(rows))
      await store.putHeads([{ user, head: 12 }])
      assert.equal(await store.purge({ user, upTo: 11 }), 1)
      assert.deepEqual(await get(store, rows), [undefined, rows[1]])
      assert.deepEqual(await store.heads([user]), [12])
      const listed = await store.list(user, { after: null, createdFrom: 0, types: null, limit: 9 })
      assert.deepEqual(
        listed.map(({ groupId }) => groupId),
        [rows[1]?.groupId],
      )
      assert.deepEqual(await store.ofKeys([askOf(rows[1] as GroupRow)]), [[rows[1]]])
      assert.equal(await store.purge({ user, upTo: 12 }), 1)
      assert.deepEqual(await store.heads([user]), [0])
    },

    'A purge of a user up to a position leaves the groups of a key that stay where others of it go.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const stays = sampleRow(user, 90)
      const young = Array.from({ length: 12 }, (_, i) =>
        sampleRow(user, i + 1, { createdAt: someTime + (i + 1) * day }),
      )
      await store.putGroups(batchesOf([stays, ...young]))
      assert.equal(await store.purge({ user, upTo: 50 }), young.length)
      assert.deepEqual(await store.ofKeys([askOf(stays)]), [[stays]])
    },

    'A purge by time removes rows created before it, at most as many as it was told.': async (t) => {
      const store = await t.open()
      const rows = Array.from({ length: 10 }, (_, i) => sampleRow(t.user(), i + 1, { createdAt: someTime + i * day }))
      await store.putGroups(batchesOf(rows))
      const createdBefore = someTime + 6 * day
      assert.equal(await store.purge({ createdBefore, limit: 4 }), 4)
      assert.equal((await get(store, rows)).filter(Boolean).length, 6)
      assert.equal(await store.purge({ createdBefore, limit: 100 }), 2)
      assert.equal(await store.purge({ createdBefore, limit: 100 }), 0)
      assert.deepEqual(await get(store, rows), [...Array(6).fill(undefined), ...rows.slice(6)])
    },

    'Nothing asked for is nothing given.': async (t) => {
      const store = await t.open()
      assert.deepEqual(await store.putGroups([]), [])
      await store.putHeads([])
      assert.deepEqual(await store.heads([]), [])
      assert.deepEqual(await store.get([]), [])
      assert.deepEqual(await store.ofKeys([]), [])
      const row = sampleRow(t.user(), 1)
      const other = sampleRow(t.user(), 2)
      await put(store, [row])
      assert.deepEqual(
        await store.get([{ user: other.user, groupId: row.groupId }]),
        [undefined],
        'ids are the user’s own',
      )
    },
  },

  model: groupStoreModel,
})

const put = async (store: GroupStore, rows: readonly GroupRow[]) => (await store.putGroups(batchesOf(rows))).flat()

const get = (store: GroupStore, rows: readonly { user: string; groupId: GroupId }[]) => store.get(rows)

const askOf = (row: GroupRow) => ({ user: row.user, key: row, newest: 8, times: [], spanMs: 0 })

/** What is answered for a row that is ahead. */
const aheadIn = (store: GroupStore) => (store.blind ? 'written' : 'ahead')

/** What a write may answer that closing overtook: known not to be stored, or unknown. */
function expectedFailure(error: unknown): void {
  if (!UnknownOutcome.is(error) && !HeadwaterError.is(error)) throw error
}
