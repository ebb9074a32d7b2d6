import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { UserId } from '../model/ids.ts'
import type { Session, SessionRegistry } from '../ports/session-registry.ts'
import { defineSuite } from './frame.ts'
import { byText } from './samples.ts'

const ttlMs = 90_000

export const sessionRegistrySuite = defineSuite<SessionRegistry>('session-registry', {
  promises: {
    'A session that was put is found until it is removed or its time has passed.': async (t) => {
      const [registry, other] = [await t.open(), await t.open()]
      const now = t.seams.clock.now()
      const [ann, bob, cat] = [t.user(), t.user(), t.user()]
      const sessions = [sessionOf(ann, 1), sessionOf(ann, 2, { node: 'n2', device: null }), sessionOf(bob, 3)]
      await registry.put(sessions, now, ttlMs)
      assert.deepEqual(await find(other, [cat, bob, ann], now), [[], sessions.slice(2), sessions.slice(0, 2)])
      await other.remove([sessionOf(bob, 3), sessionOf(cat, 9)])
      assert.deepEqual(await find(registry, [ann, bob], now + ttlMs - 1), [sessions.slice(0, 2), []])
      assert.deepEqual(await find(registry, [ann], now + ttlMs + 1), [[]])
      assert.deepEqual(await registry.find([], now), [])
    },

    'A refresh keeps a session; without one it is gone after `ttlMs`.': async (t) => {
      const [registry, other] = [await t.open(), await t.open()]
      const [user, now] = [t.user(), t.seams.clock.now()]
      const [kept, silent] = [sessionOf(user, 1), sessionOf(user, 2, { node: 'dead' })]
      await registry.put([kept, silent], now, ttlMs)
      for (const ms of [30_000, 60_000, 85_000]) await other.put([kept], now + ms, ttlMs)
      assert.deepEqual(await find(registry, [user], now + ttlMs - 1), [[kept, silent]])
      assert.deepEqual(await find(registry, [user], now + ttlMs + 1), [[kept]])
      assert.deepEqual(await find(other, [user], now + 85_000 + ttlMs - 1), [[kept]])
      assert.deepEqual(await find(other, [user], now + 85_000 + ttlMs + 1), [[]])
      await registry.put([silent], now + 200_000, ttlMs)
      assert.deepEqual(await find(other, [user], now + 200_001), [[silent]])
    },

    'Removing one session of a user leaves the others.': async (t) => {
      const [registry, other] = [await t.open(), await t.open()]
      const [user, now] = [t.user(), t.seams.clock.now()]
      // One device may have several sockets.
      const sessions = [1, 2, 3].map((n) => sessionOf(user, n, { device: 'phone' }))
      await registry.put([...sessions, ...sessions], now, ttlMs)
      await other.remove([sessions[1] as Session])
      assert.deepEqual(await find(registry, [user], now), [[sessions[0], sessions[2]]])
      await Promise.all([registry.remove([sessions[0] as Session]), other.put([sessionOf(user, 4)], now, ttlMs)])
      assert.deepEqual(await find(registry, [user], now), [[sessions[2], sessionOf(user, 4)]])
    },
  },

  model: async (t) => {
    const registry = await t.open()
    const picks = fc.uniqueArray(fc.nat(5), { maxLength: 4 })
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ put: picks, ttl: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ remove: picks }) },
      { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 3 }) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (steps) => {
        const users = [t.user(), t.user()]
        const sessions = Array.from({ length: 6 }, (_, n) => sessionOf(users[n % 2] as UserId, n))
        const until = new Map<Session, number>()
        let now = t.seams.clock.now()
        for (const step of steps) {
          if ('put' in step) {
            const put = step.put.map((n) => sessions[n] as Session)
            await registry.put(put, now, step.ttl * 10_000)
            for (const each of put) until.set(each, now + step.ttl * 10_000)
          } else if ('remove' in step) {
            const removed = step.remove.map((n) => sessions[n] as Session)
            await registry.remove(removed)
            for (const each of removed) until.delete(each)
          } else now += step.pass * 9_999
          const alive = (user: UserId) => sessions.filter((each) => each.user === user && (until.get(each) ?? 0) > now)
          assert.deepEqual(await find(registry, users, now), users.map(alive))
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

const sessionOf = (user: UserId, n: number, over: Partial<Session> = {}): Session => ({
  user,
  sessionId: `session-${n}`,
  node: 'node-1',
  device: `device-${n}`,
  ...over,
})

async function find(registry: SessionRegistry, users: readonly UserId[], now: number): Promise<Session[][]> {
  const found = await registry.find(users, now)
  return found.map((sessions) => sessions.toSorted((a, b) => byText(a.sessionId, b.sessionId)))
}
