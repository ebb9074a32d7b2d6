import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from './app-for-tests.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

async function markApp() {
  const features = testFeatures(Date.UTC(2026, 0, 1))
  const app = await testApp((routes, dependencies) => addAllRoutes(routes, features, dependencies))
  const mark = (kind: string, payload: object) =>
    app.request({ method: 'POST', url: `/v1/activities/${kind}`, payload, headers: { 'x-user-id': 'alice' } })
  return { ...features, app, mark, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

test('marking answers the counts, the position and what was not found', async () => {
  await using t = await markApp()
  const id = t.groups[0]?.group_id ?? ''
  for (const kind of ['read', 'seen']) {
    const answer = (await t.mark(kind, { group_ids: [id, 'gone'] })).json()
    assert.deepEqual(answer, { updated_unread_count: 3, unseen_count: 0, seq: 6, not_found: ['gone'], epoch: 'e0' })
    assert.deepEqual(t.calls.at(-1), ['mark', 'alice', kind, { groupIds: [id, 'gone'] }])
  }
})

test('all are marked up to now, or up to a position', async () => {
  await using t = await markApp()
  await t.mark('read', { all: true })
  await t.mark('seen', { all: true, up_to_seq: 0 })
  await t.mark('read', { all: true, up_to_seq: 2 ** 63 })
  assert.deepEqual(t.calls, [
    ['mark', 'alice', 'read', { all: true, upToSeq: null }],
    ['mark', 'alice', 'seen', { all: true, upToSeq: 0 }],
    ['mark', 'alice', 'read', { all: true, upToSeq: 2 ** 63 }],
  ])
})

for (const [name, payload, path, code] of [
  ['nothing', {}, 'group_ids', 'required'],
  ['both', { all: true, group_ids: ['a'] }, 'all', 'invalid_value'],
  ['all: false', { all: false }, 'all', 'invalid_value'],
  ['no id', { group_ids: [] }, 'group_ids', 'too_short'],
  ['501 ids', { group_ids: Array.from({ length: 501 }, (_, i) => `g${i}`) }, 'group_ids', 'too_long'],
  ['a position with ids', { group_ids: ['a'], up_to_seq: 1 }, 'up_to_seq', 'invalid_value'],
  ['a negative position', { all: true, up_to_seq: -1 }, 'up_to_seq', 'out_of_range'],
  ['half a position', { all: true, up_to_seq: 1.5 }, 'up_to_seq', 'invalid_type'],
  ['a position as text', { all: true, up_to_seq: '1' }, 'up_to_seq', 'invalid_type'],
  ['a number for an id', { group_ids: [1] }, 'group_ids[0]', 'invalid_type'],
  ['what the server decides', { all: true, is_read: true }, 'is_read', 'unknown_field'],
] as const) {
  test(`a mark of ${name} is refused`, async () => {
    await using t = await markApp()
    for (const kind of ['read', 'seen']) {
      const answer = await t.mark(kind, payload)
      const [error] = answer.json().errors
      assert.deepEqual([answer.statusCode, error.path, error.code], [400, path, code])
    }
    assert.deepEqual(t.calls, [])
  })
}
