import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { UserId } from '../model/ids.ts'
import type { PubSub } from '../ports/pub-sub.ts'
import { Subscriptions } from './subscriptions.ts'

/** Pub/sub whose every call takes a few turns, and fails when it is told to. */
function slowPubSub() {
  const users = new Set<UserId>()
  const state = { users, failing: false, calls: 0 }
  const call = async (apply: () => void): Promise<void> => {
    state.calls++
    for (let i = 0; i < 3; i++) await setImmediate()
    if (state.failing) throw new Error('down')
    apply()
  }
  const pubSub: PubSub = {
    mayBeHeard: async (users: readonly UserId[]) => users.map(() => true),
    publish: async () => {},
    subscribe: async () => ({
      add: (added) => call(() => void added.forEach((user) => void users.add(user))),
      remove: (removed) => call(() => void removed.forEach((user) => void users.delete(user))),
      [Symbol.asyncDispose]: async () => {},
    }),
    [Symbol.asyncDispose]: async () => {},
  }
  return { pubSub, state }
}

/** Subscriptions on that pub/sub; what is told as a gap is gathered. */
function openSubscriptions() {
  const { pubSub, state } = slowPubSub()
  const seams = virtualSeams()
  const gaps: (readonly UserId[] | null)[] = []
  const events = {
    message: () => {},
    gap: (users: readonly UserId[] | null) => void gaps.push(users),
    onFailure: () => {},
  }
  return { subscriptions: new Subscriptions(pubSub, seams, events), state, seams, gaps }
}

test('whatever the order of wishes and failures, the subscription ends as wished', async () => {
  const user = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('add' as const, 'remove' as const), user }),
    fc.record({ do: fc.constantFrom('turn' as const, 'fail' as const, 'heal' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { subscriptions: opened, state, seams } = openSubscriptions()
      await using subscriptions = opened
      const wanted = new Set<UserId>()
      for (const one of steps) {
        switch (one.do) {
          case 'add':
            wanted.add(one.user)
            void subscriptions.add(one.user)
            break
          case 'remove':
            wanted.delete(one.user)
            subscriptions.remove(one.user)
            break
          case 'turn':
            await setImmediate()
            break
          case 'fail':
          case 'heal':
            state.failing = one.do === 'fail'
        }
      }
      state.failing = false
      for (let i = 0; i < 30; i++) {
        seams.time.advance(6_000)
        await setImmediate()
      }
      assert.deepEqual([...state.users].sort(), [...wanted].sort())
    }),
    { numRuns: 100 },
  )
})

test('many wishes make few calls', async () => {
  const { subscriptions: opened, state } = openSubscriptions()
  await using subscriptions = opened
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => subscriptions.add(`user${i}`)))
  assert.equal(state.users.size, 1_000)
  assert.ok(state.calls <= 2, `${state.calls} calls`)
})

test('when a user could be added at last, what was missed meanwhile is told as a gap', async () => {
  const { subscriptions: opened, state, seams, gaps } = openSubscriptions()
  await using subscriptions = opened
  state.failing = true
  await subscriptions.add('a')
  assert.equal(state.users.size, 0)
  state.failing = false
  for (let i = 0; i < 10; i++) {
    seams.time.advance(1_000)
    await setImmediate()
  }
  assert.deepEqual(gaps, [['a']])
})

test('a user who comes back while being taken off is waited for', async () => {
  const { subscriptions: opened, state } = openSubscriptions()
  await using subscriptions = opened
  await subscriptions.add('a')
  subscriptions.remove('a')
  await setImmediate()
  await subscriptions.add('a')
  assert.ok(state.users.has('a'))
  for (let i = 0; i < 10; i++) await setImmediate()
  assert.ok(state.users.has('a'))
})

test('a user who comes back while others are added, about to be taken off, stays', async () => {
  const { subscriptions: opened, state } = openSubscriptions()
  await using subscriptions = opened
  await subscriptions.add('a')
  subscriptions.remove('a')
  const added = subscriptions.add('b')
  await setImmediate()
  await subscriptions.add('a')
  await added
  for (let i = 0; i < 10; i++) await setImmediate()
  assert.deepEqual([...state.users].sort(), ['a', 'b'])
})

test('a gap is told of users who could be added at last, though others could not be taken off in the same attempt', async () => {
  const { subscriptions: opened, state, seams, gaps } = openSubscriptions()
  await using subscriptions = opened
  await subscriptions.add('b')
  state.failing = true
  await subscriptions.add('a')
  subscriptions.remove('b')
  state.failing = false
  for (let i = 0; i < 10; i++) {
    seams.time.advance(1_000)
    await setImmediate()
    if (state.users.has('a') && gaps.length === 0 && state.users.has('b')) state.failing = true
  }
  assert.deepEqual(gaps, [['a']])
})
