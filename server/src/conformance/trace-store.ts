import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { EventTrace } from '../model/event-trace.ts'
import type { UserId } from '../model/ids.ts'
import type { TraceStore } from '../ports/trace-store.ts'
import { defineSuite } from './frame.ts'
import { byText, sampleEvent, sampleGroupId } from './samples.ts'

export const traceStoreSuite = defineSuite<TraceStore>('trace-store', {
  promises: {
    'A trace that was put is found by its event id, also after close and reopen.': async (t) => {
      const store = await t.open()
      const [ann, bob] = [t.user(), t.user()]
      const { eventId } = sampleEvent(ann, 1)
      // The same event may be told to several users.
      const traces = [
        traceOf(ann, 1, {}),
        traceOf(bob, 1, {
          event: { ...sampleEvent(bob, 1), eventId },
          state: 'ignored',
          reason: 'self',
          groupId: null,
        }),
        traceOf(ann, 2, { state: 'pending', writtenAt: null, pushedAt: null, queuedAt: null }),
      ]
      await store.put(traces)
      await store.put([])
      const found = async (on: TraceStore) => (await on.get(eventId)).toSorted((a, b) => byText(a.user, b.user))
      assert.deepEqual(await found(await t.open()), traces.slice(0, 2))
      const again = await t.reopen(store)
      assert.deepEqual(await found(again), traces.slice(0, 2))
      assert.deepEqual(await again.get(sampleEvent(ann, 2).eventId), traces.slice(2))
      assert.deepEqual(await again.get(sampleEvent(ann, 3).eventId), [])
    },

    'A later trace of the same event id and target user replaces `pending` only; what became of the first stands.':
      async (t) => {
        const [store, other] = [await t.open(), await t.open()]
        const user = t.user()
        const { eventId } = sampleEvent(user, 1)
        const pending = traceOf(user, 1, { state: 'pending', groupId: null, writtenAt: null, pushedAt: null })
        const applied = traceOf(user, 1, { state: 'applied', seq: 7 })
        const duplicate = traceOf(user, 1, { state: 'ignored', reason: 'duplicate', seq: 9 })
        await store.put([pending])
        assert.deepEqual(await other.get(eventId), [pending])
        await other.put([applied])
        assert.deepEqual(await store.get(eventId), [applied])
        await store.put([duplicate])
        await other.put([{ ...pending, seq: 11 }])
        assert.deepEqual(await store.get(eventId), [applied])

        const second = sampleEvent(user, 2)
        const of = (trace: EventTrace): EventTrace => ({ ...trace, event: second })
        await store.put([of(pending), of(duplicate), of(applied)])
        assert.deepEqual(await (await t.reopen(store)).get(second.eventId), [of(duplicate)], 'within one call as well')
      },
  },

  also: {
    'A purge removes what was accepted before it.': async (t) => {
      const store = await t.open()
      const user = t.user()
      await store.put([traceOf(user, 1, { acceptedAt: 10 }), traceOf(user, 2, { acceptedAt: 20 })])
      await store.purge(20)
      assert.deepEqual(await store.get(sampleEvent(user, 1).eventId), [])
      assert.equal((await (await t.reopen(store)).get(sampleEvent(user, 2).eventId)).length, 1)
    },
  },

  model: async (t) => {
    let store = await t.open()
    const trace = fc.record({
      n: fc.nat(3),
      user: fc.nat(1),
      state: fc.constantFrom('pending', 'applied', 'ignored'),
      seq: fc.nat(50),
    })
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ put: fc.array(trace, { maxLength: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (steps) => {
        const [ann, bob] = [t.user(), t.user()]
        const ids = [0, 1, 2, 3].map((n) => sampleEvent(ann, n).eventId)
        const model = new Map<string, EventTrace>()
        for (const step of steps) {
          if ('put' in step) {
            const traces = step.put.map(({ n, user, state, seq }) => {
              const target: UserId = user ? bob : ann
              return traceOf(target, n, {
                event: { ...sampleEvent(target, n), eventId: ids[n] ?? '' },
                state,
                seq,
              } as Partial<EventTrace>)
            })
            await store.put(traces)
            for (const each of traces) {
              const key = `${each.event.eventId} ${each.user}`
              if ((model.get(key)?.state ?? 'pending') === 'pending') model.set(key, each)
            }
          } else store = await t.reopen(store)
          for (const id of ids) {
            const expected = [ann, bob].flatMap((user) => model.get(`${id} ${user}`) ?? [])
            const key = (each: EventTrace) => `${each.user} ${each.state}`
            assert.deepEqual((await store.get(id)).map(key).toSorted(byText), expected.map(key).sort(byText))
          }
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

const traceOf = (user: UserId, n: number, over: Partial<EventTrace>): EventTrace => ({
  event: sampleEvent(user, n),
  user,
  seq: n + 1,
  state: 'applied',
  reason: null,
  groupId: sampleGroupId(user, n),
  acceptedAt: 1_000,
  writtenAt: 1_020,
  pushedAt: 1_025,
  queuedAt: null,
  ...over,
})
