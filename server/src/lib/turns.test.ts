import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'
import { virtualSeams } from './virtual-seams.ts'

/** Turns of a loop that goes on when it is told to, and what was done by then. */
function loop(perTurn: number) {
  const seams = virtualSeams()
  const next: (() => void)[] = []
  const breathe = () => new Promise<void>((resolve) => void next.push(resolve))
  const turns = new Turns(perTurn, { clock: seams.clock, scheduler: { ...seams.scheduler, breathe } })
  const done: string[] = []
  return {
    seams,
    turns,
    done,
    take: (name: string, weight: number) => turns.take(weight, () => void done.push(name)),
    async turn() {
      for (const resolve of next.splice(0)) resolve()
      // What the loop goes on with is done in microtasks.
      for (let i = 0; i < 5; i++) await Promise.resolve()
      return done.splice(0)
    },
  }
}

test('what comes while nothing waits is done at once, as far as the turn has room', async () => {
  const { take, done, turn } = loop(10)
  for (const name of ['a', 'b', 'c', 'd', 'e']) take(name, 4)
  assert.deepEqual(done.splice(0), ['a', 'b'])
  assert.deepEqual(await turn(), ['c', 'd'])
  assert.deepEqual(await turn(), ['e'])
  assert.deepEqual(await turn(), [])
  take('f', 4)
  assert.deepEqual(done, ['f'])
})

test('nobody is passed by one who is smaller', async () => {
  const { take, done, turn } = loop(10)
  take('a', 6)
  take('large', 6)
  take('small', 1)
  assert.deepEqual(done.splice(0), ['a'])
  assert.deepEqual(await turn(), ['large', 'small'])
})

test('what is larger than a turn is done in one of its own', async () => {
  const { take, done, turn } = loop(10)
  take('a', 1)
  take('huge', 50)
  take('b', 1)
  assert.deepEqual(done.splice(0), ['a'])
  assert.deepEqual(await turn(), ['huge'])
  assert.deepEqual(await turn(), ['b'])
})

test('it tells how long the first has waited', async () => {
  const { take, turns, turn, seams } = loop(10)
  take('a', 10)
  assert.equal(turns.waitedMs, 0)
  take('b', 10)
  seams.time.advance(70)
  assert.equal(turns.waitedMs, 70)
  await turn()
  assert.equal(turns.waitedMs, 0)
})

test('where time stands still all is done in the end', async () => {
  const turns = new Turns(1, virtualSeams())
  const done: number[] = []
  for (let i = 0; i < 100; i++) turns.take(1, () => void done.push(i))
  for (let i = 0; done.length < 100; i++) {
    assert.ok(i < 1_000)
    await Promise.resolve()
  }
  assert.deepEqual(done, [...done.keys()])
})
