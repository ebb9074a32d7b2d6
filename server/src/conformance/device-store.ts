import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { DeviceId, UserId } from '../model/ids.ts'
import type { DevicePosition, DeviceStore } from '../ports/device-store.ts'
import { defineSuite } from './frame.ts'
import { byText } from './samples.ts'

export const deviceStoreSuite = defineSuite<DeviceStore>('device-store', {
  promises: {
    'An ack of the same epoch never goes back; one of another epoch replaces it.': async (t) => {
      const [store, other] = [await t.open(), await t.open()]
      const user = t.user()
      const ack = (on: DeviceStore, epoch: string, seq: number, seenAt: number) =>
        on.ack([{ user, device: 'phone', epoch, seq, seenAt }])
      const position = async (on: DeviceStore) => {
        const found = await on.get(user, 'phone')
        return found && [found.epoch, found.seq]
      }
      await ack(store, 'e1', 2 ** 40 + 7, 10)
      await ack(other, 'e1', 5, 11)
      assert.deepEqual(await position(store), ['e1', 2 ** 40 + 7])
      await Promise.all([ack(store, 'e1', 2 ** 40 + 9, 12), ack(other, 'e1', 2 ** 40 + 8, 12)])
      assert.deepEqual(await position(other), ['e1', 2 ** 40 + 9])
      await ack(other, 'e2', 3, 13)
      assert.deepEqual(await position(store), ['e2', 3])
      const again = await t.reopen(store)
      assert.deepEqual(await again.get(user, 'phone'), { user, device: 'phone', epoch: 'e2', seq: 3, seenAt: 13 })
      await ack(again, 'e2', 2, 14)
      await ack(again, 'e2', 4, 15)
      assert.deepEqual(await position(again), ['e2', 4])
    },

    'A device that was never heard of has no position.': async (t) => {
      const store = await t.open()
      const [user, other] = [t.user(), t.user()]
      assert.equal(await store.get(user, 'phone'), undefined)
      assert.deepEqual(await store.list(user), [])
      await store.ack([{ user, device: 'phone', epoch: 'e', seq: 4, seenAt: 1 }])
      await store.ack([])
      assert.equal(await store.get(user, 'tablet'), undefined)
      assert.equal(await store.get(other, 'phone'), undefined)
      assert.equal((await store.get(user, 'phone'))?.seq, 4)
    },
  },

  also: {
    'A purge removes one device, all of a user, or those that were not seen for long.': async (t) => {
      const store = await t.open()
      const [user, other] = [t.user(), t.user()]
      const position = (of: UserId, device: DeviceId, seenAt: number) => ({
        user: of,
        device,
        epoch: 'e',
        seq: 1,
        seenAt,
      })
      await store.ack([
        position(user, 'a', 10),
        position(user, 'b', 20),
        position(user, 'c', 30),
        position(other, 'a', 30),
        position(other, 'b', 5),
      ])
      const devices = async (of: UserId) => (await store.list(of)).map(({ device }) => device).toSorted(byText)
      await store.purge({ user, device: 'b' })
      assert.deepEqual(await devices(user), ['a', 'c'])
      await store.purge({ seenBefore: 20 })
      assert.deepEqual([await devices(user), await devices(other)], [['c'], ['a']])
      await store.purge({ user })
      assert.deepEqual([await devices(user), await devices(other)], [[], ['a']])
      assert.equal(await store.get(user, 'c'), undefined)
    },
  },

  model: async (t) => {
    let store = await t.open()
    const ack = fc.record({ device: fc.nat(2), epoch: fc.nat(1), seq: fc.nat(9) })
    const operation = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ acks: fc.uniqueArray(ack, { selector: ({ device }) => device, maxLength: 3 }) }),
      },
      { weight: 1, arbitrary: fc.record({ purge: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (steps) => {
        const user = t.user()
        const model = new Map<DeviceId, DevicePosition>()
        for (const [seenAt, step] of steps.entries()) {
          if ('acks' in step) {
            const acks = step.acks.map(({ device, epoch, seq }) => ({
              user,
              device: `d${device}`,
              epoch: `e${epoch}`,
              seq,
              seenAt,
            }))
            await store.ack(acks)
            for (const each of acks) {
              const known = model.get(each.device)
              if (known?.epoch !== each.epoch || known.seq < each.seq) model.set(each.device, each)
            }
          } else if ('purge' in step) {
            await store.purge({ user, device: `d${step.purge}` })
            model.delete(`d${step.purge}`)
          } else store = await t.reopen(store)
          const positions = (list: Iterable<DevicePosition>) =>
            [...list].map(({ device, epoch, seq }) => `${device} ${epoch} ${seq}`).sort(byText)
          assert.deepEqual(positions(await store.list(user)), positions(model.values()))
          for (const device of ['d0', 'd1', 'd2'])
            assert.equal((await store.get(user, device))?.seq, model.get(device)?.seq)
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})
