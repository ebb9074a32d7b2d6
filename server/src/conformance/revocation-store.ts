import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Revocation, RevocationStore } from '../ports/revocation-store.ts'
import { defineSuite } from './frame.ts'

export const revocationStoreSuite = defineSuite<RevocationStore>('revocation-store', {
  promises: {
    'A revocation that returned is still there after close and reopen.': async (t) => {
      const store = await t.open()
      const revocations = [of({ userId: t.user(), at: 5 }), of({ tokenId: 'tok-1', at: 6, expiresAt: 2 ** 42 })]
      const stored: Revocation[] = []
      for (const revocation of revocations) stored.push(await store.revoke(revocation))
      assert.deepEqual(
        stored.map(({ order: _, ...rest }) => rest),
        revocations,
      )
      assert.deepEqual(await (await t.open()).since(0), stored)
      const again = await t.reopen(store)
      assert.deepEqual(await again.since(0), stored)
      const later = await again.revoke(of({ userId: t.user() }))
      assert(later.order > (stored[1]?.order ?? Infinity), 'orders go on rising')
    },

    '`since` gives every revocation once whose `order` is above the one named, in order.': async (t) => {
      const [store, other, reader] = [await t.open(), await t.open(), await t.open()]
      const met: Revocation[] = []
      const follow = async () => met.push(...(await reader.since(met.at(-1)?.order ?? 0)))
      const revoking = Array.from({ length: 40 }, (_, n) =>
        (n % 2 ? store : other).revoke(of({ tokenId: `tok-${n}`, at: n })),
      )
      let running = true
      const all = Promise.all(revoking).finally(() => {
        running = false
      })
      while (running) {
        await follow()
        await t.pass(0)
      }
      const stored = (await all).toSorted((a, b) => a.order - b.order)
      await t.eventually('all revocations', async () => {
        await follow()
        return met.length >= stored.length
      })
      assert.deepEqual(met, stored)
      assert.equal(new Set(stored.map(({ order }) => order)).size, stored.length)
      assert.deepEqual(await reader.since(stored[30]?.order ?? 0), stored.slice(31))
      assert.deepEqual(await reader.since(stored[39]?.order ?? 0), [])
    },
  },

  also: {
    'A purge removes what has expired and nothing else.': async (t) => {
      const store = await t.open()
      const stored: Revocation[] = []
      for (const expiresAt of [10, 30, 20]) stored.push(await store.revoke(of({ userId: t.user(), expiresAt })))
      await store.purge(21)
      assert.deepEqual(await (await t.reopen(store)).since(0), [stored[1]])
    },

    'After a purge of all orders go on rising.': async (t) => {
      const store = await t.open()
      const first = await store.revoke(of({ tokenId: 'a', expiresAt: 10 }))
      await store.purge(100)
      const again = await t.reopen(store)
      assert.deepEqual(await again.since(0), [])
      const second = await again.revoke(of({ tokenId: 'b', expiresAt: 200 }))
      assert(second.order > first.order)
      assert.deepEqual(await again.since(first.order), [second])
    },
  },

  model: async (t) => {
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ expiresAt: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ purge: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.record({ back: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    let store = await t.open()
    let model = [...(await store.since(0))]
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (steps) => {
        for (const step of steps) {
          if ('expiresAt' in step) model.push(await store.revoke(of({ tokenId: t.user(), expiresAt: step.expiresAt })))
          else if ('purge' in step) {
            await store.purge(step.purge)
            // Whether one that expires in this very millisecond stays is the engine's affair.
            const left = new Set((await store.since(0)).map(({ order }) => order))
            model = model.filter(
              ({ expiresAt, order }) => expiresAt > step.purge || (expiresAt === step.purge && left.has(order)),
            )
          } else if ('back' in step) {
            const from = model.at(-1 - step.back)?.order ?? 0
            assert.deepEqual(
              await store.since(from),
              model.filter(({ order }) => order > from),
            )
          } else store = await t.reopen(store)
        }
        assert.deepEqual(await store.since(0), model)
      }),
      { numRuns: t.modelRuns },
    )
  },
})

const of = (over: Partial<Omit<Revocation, 'order'>>): Omit<Revocation, 'order'> => ({
  userId: null,
  tokenId: null,
  at: 1,
  expiresAt: 1_000,
  ...over,
})
