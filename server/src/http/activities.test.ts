import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idBoundAt } from '../model/group-id.ts'
import { testApp } from './app-for-tests.ts'
import { createCursors } from './cursor.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

const now = Date.UTC(2026, 0, 1)
const dayMs = 86_400_000

async function activityApp() {
  const features = testFeatures(now)
  const app = await testApp((routes, dependencies) => addAllRoutes(routes, features, dependencies))
  const alice = `Bearer ${await app.tokenOf('alice')}`
  const bob = `Bearer ${await app.tokenOf('bob')}`
  const as = (authorization: string, url: string, headers: Record<string, string> = {}) =>
    app.request({ url, headers: { authorization, ...headers } })
  return { ...features, alice, bob, app, as, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

test('a page has groups, counts, position and the way on', async () => {
  await using t = await activityApp()
  const page = (await t.as(t.alice, '/v1/activities?limit=2')).json()
  assert.deepEqual(Object.keys(page), [
    'activity_groups',
    'unread_count',
    'unseen_count',
    'filtered_unread_count',
    'epoch',
    'seq',
    'next_cursor',
  ])
  assert.deepEqual(page.activity_groups, t.groups.slice(0, 2))
  assert.deepEqual(
    [page.unread_count, page.unseen_count, page.filtered_unread_count, page.epoch, page.seq],
    [5, 2, 1, 'e0', 5],
  )
  assert.equal(typeof page.next_cursor, 'string')
})

test('following the cursors meets every group once', async () => {
  await using t = await activityApp()
  const met: string[] = []
  let url = '/v1/activities?limit=2'
  for (;;) {
    const page = (await t.as(t.alice, url)).json()
    met.push(...page.activity_groups.map(({ group_id }: { group_id: string }) => group_id))
    if (page.next_cursor === null) break
    url = `/v1/activities?limit=2&cursor=${page.next_cursor}`
  }
  assert.deepEqual(
    met,
    t.groups.map(({ group_id }) => group_id),
  )
})

test('a cursor is good for its user and filter alone, by token or by API key', async () => {
  await using t = await activityApp()
  const { next_cursor } = (await t.as(t.alice, '/v1/activities?limit=2&filter=LIKE,COMMENT')).json()
  const statusOf = async (authorization: string, query: string, headers = {}) =>
    (await t.as(authorization, `/v1/activities?${query}&cursor=${next_cursor}`, headers)).statusCode
  assert.equal(await statusOf(t.alice, 'limit=1&filter=LIKE,COMMENT'), 200)
  assert.equal(await statusOf(t.alice, 'filter=COMMENT,LIKE,LIKE'), 200)
  assert.equal(await statusOf('Bearer test-api-key', 'filter=LIKE,COMMENT', { 'x-user-id': 'alice' }), 200)
  assert.equal(await statusOf(t.alice, 'filter=LIKE'), 400)
  assert.equal(await statusOf(t.alice, 'limit=1'), 400)
  assert.equal(await statusOf(t.bob, 'filter=LIKE,COMMENT'), 400)
  const actors = await t.as(t.alice, `/v1/activities/${t.groups[0]?.group_id}/actors?cursor=${next_cursor}`)
  assert.deepEqual([actors.statusCode, actors.json().code], [400, 'bad_cursor'])
})

for (const cursor of ['', 'x', '%00', 'a'.repeat(2_000)]) {
  test(`the cursor "${cursor.slice(0, 8)}" is a bad cursor`, async () => {
    await using t = await activityApp()
    const answer = await t.as(t.alice, `/v1/activities?cursor=${cursor}`)
    assert.deepEqual([answer.statusCode, answer.json().code], [400, 'bad_cursor'])
  })
}

test('a cursor past retention has expired', async () => {
  await using t = await activityApp()
  const scope = { principal: 'user:alice', list: 'activities', filter: '' }
  const cursorAt = (createdAt: number) =>
    createCursors(['cursor-secret']).seal(scope, `${idBoundAt(createdAt).slice(0, 9)}0000000000000000`)
  const answerAt = async (createdAt: number) => t.as(t.alice, `/v1/activities?cursor=${cursorAt(createdAt)}`)
  assert.equal((await answerAt(now - 90 * dayMs)).statusCode, 200)
  const expired = await answerAt(now - 90 * dayMs - 1)
  assert.deepEqual([expired.statusCode, expired.json().code], [410, 'cursor_expired'])
})

for (const [filter, code] of [
  ['LIKES', 'unknown_event_type'],
  ['like', 'unknown_event_type'],
  ['LIKE,', 'unknown_event_type'],
  ['LIKE,'.repeat(11), 'too_long'],
] as const) {
  test(`filter=${filter} is refused as ${code}`, async () => {
    await using t = await activityApp()
    const answer = await t.as(t.alice, `/v1/activities?filter=${filter}`)
    assert.deepEqual([answer.statusCode, answer.json().errors[0].code], [400, code])
  })
}

test('the language asked for reaches the summaries', async () => {
  await using t = await activityApp()
  const localeFor = async (header: string | undefined) => {
    await t.as(t.alice, '/v1/activities', header === undefined ? {} : { 'accept-language': header })
    return (t.calls.at(-1) as [string, string, { locale: string | null }])[2].locale
  }
  assert.equal(await localeFor(undefined), null)
  assert.equal(await localeFor('*'), null)
  assert.equal(await localeFor('de'), 'de')
  assert.equal(await localeFor('fr;q=0.5, zh-Hans-CN;q=0.9, *;q=0.1'), 'zh')
  assert.equal(await localeFor('en;q=0, ja'), 'ja')
  assert.equal(await localeFor('it, de'), 'de')
  assert.equal(await localeFor('tlh'), null)
  assert.equal(await localeFor('{x}, <b>, %s'), null)
})

test('one group comes with counts and position', async () => {
  await using t = await activityApp()
  const answer = (await t.as(t.alice, `/v1/activities/${t.groups[1]?.group_id}`)).json()
  assert.deepEqual(answer, { activity_group: t.groups[1], unread_count: 5, unseen_count: 2, epoch: 'e0', seq: 5 })
})

test('the actors of a group are paged', async () => {
  await using t = await activityApp()
  const url = `/v1/activities/${t.groups[0]?.group_id}/actors`
  const first = (await t.as(t.alice, url)).json()
  assert.deepEqual(first.actors, [{ id: 'mia', name: 'Mia', avatar_url: null, acted_at: now }])
  const second = (await t.as(t.alice, `${url}?cursor=${first.next_cursor}`)).json()
  assert.deepEqual(second, { actors: [], next_cursor: null })
})

test('what is missing, foreign or no id at all is told in the same bytes', async () => {
  await using t = await activityApp()
  const own = t.groups[0]?.group_id ?? ''
  const missing = `${own.slice(0, -1)}${own.endsWith('0') ? '1' : '0'}`
  for (const tail of ['', '/actors']) {
    const bodies = new Set<string>()
    for (const [who, id] of [
      [t.bob, own],
      [t.bob, missing],
      [t.alice, missing],
      [t.alice, '__proto__'],
      [t.alice, '%2e%2e%2f%00'],
    ] as const) {
      const answer = await t.as(who, `/v1/activities/${id}${tail}`)
      assert.equal(answer.statusCode, 404)
      bodies.add(answer.body + JSON.stringify({ ...answer.headers, date: '', 'ratelimit-remaining': '' }))
    }
    assert.equal(bodies.size, 1)
  }
})

test('a deleted group answers 204 without a body', async () => {
  await using t = await activityApp()
  const answer = await t.app.request({
    method: 'DELETE',
    url: `/v1/activities/${t.groups[0]?.group_id}`,
    headers: { authorization: t.alice },
  })
  assert.deepEqual([answer.statusCode, answer.body], [204, ''])
  assert.deepEqual(t.calls, [['remove', 'alice', t.groups[0]?.group_id]])
})

test('the word of another route is its wrong method, not a group', async () => {
  await using t = await activityApp()
  const { statusCode, headers, json } = await t.as(t.alice, '/v1/activities/read')
  assert.deepEqual([statusCode, json().code, headers.allow], [405, 'method_not_allowed', 'POST'])
})
