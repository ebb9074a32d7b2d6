import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { GroupId, UserId } from '../model/ids.ts'
import type { ObjectEntry, ObjectIndex, ObjectRef } from '../ports/object-index.ts'
import { defineSuite } from './frame.ts'
import { byText, sampleGroupId, someTime } from './samples.ts'

export const objectIndexSuite = defineSuite<ObjectIndex>('object-index', {
  promises: {
    'A write that returned is still there after close and reopen, and seen by every read that starts later.': async (
      t,
    ) => {
      const [index, other] = [await t.open(), await t.open()]
      const object: ObjectRef = { objectType: 'CUSTOM', objectId: `ü/大学 ${t.user()}` }
      const users: UserId[] = []
      for (let n = 0; n < 10; n++) {
        const user = t.user()
        users.push(user)
        await (n % 2 ? index : other).put([{ object, user, groupId: sampleGroupId(user, n) }])
        assert.deepEqual(await targets(n % 2 ? other : index, object, 100), users.toSorted(byText))
        await (n % 2 ? index : other).putTombstone(object, n + 1)
        assert.deepEqual(await (n % 2 ? other : index).tombstones([object]), [n + 1])
      }
      const again = await t.reopen(index)
      assert.deepEqual(await targets(again, object, 100), users.toSorted(byText))
      assert.deepEqual(await again.groups(object, users[3] as UserId), [sampleGroupId(users[3] as UserId, 3)])
      assert.deepEqual(await again.tombstones([{ ...object, objectType: 'POST' }, object]), [undefined, 10])
      assert.deepEqual(await targets(again, { ...object, objectType: 'POST' }, 100), [])
    },

    'A target user is listed once per object, however often put; a walk by `after` meets each once.': async (t) => {
      const [index, other] = [await t.open(), await t.open()]
      const object: ObjectRef = { objectType: 'POST', objectId: t.user() }
      const users = Array.from({ length: 25 }, t.user)
      const entries = users.flatMap((user) => [0, 1, 1].map((n) => ({ object, user, groupId: sampleGroupId(user, n) })))
      await Promise.all([index.put(entries), other.put(entries.slice(10)), index.put(entries.slice(0, 9))])
      for (const limit of [1, 4, 25, 100]) assert.deepEqual(await targets(index, object, limit), users.toSorted(byText))
      assert.deepEqual(await index.targets(object, null, 0), [])
    },

    'The groups of a user about an object are all that were put, each once, until they are removed.': async (t) => {
      const index = await t.open()
      const [object, user, other]: [ObjectRef, UserId, UserId] = [
        { objectType: 'USER', objectId: t.user() },
        t.user(),
        t.user(),
      ]
      const ids = Array.from({ length: 6 }, (_, n) => sampleGroupId(user, n))
      const entry = (groupId: GroupId): ObjectEntry => ({ object, user, groupId })
      await index.put([...ids, ...ids].map(entry))
      await index.put([entry(ids[0] as GroupId), { object, user: other, groupId: ids[0] as GroupId }])
      assert.deepEqual((await index.groups(object, user)).toSorted(byText), ids.toSorted(byText))
      await index.remove([entry(ids[0] as GroupId), entry(ids[1] as GroupId), entry(sampleGroupId(user, 99))])
      assert.deepEqual((await index.groups(object, user)).toSorted(byText), ids.slice(2).toSorted(byText))
      assert.deepEqual(await index.groups(object, other), [ids[0]])
      const again = await t.reopen(index)
      await again.put([entry(ids[1] as GroupId)])
      assert.deepEqual((await again.groups(object, user)).toSorted(byText), ids.slice(1).toSorted(byText))
      assert.deepEqual(await again.groups({ ...object, objectType: 'POST' }, user), [])
    },

    "A tombstone's time only rises.": async (t) => {
      const [index, other] = [await t.open(), await t.open()]
      const object: ObjectRef = { objectType: 'STORY', objectId: t.user() }
      await index.putTombstone(object, 50)
      await other.putTombstone(object, 20)
      assert.deepEqual(await index.tombstones([object]), [50])
      await Promise.all([70, 90, 80].map((time, i) => (i % 2 ? index : other).putTombstone(object, time)))
      assert.deepEqual(await other.tombstones([object, object]), [90, 90])
      const again = await t.reopen(index)
      await again.putTombstone(object, 60)
      assert.deepEqual(await again.tombstones([object]), [90])
    },

    'The newest tombstones come newest first, each object once.': async (t) => {
      const [index, other] = [await t.open(), await t.open()]
      // Later than those of every other case.
      const times = [7, 3, 9, 1, 5].map((n) => someTime + n)
      const objects = times.map((): ObjectRef => ({ objectType: 'COMMENT', objectId: `ü/大学 ${t.user()}` }))
      for (const [i, time] of times.entries()) {
        await (i % 2 ? index : other).putTombstone(objects[i] as ObjectRef, time)
        await index.putTombstone(objects[i] as ObjectRef, time - 1)
      }
      const expected = [2, 0, 4, 1, 3].map((i) => ({ object: objects[i], deletedAt: times[i] }))
      assert.deepEqual(await other.newestTombstones(5), expected)
      assert.deepEqual(await other.newestTombstones(2), expected.slice(0, 2))
      assert.deepEqual(await (await t.reopen(index)).newestTombstones(3), expected.slice(0, 3))
    },

    'A purge forgets the tombstones of before a time, and no others.': async (t) => {
      const [index, other] = [await t.open(), await t.open()]
      const objects = [1, 2, 3].map((): ObjectRef => ({ objectType: 'STORY', objectId: t.user() }))
      const user = t.user()
      const groupId = sampleGroupId(user, 1)
      await index.put(objects.map((object) => ({ object, user, groupId })))
      for (const [i, object] of objects.entries()) await index.putTombstone(object, 10 * (i + 1))
      assert.deepEqual(await other.tombstones(objects), [10, 20, 30])
      await index.purgeTombstones(20)
      assert.deepEqual(await other.tombstones(objects), [undefined, 20, 30])
      assert.deepEqual(await index.tombstones(objects), [undefined, 20, 30])
      await other.putTombstone(objects[0] as ObjectRef, 5)
      const again = await t.reopen(index)
      assert.deepEqual(await again.tombstones(objects), [5, 20, 30])
      assert.deepEqual(await again.groups(objects[0] as ObjectRef, user), [groupId])
    },
  },

  model: async (t) => {
    let index = await t.open()
    const entry = fc.record({ object: fc.nat(2), user: fc.nat(3), group: fc.nat(2) })
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ put: fc.array(entry, { maxLength: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ remove: fc.array(entry, { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ tombstone: fc.nat(2), time: fc.integer({ min: 1, max: 9 }) }) },
      { weight: 3, arbitrary: fc.record({ limit: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (steps) => {
        const objects = [0, 1, 2].map((): ObjectRef => ({ objectType: 'POST', objectId: t.user() }))
        const users = Array.from({ length: 4 }, t.user)
        const model = objects.map(() => ({
          deletedAt: undefined as number | undefined,
          users: new Map<UserId, Set<GroupId>>(),
        }))
        const entries = (picks: readonly { object: number; user: number; group: number }[]) =>
          picks.map(({ object, user, group }) => {
            const target = users[user] as UserId
            return {
              at: object,
              object: objects[object] as ObjectRef,
              user: target,
              groupId: sampleGroupId(target, group),
            }
          })
        for (const step of steps) {
          if ('put' in step) {
            await index.put(entries(step.put).map(({ at: _, ...each }) => each))
            for (const { at, user, groupId } of entries(step.put)) {
              const own = model[at]?.users
              own?.set(user, (own.get(user) ?? new Set()).add(groupId))
            }
          } else if ('remove' in step) {
            await index.remove(entries(step.remove).map(({ at: _, ...each }) => each))
            for (const { at, user, groupId } of entries(step.remove)) model[at]?.users.get(user)?.delete(groupId)
          } else if ('tombstone' in step) {
            const own = model[step.tombstone]
            await index.putTombstone(objects[step.tombstone] as ObjectRef, step.time)
            if (own) own.deletedAt = Math.max(own.deletedAt ?? 0, step.time)
          } else if ('reopen' in step) {
            index = await t.reopen(index)
          } else {
            assert.deepEqual(
              await index.tombstones(objects),
              model.map((each) => each.deletedAt),
            )
            for (const [i, object] of objects.entries()) {
              // A user whose groups were all removed may be listed or not.
              const put = [...(model[i]?.users ?? [])]
              const listed = await targets(index, object, step.limit)
              assert(listed.every((user) => model[i]?.users.has(user)))
              for (const [user, groups] of put) {
                assert(groups.size === 0 || listed.includes(user))
                assert.deepEqual((await index.groups(object, user)).toSorted(byText), [...groups].sort(byText))
              }
            }
          }
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

/** A walk over the targets, sorted: any order will do for the walk. */
async function targets(index: ObjectIndex, object: ObjectRef, limit: number): Promise<UserId[]> {
  const met: UserId[] = []
  for (let after: UserId | null = null; ; ) {
    const page: readonly UserId[] = await index.targets(object, after, limit)
    assert(page.length <= limit)
    met.push(...page)
    if (page.length < limit) break
    after = page.at(-1) ?? null
  }
  assert.equal(new Set(met).size, met.length, 'a user was listed twice')
  return met.sort(byText)
}
