import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Seq, UserId } from '../model/ids.ts'
import type { OfflineQueue, QueuedChange, QueuedChanges } from '../ports/offline-queue.ts'
import { defineSuite } from './frame.ts'
import { sampleGroupId } from './samples.ts'

const max = 500

export const offlineQueueSuite = defineSuite<OfflineQueue>('offline-queue', {
  promises: {
    'An answer is complete from the position asked for, or there is none.': async (t) => {
      const [queue, other] = [await t.open(), await t.open()]
      const [user, absent] = [t.user(), t.user()]
      await queue.push([pushOf(user, 10, 14, [11, 14])], max)
      await other.push([pushOf(user, 14, 20, [15, 15, 20])], max)
      const changes = [11, 14, 15, 15, 20].map(changeOf)
      assert.deepEqual(await other.read(user, 10), changes)
      assert.deepEqual(await queue.read(user, 14), changes.slice(2))
      assert.deepEqual(await queue.read(user, 12), changes.slice(1), 'a position between two changes will do')
      assert.deepEqual(await queue.read(user, 20), [])
      assert.equal(await queue.read(user, 9), undefined)
      assert.equal(await queue.read(user, 0), undefined)
      assert.equal(await queue.read(absent, 0), undefined)
      assert.deepEqual(await queue.read(user, 10), changes, 'reading takes nothing away')

      // What was pushed before comes again, from a worker that starts over or one that was slow.
      for (const repeated of [
        pushOf(user, 14, 20, [15, 15, 20]),
        pushOf(user, 10, 14, [11, 14]),
        pushOf(user, 3, 8, [8]),
      ]) {
        await queue.push([repeated], max)
        for (const after of [3, 10, 12, 14, 17]) {
          const answer = await other.read(user, after)
          const above = changes.filter(({ seq }) => seq > after)
          if (answer) assert.deepEqual(after < 8 ? [] : answer, above, `after ${after}`)
        }
      }
    },

    'A push that does not continue where the queue ends starts the queue anew.': async (t) => {
      const queue = await t.open()
      const user = t.user()
      await queue.push([pushOf(user, 0, 5, [3, 5])], max)
      await queue.push([pushOf(user, 8, 9, [9])], max)
      assert.equal(await queue.read(user, 0), undefined)
      assert.equal(await queue.read(user, 5), undefined, 'what lay between 5 and 8 is not known')
      assert.deepEqual(await queue.read(user, 8), [changeOf(9)])
      await queue.push([pushOf(user, 9, 12, [12])], max)
      assert.deepEqual(await queue.read(user, 8), [9, 12].map(changeOf))
      await queue.drop([user, t.user()])
      assert.equal(await queue.read(user, 9), undefined)
      await queue.push([pushOf(user, 12, 13, [13])], max)
      assert.deepEqual(await queue.read(user, 12), [changeOf(13)])
      assert.equal(await queue.read(user, 11), undefined)
    },

    'At most `max` changes are kept a user, the newest.': async (t) => {
      const queue = await t.open()
      const [user, other, burst] = [t.user(), t.user(), t.user()]
      await queue.push([pushOf(other, 0, 1, [1])], 3)
      for (let seq = 1; seq <= 10; seq++) await queue.push([pushOf(user, seq - 1, seq, [seq])], 3)
      assert.equal(await queue.entries(), 4)
      assert.equal(await queue.read(user, 6), undefined)
      assert.deepEqual(await queue.read(user, 7), [8, 9, 10].map(changeOf))
      assert.deepEqual(await queue.read(other, 0), [changeOf(1)])
      await queue.push([pushOf(burst, 0, 20, [2, 4, 6, 8, 10, 10])], 3)
      assert.equal(await queue.read(burst, 5), undefined)
      assert.deepEqual(await queue.read(burst, 6), [8, 10, 10].map(changeOf))
      await queue.push([pushOf(burst, 20, 23, [21, 22, 22, 22, 23])], 3)
      assert.equal(await queue.read(burst, 21), undefined, 'changes of one position are known all or not at all')
      assert.deepEqual(await queue.read(burst, 22), [changeOf(23)])
      await queue.drop([user])
      assert.equal(await queue.entries(), 4)
    },
  },

  model: async (t) => {
    const queue = await t.open()
    const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 })
    const operation = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          gaps,
          arrives: fc.constantFrom('now', 'now', 'now', 'never', 'twice'),
          max: fc.constantFrom(4, 4, 6),
        }),
      },
      { weight: 4, arbitrary: fc.record({ back: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ drop: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (steps) => {
        const user = t.user()
        const all: QueuedChange[] = []
        let head = 5
        // Where the queue must reach back to at least, and up to where; `undefined`: there need not be one.
        let known: { from: Seq; to: Seq } | undefined
        for (const step of steps) {
          if ('gaps' in step) {
            const from = head
            const changes = step.gaps.map((gap) => {
              head += gap
              return changeOf(head)
            })
            all.push(...changes)
            if (step.arrives === 'never') continue
            for (const _ of step.arrives === 'twice' ? [1, 2] : [1])
              await queue.push([{ user, from, to: head, changes }], step.max)
            const start = step.arrives === 'now' && known?.to === from ? known.from : from
            const tooMany = all.filter(({ seq }) => seq > start).at(-1 - step.max)?.seq
            known = { from: Math.max(start, tooMany ?? start), to: head }
          } else if ('back' in step) {
            const after = Math.max(0, head - step.back)
            const answer = await queue.read(user, after)
            const expected = all.filter(({ seq }) => seq > after && seq <= (known?.to ?? 0))
            if (answer) assert.deepEqual(answer, expected)
            else
              assert(
                !known || after < known.from || after > known.to,
                `the queue reaches from ${known?.from} to ${known?.to}`,
              )
          } else {
            await queue.drop([user])
            known = undefined
            assert.equal(await queue.read(user, head), undefined)
          }
        }
        await queue.drop([user])
      }),
      { numRuns: t.modelRuns },
    )
  },
})

/** Every third change is a mark. */
const changeOf = (seq: Seq): QueuedChange => ({ seq, groupId: seq % 3 ? sampleGroupId('queue', seq) : null })

const pushOf = (user: UserId, from: Seq, to: Seq, seqs: readonly Seq[]): QueuedChanges => ({
  user,
  from,
  to,
  changes: seqs.map(changeOf),
})
