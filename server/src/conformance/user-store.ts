import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { UserId } from '../model/ids.ts'
import type { UserRecord, UserStore } from '../ports/user-store.ts'
import { defineSuite } from './frame.ts'
import { byText } from './samples.ts'

export const userStoreSuite = defineSuite<UserStore>('user-store', {
  promises: {
    'A write that returned is still there after close and reopen, and seen by every read that starts later.': async (
      t,
    ) => {
      const [store, other] = [await t.open(), await t.open()]
      const [ann, bob] = [profile(t.user()), { ...profile(t.user()), avatarUrl: null, locale: null, properties: {} }]
      assert.deepEqual(await store.put(ann, 10), { ...ann, createdAt: 10, updatedAt: 10 })
      assert.deepEqual(await other.get([ann.id, bob.id]), [{ ...ann, createdAt: 10, updatedAt: 10 }, undefined])
      for (let n = 0; n < 10; n++) {
        await (n % 2 ? store : other).put({ ...bob, name: `Bob ${n}` }, n)
        assert.equal((await (n % 2 ? other : store).get([bob.id]))[0]?.name, `Bob ${n}`)
      }
      const again = await t.reopen(store)
      assert.deepEqual(await again.get([bob.id, ann.id, bob.id]), [
        { ...bob, name: 'Bob 9', createdAt: 0, updatedAt: 9 },
        { ...ann, createdAt: 10, updatedAt: 10 },
        { ...bob, name: 'Bob 9', createdAt: 0, updatedAt: 9 },
      ])
      assert.deepEqual(await again.get([]), [])
    },

    'A put keeps `createdAt` of the record that was there.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const ann = profile(t.user())
      await store.put(ann, 100)
      const expected = { ...ann, name: 'Änn', locale: 'de', properties: { plan: 'b' }, createdAt: 100, updatedAt: 300 }
      assert.deepEqual(await other.put({ ...ann, name: 'Änn', locale: 'de', properties: { plan: 'b' } }, 300), expected)
      assert.deepEqual(await store.get([ann.id]), [expected])
    },

    'An erased user is gone from `get` at once and listed by `erasures` until its sweep is done.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const [ann, bob, cat] = [profile(t.user()), profile(t.user()), profile(t.user())]
      for (const user of [ann, bob, cat]) await store.put(user, 1)
      assert.equal(await store.erase(ann.id, 50, [7, 8]), true)
      assert.deepEqual(await other.get([ann.id]), [undefined])
      assert.equal(await other.erase(bob.id, 60, [2 ** 52 + 1, 1]), true)
      assert.equal(await store.erase(ann.id, 70, [9]), false, 'there is nothing left to remove')
      assert.deepEqual((await other.erasures(1)).length, 1)
      const again = await t.reopen(store)
      const erasures = await again.erasures(100)
      assert.deepEqual(erasures, [
        { id: bob.id, erasedAt: 60, before: [2 ** 52 + 1, 1] },
        { id: ann.id, erasedAt: 70, before: [9] },
      ])

      assert.equal((await again.put(ann, 80)).createdAt, 80, 'who comes back is somebody new')
      assert(
        (await again.erasures(100)).some(({ id }) => id === ann.id),
        'and the sweep of before is still due',
      )
      await again.sweepDone(ann.id, 70)
      assert.deepEqual(await other.erasures(100), [{ id: bob.id, erasedAt: 60, before: [2 ** 52 + 1, 1] }])
      await again.put(bob, 90)
      await again.erase(bob.id, 91, [])
      await other.sweepDone(bob.id, 60)
      assert.deepEqual(
        await again.erasures(100),
        [{ id: bob.id, erasedAt: 91, before: [] }],
        'one of later is still due',
      )
      await other.erase(bob.id, 80, [12])
      await again.sweepDone(bob.id, 91)
      assert.deepEqual(
        await other.erasures(100),
        [{ id: bob.id, erasedAt: 92, before: [12] }],
        'nor does a clock that is behind make it the one of before',
      )
      await other.sweepDone(bob.id, 92)
      assert.deepEqual(await again.erasures(100), [])
      assert.deepEqual(
        (await again.get([ann.id, bob.id, cat.id])).map((user) => user?.id),
        [ann.id, undefined, cat.id],
      )
    },
  },

  model: async (t) => {
    let store = await t.open()
    const operation = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ put: fc.nat(2), name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }) }),
      },
      { weight: 2, arbitrary: fc.record({ erase: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ sweep: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (steps) => {
        const users = [0, 1, 2].map(() => profile(t.user()))
        const model = new Map<UserId, UserRecord>()
        const due = new Set<UserId>()
        for (const [now, step] of steps.entries()) {
          if ('put' in step) {
            const user = { ...(users[step.put] as (typeof users)[number]), name: step.name }
            const record = { ...user, createdAt: model.get(user.id)?.createdAt ?? now, updatedAt: now }
            assert.deepEqual(await store.put(user, now), record)
            model.set(user.id, record)
          } else if ('erase' in step) {
            const { id } = users[step.erase] as { id: UserId }
            if (!model.has(id)) continue
            assert.equal(await store.erase(id, now, [now]), model.delete(id))
            due.add(id)
          } else if ('sweep' in step) {
            const { id } = users[step.sweep] as { id: UserId }
            await store.sweepDone(id, now)
            due.delete(id)
          } else store = await t.reopen(store)
          const ids = users.map(({ id }) => id)
          assert.deepEqual(
            await store.get(ids),
            ids.map((id) => model.get(id)),
          )
          const erasures = (await store.erasures(1_000)).map(({ id }) => id).filter((id) => ids.includes(id))
          assert.deepEqual(erasures.sort(byText), [...due].sort(byText))
        }
        for (const id of due) await store.sweepDone(id, steps.length)
      }),
      { numRuns: t.modelRuns },
    )
  },
})

const profile = (id: UserId) => ({
  id,
  name: 'Ann "大学" 👩‍👩‍👧',
  avatarUrl: 'https://example.org/a.png?x=1&y=ü',
  locale: 'pt-BR',
  properties: { plan: 'a', nested: { list: [1, null, 'x'] } },
})
