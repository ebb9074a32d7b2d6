import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Settling } from './settling.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('who gives up is let go, and nobody is waited for any more', async () => {
  const settling = new Settling({ bounds: async () => ({ start: 0, end: 5, committed: 0 }) })
  const giveUp = new AbortController()
  let isOver = false
  void settling.wait(giveUp.signal).then(() => {
    isOver = true
  })
  await settling.look(new Map([[0, { committed: 0 }]]))
  settling.release(new Map([[0, { committed: 4 }]]))
  await turn()
  assert.deepEqual([settling.isWanted, isOver], [true, false])
  giveUp.abort()
  await turn()
  assert.deepEqual([settling.isWanted, isOver], [false, true])
})

test('a log that cannot be asked is asked again, and a partition that went elsewhere is not waited for', async () => {
  let isAway = true
  const settling = new Settling({
    async bounds() {
      if (isAway) throw new Error('away')
      return { start: 0, end: 5, committed: 0 }
    },
  })
  const settled = settling.wait()
  const owned = new Map([0, 1].map((partition) => [partition, { committed: 5 }]))
  await assert.rejects(settling.look(owned), /away/)
  settling.release(owned)
  assert.ok(settling.isWanted)
  isAway = false
  await settling.look(owned)
  settling.release(new Map([[1, { committed: 4 }]]))
  assert.ok(settling.isWanted)
  settling.release(new Map([[0, { committed: 5 }]]))
  await settled
})
