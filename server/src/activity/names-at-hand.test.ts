import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUserStore, newUserState } from '../engines/memory/user-store.ts'
import { HeadwaterError } from '../lib/error.ts'
import { virtualSeams } from '../lib/virtual-seams.ts'
import { namesAtHand } from './names-at-hand.ts'

const profile = (id: string, name: string) => ({ id, name, avatarUrl: null, locale: null, properties: {} })

async function openNames() {
  const seams = virtualSeams({ seed: 1 })
  const store = memoryUserStore(newUserState())
  let answer: 'known' | 'down' | 'silent' | 'broken' = 'known'
  const users = {
    ...store,
    get: (ids: readonly string[]) => {
      if (answer === 'down') return Promise.reject(new HeadwaterError('store_unavailable'))
      if (answer === 'broken') return Promise.reject(new HeadwaterError('internal'))
      return answer === 'silent' ? new Promise<never>(() => {}) : store.get(ids)
    },
  }
  let missing = 0
  const names = namesAtHand(users, seams.scheduler, () => {
    missing++
  })
  await store.put(profile('ann', 'Ann'), 1)
  const namesOf = async (ids: readonly string[]) => (await names.get(ids)).map((user) => user?.name)
  return {
    store,
    names,
    namesOf,
    time: seams.time,
    missing: () => missing,
    be(next: typeof answer) {
      answer = next
    },
  }
}

test('a store that is down: who was named lately is named, the others are not, and it is told', async () => {
  const { names, namesOf, be, missing } = await openNames()
  assert.deepEqual(await namesOf(['ann', 'bob']), ['Ann', undefined])
  await names.put(profile('cat', 'Cat'), 2)
  assert.equal(missing(), 0)
  be('down')
  assert.deepEqual(await namesOf(['cat', 'bob', 'ann']), ['Cat', undefined, 'Ann'])
  assert.equal(missing(), 1)
  be('known')
  assert.deepEqual(await namesOf(['bob', 'ann']), [undefined, 'Ann'])
  assert.equal(missing(), 1)
})

test('a store that is silent is waited for a second', async () => {
  const { namesOf, be, time, missing } = await openNames()
  await namesOf(['ann'])
  be('silent')
  const asked = namesOf(['ann'])
  time.advance(999)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(missing(), 0)
  time.advance(1)
  assert.deepEqual(await asked, ['Ann'])
  assert.equal(missing(), 1)
})

test('who was erased is named no more, whoever erased them', async () => {
  const { names, namesOf, store, be } = await openNames()
  for (const erase of [
    () => names.erase('ann', 3, []),
    async () => names.forget('ann'),
    () => store.erase('ann', 3, []),
  ]) {
    await names.put(profile('ann', 'Ann'), 2)
    assert.deepEqual(await namesOf(['ann']), ['Ann'])
    await erase()
    if (erase.toString().includes('store')) assert.deepEqual(await namesOf(['ann']), [undefined], 'the store said so')
    be('down')
    assert.deepEqual(await namesOf(['ann']), [undefined])
    be('known')
  }
})

test('an answer that was asked for before somebody was erased does not bring them back', async () => {
  const { names, namesOf, be } = await openNames()
  const asked = namesOf(['ann'])
  names.forget('ann')
  assert.deepEqual(await asked, ['Ann'])
  be('down')
  assert.deepEqual(await namesOf(['ann']), [undefined])
})

test('an answer that was asked for before somebody got another name does not bring the old one back', async () => {
  const { store, names, namesOf, be } = await openNames()
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  const { get } = store
  store.get = async (ids) => {
    const found = await get(ids)
    await answered
    return found
  }
  const asked = namesOf(['ann'])
  await names.put(profile('ann', 'Anna'), 2)
  answer()
  assert.deepEqual(await asked, ['Ann'])
  be('down')
  assert.deepEqual(await namesOf(['ann']), ['Anna'])
})

test('what is no outage is not hidden', async () => {
  const { names, be } = await openNames()
  be('broken')
  await assert.rejects(names.get(['ann']), (error) => HeadwaterError.is(error) && error.code === 'internal')
})
