import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Register } from '../model/activity-group.ts'
import type { GroupId, UserId } from '../model/ids.ts'
import type { ActorGroup, MemberBatch, MemberPosition, MemberStore } from '../ports/member-store.ts'
import { defineSuite } from './frame.ts'
import { byText, sampleGroupId, sampleRegister } from './samples.ts'

export const memberStoreSuite = defineSuite<MemberStore>('member-store', {
  promises: {
    'A write that returned is still there after close and reopen.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const registers = [
        sampleRegister('ann', 3),
        sampleRegister('ben', 4, { op: 'UNDO', firstSeq: 0 }),
        sampleRegister('cat:1@x', 2 ** 41, { firstSeq: 2 }),
      ]
      const [one, two] = [sampleGroupId(user, 1), sampleGroupId(user, 2)]
      await store.put([
        { user, groupId: one, registers },
        { user, groupId: two, registers: registers.slice(0, 1) },
      ])
      assert.deepEqual(await known(await t.open(), user, one, ['ann', 'ben', 'cat:1@x', 'dan']), registers)
      const again = await t.reopen(store)
      assert.deepEqual(await known(again, user, one, ['ann', 'ben', 'cat:1@x', 'dan']), registers)
      assert.deepEqual(await known(again, user, two, ['ben', 'ann']), registers.slice(0, 1))
      assert.deepEqual(await known(again, t.user(), one, ['ann']), [])
    },

    'A register never replaces one with the same or a newer `seq`.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const user = t.user()
      const groupId = sampleGroupId(user, 1)
      const put = (on: MemberStore, ...registers: Register[]) => on.put([{ user, groupId, registers }])
      const [old, held] = [sampleRegister('ann', 5), sampleRegister('ann', 7, { op: 'UNDO', createdAt: 1 })]
      await put(store, held)
      await put(other, old)
      await put(other, { ...held, op: 'ADD' })
      assert.deepEqual(await known(store, user, groupId, ['ann']), [held])
      assert.deepEqual(await store.list(user, groupId, null, 9), [], 'lists hold to the newest register as well')
      const newer = sampleRegister('ann', 8, { createdAt: held.createdAt + 5, firstSeq: 5 })
      await Promise.all([put(store, newer), put(other, held), put(other, old, sampleRegister('ben', 1))])
      assert.deepEqual(await store.list(user, groupId, null, 9), [newer, sampleRegister('ben', 1)].sort(inList))
      assert.equal(await store.countFirst(user, groupId, 0, 100), 2)
      // Two writes with as many registers and the same newest one, as when a part is written again.
      const shared = sampleGroupId(user, 2)
      const at = { createdAt: 9 }
      const [eve, fay, gil] = [
        sampleRegister('eve', 20, at),
        sampleRegister('fay', 21, at),
        sampleRegister('gil', 22, at),
      ]
      await store.put([{ user, groupId: shared, registers: [eve, gil] }])
      await store.put([{ user, groupId: shared, registers: [fay, gil] }])
      assert.deepEqual(await store.list(user, shared, null, 9), [eve, fay, gil].sort(inList))
      assert.equal(await store.countFirst(user, shared, 0, 100), 3)
    },

    'A list holds each actor who counts once, newest first by `createdAt`, then by `eventId`; a walk by `after` meets each once.':
      async (t) => {
        const store = await t.open()
        const user = t.user()
        const groupId = sampleGroupId(user, 1)
        const registers = Array.from({ length: 40 }, (_, i) =>
          sampleRegister(`actor-${(i * 7) % 40}`, i + 1, { createdAt: 1_000 + (i >> 2), op: i % 5 ? 'ADD' : 'UNDO' }),
        )
        // The same event id under two actors: the actor decides, ascending.
        const twins = ['zoe', 'Zoe', 'zoe-2'].map((actor) =>
          sampleRegister(actor, 60, { createdAt: 1_005, eventId: registers[21]?.eventId ?? '' }),
        )
        await store.put([{ user, groupId, registers: [...registers, ...twins] }])
        const moved = registers
          .filter((_, i) => i % 3 === 0)
          .map((each) => ({ ...each, seq: 100, createdAt: each.createdAt + 4 }))
        await store.put([{ user, groupId, registers: moved }])
        const movedActors = new Set(moved.map((each) => each.actor))
        const expected = [...registers.filter((each) => !movedActors.has(each.actor)), ...moved, ...twins]
          .filter((each) => each.op === 'ADD')
          .sort(inList)
        assert.deepEqual(await store.list(user, groupId, null, 100), expected)
        for (const limit of [1, 3, 16]) assert.deepEqual(await walk(store, user, groupId, limit), expected)
        const gone = sampleRegister('nobody', 0, { createdAt: 1_005 })
        assert.deepEqual(
          await store.list(user, groupId, gone, 100),
          expected.filter((each) => inList(each, gone) > 0),
          'a walk may stand where nobody is any more',
        )
      },

    'Counting first positions counts the actors who count and whose `firstSeq` lies in the span.': async (t) => {
      const store = await t.open()
      const user = t.user()
      const groupId = sampleGroupId(user, 1)
      const registers = Array.from({ length: 30 }, (_, i) =>
        sampleRegister(`actor-${i}`, 50 + i, { firstSeq: i, op: i % 4 === 1 ? 'UNDO' : 'ADD' }),
      )
      await store.put([{ user, groupId, registers }])
      const counts = (after: number, upTo: number) =>
        registers.filter((each) => each.op === 'ADD' && each.firstSeq > after && each.firstSeq <= upTo).length
      for (const [after, upTo] of [
        [0, 100],
        [3, 7],
        [3, 4],
        [7, 7],
        [29, 90],
        [-1, 0],
      ] as const) {
        assert.equal(
          await store.countFirst(user, groupId, after, upTo),
          counts(after, upTo),
          `above ${after}, up to ${upTo}`,
        )
      }
      assert.equal(await store.countFirst(user, sampleGroupId(user, 2), 0, 100), 0)
      await store.put([{ user, groupId, registers: [{ ...(registers[2] as Register), seq: 99, op: 'UNDO' }] }])
      assert.equal(await store.countFirst(user, groupId, 0, 100), counts(0, 100) - 1)
    },

    'Groups are found by the actors that were indexed and have a register, until they are erased; also by those who took back.':
      async (t) => {
        const store = await t.open()
        const users = [t.user(), t.user()]
        const [actor, other] = [t.user(), t.user()]
        const groups = users.flatMap((user) =>
          Array.from({ length: 8 }, (_, n) => ({ user, groupId: sampleGroupId(user, n) })),
        )
        const all = groups.map((group, i) => ({
          ...group,
          registers: [sampleRegister(actor, i + 1), sampleRegister(other, i + 1)],
        }))
        await store.index(all)
        assert.deepEqual(await groupsOf(store, actor, 5), [])
        await store.put(all)
        await putIndexed(
          store,
          groups.slice(0, 5).map((group) => ({ ...group, registers: [sampleRegister(actor, 90, { op: 'UNDO' })] })),
        )
        for (const limit of [1, 5, 100]) assert.deepEqual(await groupsOf(store, actor, limit), groups.sort(byGroup))

        const [one, two, ...rest] = groups as [ActorGroup, ActorGroup, ...ActorGroup[]]
        await store.erase([{ ...one, actor }, two])
        assert.deepEqual(await groupsOf(store, actor, 3), rest)
        assert.deepEqual(await groupsOf(store, other, 3), [one, ...rest], 'of a group all members are erased, or one')
        assert.deepEqual(
          (await store.list(one.user, one.groupId, null, 9)).map((each) => each.actor),
          [other],
        )
        assert.deepEqual(await store.list(two.user, two.groupId, null, 9), [])
        assert.deepEqual(await known(store, one.user, one.groupId, [actor]), [])
        assert.equal(await store.countFirst(two.user, two.groupId, 0, 100), 0)
        const again = await t.reopen(store)
        assert.deepEqual(await groupsOf(again, actor, 100), rest)
        assert.deepEqual(await groupsOf(again, t.user(), 100), [])
      },

    'Erasing an actor up to a position leaves a register that is newer.': async (t) => {
      const store = await t.open()
      const [user, actor] = [t.user(), t.user()]
      const groupId = sampleGroupId(user, 1)
      await putIndexed(store, [{ user, groupId, registers: [sampleRegister(actor, 7)] }])
      await store.erase([{ user, groupId, actor, upTo: 6 }])
      assert.deepEqual(await groupsOf(store, actor, 9), [{ user, groupId }])
      assert.equal((await store.list(user, groupId, null, 9)).length, 1)
      await store.erase([{ user, groupId, actor, upTo: 7 }])
      assert.deepEqual(await groupsOf(store, actor, 9), [])
      assert.deepEqual(await known(store, user, groupId, [actor]), [])
    },
  },

  also: {
    'Nothing asked for is nothing given.': async (t) => {
      const store = await t.open()
      await store.index([])
      await store.put([])
      await store.erase([])
      await store.erase([{ user: t.user(), groupId: sampleGroupId('x', 1) }])
      assert.deepEqual(await store.registers([]), [])
      const [user, groupId] = ['x', sampleGroupId('x', 1)]
      assert.deepEqual(
        await store.registers([
          { user, groupId, actors: [] },
          { user, groupId, actors: ['a'] },
        ]),
        [[], []],
      )
    },
  },

  model: async (t) => {
    let store = await t.open()
    const write = fc.record({ group: fc.nat(2), actor: fc.nat(5), seq: fc.nat(12) })
    // What stands at a position is the same whoever writes it, and as in a log positions go on rising after an erasure.
    const registerAt = (actors: readonly UserId[], actor: number, seq: number, from: number): Register =>
      sampleRegister(actors[actor] as UserId, from + seq, {
        createdAt: (7 * seq + actor) % 5,
        op: (seq + actor) % 3 === 0 ? 'UNDO' : 'ADD',
        firstSeq: (seq + 2 * actor) % 6,
      })
    const unique = { selector: (each: { group: number; actor: number }) => `${each.group} ${each.actor}`, maxLength: 6 }
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ put: fc.uniqueArray(write, unique) }) },
      { weight: 4, arbitrary: fc.record({ limit: fc.integer({ min: 1, max: 4 }), after: fc.nat(5), upTo: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ erase: fc.nat(2), actor: fc.option(fc.nat(5)) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (steps) => {
        const user = t.user()
        const groups = [0, 1, 2].map((n) => sampleGroupId(user, n))
        const actors = Array.from({ length: 6 }, t.user)
        const model = groups.map(() => new Map<UserId, Register>())
        let from = 0
        for (const step of steps) {
          if ('put' in step) {
            const batches = groups.map((groupId, i) => ({
              user,
              groupId,
              registers: step.put
                .filter((each) => each.group === i)
                .map(({ actor, seq }) => registerAt(actors, actor, seq, from)),
            }))
            await putIndexed(store, batches)
            for (const [i, { registers }] of batches.entries()) {
              for (const each of registers) {
                if ((model[i]?.get(each.actor)?.seq ?? -1) < each.seq) model[i]?.set(each.actor, each)
              }
            }
          } else if ('erase' in step) {
            from += 20
            const [groupId, actor] = [groups[step.erase] as GroupId, actors[step.actor ?? -1]]
            await store.erase([actor === undefined ? { user, groupId } : { user, groupId, actor }])
            if (actor === undefined) model[step.erase]?.clear()
            else model[step.erase]?.delete(actor)
          } else if ('reopen' in step) {
            store = await t.reopen(store)
          } else {
            for (const [i, groupId] of groups.entries()) {
              const all = [...(model[i]?.values() ?? [])]
              const count = all.filter((each) => each.op === 'ADD')
              assert.deepEqual(await known(store, user, groupId, actors), all.sort(byActor))
              assert.deepEqual(await walk(store, user, groupId, step.limit), count.toSorted(inList))
              const first: readonly Register[] = count.filter(
                (each) => each.firstSeq > step.after && each.firstSeq <= step.upTo,
              )
              assert.equal(await store.countFirst(user, groupId, step.after, step.upTo), first.length)
            }
            const actor = actors[step.after] as UserId
            const expected = groups.filter((_, i) => model[i]?.has(actor)).map((groupId) => ({ user, groupId }))
            assert.deepEqual(await groupsOf(store, actor, step.limit), expected.sort(byGroup))
          }
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

const byActor = (a: Register, b: Register): number => byText(a.actor, b.actor)
const byGroup = (a: ActorGroup, b: ActorGroup): number => byText(a.user, b.user) || byText(a.groupId, b.groupId)

/** Newest first by `createdAt`, then by `eventId`; then actors ascending. */
const inList = (a: MemberPosition, b: MemberPosition): number =>
  b.createdAt - a.createdAt || byText(b.eventId, a.eventId) || byText(a.actor, b.actor)

async function known(
  store: MemberStore,
  user: UserId,
  groupId: GroupId,
  actors: readonly UserId[],
): Promise<Register[]> {
  const [registers] = await store.registers([{ user, groupId, actors }])
  return (registers ?? []).toSorted(byActor)
}

async function walk(store: MemberStore, user: UserId, groupId: GroupId, limit: number): Promise<Register[]> {
  const met: Register[] = []
  for (let after: MemberPosition | null = null; ; ) {
    const page: readonly Register[] = await store.list(user, groupId, after, limit)
    assert(page.length <= limit)
    met.push(...page)
    const last = page.at(-1)
    if (!last || page.length < limit) return met
    after = { createdAt: last.createdAt, eventId: last.eventId, actor: last.actor }
  }
}

async function putIndexed(store: MemberStore, batches: readonly MemberBatch[]): Promise<void> {
  await store.index(batches)
  await store.put(batches)
}

/** All groups of an actor, sorted: any order will do for the walk. */
async function groupsOf(store: MemberStore, actor: UserId, limit: number): Promise<ActorGroup[]> {
  const met: ActorGroup[] = []
  for (let after: ActorGroup | null = null; ; ) {
    const page: readonly ActorGroup[] = await store.groupsOfActor(actor, after, limit)
    assert(page.length <= limit)
    met.push(...page)
    if (page.length < limit) return met.sort(byGroup)
    after = page.at(-1) ?? null
  }
}
