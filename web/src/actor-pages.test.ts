/// <reference types="node" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActorsPage } from '@headwater/client'
import { ActorPages, noActors } from './actor-pages.ts'

const page = (ids: string, next_cursor: string | null): ActorsPage => ({
  actors: [...ids].map((id) => ({ id, name: id, avatar_url: null, acted_at: 1 })),
  next_cursor,
})

/** Pages whose answers come when the test says so. */
function setup() {
  const asked: { readonly cursor: string | null; readonly answer: PromiseWithResolvers<ActorsPage> }[] = []
  let shown = noActors
  const pages = new ActorPages(
    (cursor) => {
      const answer = Promise.withResolvers<ActorsPage>()
      asked.push({ cursor, answer })
      return answer.promise
    },
    (now) => {
      shown = now
    },
  )
  const settle = async () => {
    for (let i = 0; i < 10; i++) await null
  }
  const give = async (index: number, answer: ActorsPage) => {
    asked[index]?.answer.resolve(answer)
    await settle()
  }
  const fail = async (index: number) => {
    asked[index]?.answer.reject(new Error('broken'))
    await settle()
  }
  const ids = () => shown.actors?.map(({ id }) => id).join('') ?? null
  return { pages, asked, give, fail, ids, shown: () => shown }
}

test('pages follow one another to the end', async () => {
  const { pages, asked, give, ids, shown } = setup()
  void pages.loadFirst()
  assert.deepEqual([ids(), shown().isLoading], [null, true])
  await give(0, page('ab', 'c1'))
  void pages.loadMore()
  await give(1, page('cd', null))
  void pages.loadMore()
  assert.deepEqual([ids(), asked.map(({ cursor }) => cursor)], ['abcd', [null, 'c1']])
})

test('asked for twice, a further page is listed once', async () => {
  const { pages, asked, give, ids, shown } = setup()
  void pages.loadFirst()
  await give(0, page('ab', 'c1'))
  void pages.loadMore()
  void pages.loadMore()
  assert.equal(shown().isLoading, true)
  await give(1, page('cd', null))
  assert.deepEqual([ids(), asked.length], ['abcd', 2])
})

test('a further page of a list that has begun anew is not listed', async () => {
  const { pages, give, ids, shown } = setup()
  void pages.loadFirst()
  await give(0, page('ab', 'c1'))
  void pages.loadMore()
  void pages.loadFirst()
  await give(2, page('xab', 'c2'))
  await give(1, page('cd', null))
  assert.deepEqual([ids(), shown().next, shown().isLoading], ['xab', 'c2', false])
})

test('nothing further is asked for while the list begins anew', async () => {
  const { pages, asked, give } = setup()
  void pages.loadFirst()
  await give(0, page('ab', 'c1'))
  void pages.loadFirst()
  void pages.loadMore()
  assert.deepEqual(
    asked.map(({ cursor }) => cursor),
    [null, null],
  )
})

test('a further page that fails leaves the list as it is, and can be tried again', async () => {
  const { pages, give, fail, ids, shown } = setup()
  void pages.loadFirst()
  await give(0, page('ab', 'c1'))
  void pages.loadMore()
  await fail(1)
  assert.deepEqual([ids(), shown().next, shown().isLoading, shown().failure], ['ab', 'c1', false, 'broken'])
  void pages.loadMore()
  assert.equal(shown().failure, '')
  await give(2, page('cd', null))
  assert.deepEqual([ids(), shown().failure], ['abcd', ''])
})

test('stopped, it hears of no answer, and can begin anew', async () => {
  const { pages, give, fail, ids, shown } = setup()
  void pages.loadFirst()
  pages.stop()
  await fail(0)
  assert.deepEqual([ids(), shown().failure], [null, ''])
  void pages.loadFirst()
  await give(1, page('ab', null))
  assert.equal(ids(), 'ab')
})

test('it keeps up with the group, at most every two seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { pages, asked, give, ids } = setup()
  pages.keepUp(5)
  pages.keepUp(5)
  await give(0, page('ab', 'c1'))
  for (const version of [6, 7, 8]) pages.keepUp(version)
  assert.equal(asked.length, 1)
  t.mock.timers.tick(2_000)
  assert.equal(asked.length, 2)
  await give(1, page('cab', 'c2'))
  t.mock.timers.tick(60_000)
  assert.deepEqual([ids(), asked.length], ['cab', 2])
  pages.keepUp(9)
  assert.equal(asked.length, 3, 'at once after a quiet time')
})

test('an answer that takes longer than that is waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { pages, asked, give, ids } = setup()
  pages.keepUp(5)
  pages.keepUp(6)
  t.mock.timers.tick(2_000)
  t.mock.timers.tick(2_000)
  assert.equal(asked.length, 1)
  await give(0, page('ab', 'c1'))
  t.mock.timers.tick(2_000)
  await give(1, page('cab', 'c2'))
  assert.deepEqual([ids(), asked.length], ['cab', 2])
})

test('whoever has read on keeps the place, also while a further page is on its way, and offline and back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { pages, asked, give, ids, shown } = setup()
  pages.keepUp(5)
  await give(0, page('ab', 'c1'))
  t.mock.timers.tick(2_000)
  void pages.loadMore()
  pages.keepUp(6)
  t.mock.timers.tick(2_000)
  await give(1, page('cd', 'c2'))
  t.mock.timers.tick(60_000)
  void pages.loadMore()
  pages.stop()
  pages.keepUp(7)
  t.mock.timers.tick(60_000)
  assert.deepEqual([ids(), asked.length, shown().isLoading], ['abcd', 3, false])
})
