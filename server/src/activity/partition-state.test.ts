import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupKey } from '../model/event.ts'
import { PartitionState } from './partition-state.ts'
import { defaultActivitySettings as settings } from './settings.ts'

const keyOf = (name: string): GroupKey => ({ eventType: 'LIKE', verb: '', objectType: 'POST', objectId: name })

/** A partition into which events come by the names of their keys, each key of a user of its own. */
function world() {
  const state = new PartitionState(0, 0)
  const ownerOf = (name: string) => state.user(`user of ${name}`, () => 0)
  return {
    state,
    ownerOf,
    come(...names: readonly string[]) {
      for (const name of names) {
        const owner = ownerOf(name)
        const window =
          owner.window(keyOf(name)) ?? state.openWindow(owner, keyOf(name), settings.rulesOf('LIKE').windowMs)
        state.extend(window, 0, settings)
      }
    },
    kept: () => [...state.windows].map(({ objectId }) => objectId).sort(),
  }
}

test('keys that come again and again are kept, and those that came once make room, the oldest first', () => {
  const { state, come, kept, ownerOf } = world()
  const hot = () => ownerOf('hot').window(keyOf('hot'))
  come('hot')
  const first = hot()
  for (let round = 0; round < 20; round++) {
    come('hot', 'warm', `once ${round}`, `also once ${round}`)
    state.release(0, 6)
    assert.ok(kept().length <= 6)
  }
  assert.deepEqual(kept(), ['also once 18', 'also once 19', 'hot', 'once 18', 'once 19', 'warm'])
  assert.equal(hot(), first, 'it was never loaded again')
})

test('where all keys are in use there is no more room than there is', () => {
  const { state, come, kept } = world()
  const names = Array.from({ length: 50 }, (_, i) => `key ${i}`)
  come(...names, ...names)
  state.release(0, 6)
  assert.equal(kept().length, 6)
  assert.equal(state.users.size, 6, 'users without windows are let go')
})

test('what is not written stays, however little room there is, and so does what is on its way', () => {
  const { state, come, kept, ownerOf } = world()
  come('dirty', 'under way', 'written')
  ownerOf('dirty').touch(1, 0)
  ownerOf('under way').touch(2, 0)
  ownerOf('under way').taken(0)
  state.release(0, 1)
  state.release(0, 1)
  assert.deepEqual(kept(), ['dirty', 'under way'])
  ownerOf('under way').stored()
  state.release(0, 1)
  assert.deepEqual(kept(), ['dirty'])
})

test('windows end by their time, whether or not there is room', () => {
  const { state, come, kept } = world()
  come('early', 'late')
  state.release(settings.rulesOf('LIKE').windowMs, 1_000)
  assert.deepEqual(kept(), [])
})
