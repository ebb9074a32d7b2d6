import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insideOf, startHeadwater } from '../../src/testing.ts'
import { like, mark, page, send } from '../journeys/testing/calls.ts'
import { inhabited, type Refused, reader, refuses, visibleState } from './testing/refusals.ts'
import { type Ask, ask, assertProblem } from './testing/wire.ts'

/** Pages, cursors and marks. */

const list = (query: string, user = reader): Ask => ({ path: `/v1/activities?${query}`, user })
const read = (body: unknown): Ask => ({ method: 'POST', path: '/v1/activities/read', user: reader, body })
const invalid = [400, 'invalid_request'] as const
const badCursor = [400, 'bad_cursor'] as const
const unknownId = '0199f1b2-7c00-7abc-8def-0123456789ab'

await refuses([
  ['B20 an unknown filter', list('filter=WAVE'), ...invalid, 'unknown_event_type'],
  ['B20 a filter in small letters', list('filter=like'), ...invalid, 'unknown_event_type'],
  ['B20 a filter that ends in a comma', list('filter=LIKE,'), ...invalid, 'unknown_event_type'],
  ['B20 a filter of 11 types', list(`filter=${Array(11).fill('LIKE').join(',')}`), ...invalid, 'too_long'],
  ['B20 a filter of 257 characters', list(`filter=${'L'.repeat(257)}`), ...invalid, 'too_long'],
  ['B50 a mark of 501 ids', read({ group_ids: ids(501) }), ...invalid, 'too_long'],
  ['B50 a mark of an id of 257', read({ group_ids: ['g'.repeat(257)] }), ...invalid, 'too_long'],
  ['B51 a mark of no group of mine', read({ group_ids: ids(3) }), 404, 'not_found'],
  ['B51 a mark of an event that nobody knows', read({ group_ids: [unknownId] }), 404, 'not_found'],
  ['B51 a mark of noise', read({ group_ids: ["' OR 1=1 --", '%', '__proto__'] }), 404, 'not_found'],
  ['B52 a mark of no ids', read({ group_ids: [] }), ...invalid, 'too_short'],
  ['B52 a mark of nothing', read({}), ...invalid, 'required'],
  ['B52 a mark of all: false', read({ all: false }), ...invalid, 'invalid_value'],
  ['B52 a mark of all and some', read({ all: true, group_ids: ['g'] }), ...invalid, 'invalid_value'],
  ['B52 a mark of some up to a position', read({ group_ids: ['g'], up_to_seq: 1 }), ...invalid, 'invalid_value'],
  ['B52 a mark up to a position before all', read({ all: true, up_to_seq: -1 }), ...invalid, 'out_of_range'],
  ['B54 a random cursor', list('cursor=q83vEjRWeJASNFZ4kBI0VniQEjRWeJA'), ...badCursor],
  ['B54 an empty cursor', list('cursor='), ...badCursor],
  ['B54 a cursor that is JSON', list(`cursor=${encodeURIComponent('{"after":"x"}')}`), ...badCursor],
  [
    'B54 a cursor in base64',
    list(`cursor=${encodeURIComponent(Buffer.from('{"a":1}').toString('base64'))}`),
    ...badCursor,
  ],
  ['B54 a cursor with %00', list('cursor=a%00b'), ...badCursor],
  ['B54 a cursor of 7 KiB', list(`cursor=${'A'.repeat(7_168)}`), ...badCursor],
  ['B57 limit 0', list('limit=0'), ...invalid, 'out_of_range'],
  ['B57 limit -1', list('limit=-1'), ...invalid, 'out_of_range'],
  ['B57 limit 101', list('limit=101'), ...invalid, 'out_of_range'],
  ['B57 limit abc', list('limit=abc'), ...invalid, 'invalid_type'],
  ['B57 limit 1e9', list('limit=1e9'), ...invalid, 'invalid_type'],
  ['B57 limit 0x10', list('limit=0x10'), ...invalid, 'invalid_type'],
  ['B57 limit with a plus', list('limit=%2B5'), ...invalid, 'invalid_type'],
  ['B57 limit in other digits', list('limit=%D9%A3'), ...invalid, 'invalid_type'],
  ['B30 no group', { path: '/v1/activities/nothing', user: reader }, 404, 'not_found'],
  ['B30 no user', { path: '/v1/users/nobody' }, 404, 'not_found'],
  ['B30 no event', { path: `/v1/events/${unknownId}` }, 404, 'not_found'],
  ['presence of nobody', { method: 'POST', path: '/v1/presence', body: { user_ids: [] } }, ...invalid, 'too_short'],
  ['presence of 501', { method: 'POST', path: '/v1/presence', body: { user_ids: ids(501) } }, ...invalid, 'too_long'],
] satisfies readonly Refused[])

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `g${i}`)
}

test('B51 a mark of some that are mine tells of those that are not, and marks the rest', async () => {
  const server = await inhabited()
  const [group] = (await page(server, reader)).activity_groups
  const marked = await mark(server, reader, 'read', { group_ids: ['nothing', group?.group_id ?? ''] })
  assert.deepEqual([marked.updated_unread_count, marked.not_found], [0, ['nothing']])
  const again = await mark(server, reader, 'read', { group_ids: [group?.group_id ?? ''] })
  assert.deepEqual([again.updated_unread_count, again.not_found], [0, []])
})

test('B52 a mark up to a position that is not there yet covers what is there, and nothing that comes later', async () => {
  const server = await inhabited()
  const { seq } = await page(server, reader)
  const marked = await mark(server, reader, 'read', { all: true, up_to_seq: Number.MAX_SAFE_INTEGER })
  assert.equal(marked.updated_unread_count, 0)
  assert.ok(marked.seq <= seq + 1, 'a mark has one position of its own')
  const again = await mark(server, reader, 'read', { all: true })
  assert.equal(again.updated_unread_count, 0)
  await send(server, like('mia', reader, 'p2'))
  assert.equal((await page(server, reader)).unread_count, 1)
})

/** A server where carol and bob have more than a page each. */
async function paged() {
  const server = await startHeadwater()
  const posts = Array.from({ length: 6 }, (_, i) => `p${i}`)
  await send(server, ...[reader, 'bob'].flatMap((user) => posts.map((post) => like('mia', user, post))))
  await send(server, ...Array.from({ length: 3 }, (_, i) => like(`fan-${i}`, reader, 'p0')))
  return server
}

test('B54 B55 a cursor is good for its own user, list and filter alone', async () => {
  await using server = await paged()
  const first = await page(server, reader, '?limit=2')
  const cursor = String(first.next_cursor)
  const filtered = String((await page(server, reader, '?limit=2&filter=LIKE')).next_cursor)
  const groups = (await page(server, reader)).activity_groups.map((group) => group.group_id)
  const grown = (await page(server, reader)).activity_groups.find((group) => group.actor_count > 1)?.group_id
  const actors = await server.request('GET', `/v1/activities/${grown}/actors?limit=1`, { user: reader })
  const ofActors = String(actors.body.next_cursor)
  assert.equal((await ask(server, list(`limit=2&cursor=${cursor}`))).status, 200)
  const wrong: readonly Ask[] = [
    list(`cursor=${cursor}`, 'bob'),
    list(`filter=LIKE&cursor=${cursor}`),
    list(`cursor=${filtered}`),
    list(`filter=COMMENT&cursor=${filtered}`),
    list(`cursor=${ofActors}`),
    { path: `/v1/activities/${grown}/actors?cursor=${cursor}`, user: reader },
    { path: `/v1/activities/${groups.find((id) => id !== grown)}/actors?cursor=${ofActors}`, user: reader },
    list(`cursor=${cursor.slice(0, -1)}`),
    list(`cursor=${cursor.slice(1)}`),
    list(`cursor=${cursor}A`),
    list(`cursor=${cursor}%3D`),
    list(`cursor=${cursor.toLowerCase()}`),
    list(`cursor=${Buffer.from(cursor, 'base64url').toString('hex')}`),
  ]
  for (const request of wrong) assertProblem(await ask(server, request), 400, 'bad_cursor')
  const own = await server.request('GET', `/v1/activities?cursor=${cursor}`, { token: await server.token(reader) })
  assert.equal(own.status, 200)
})

test('B56 a cursor that is older than what is kept has expired', async () => {
  await using server = await paged()
  const { next_cursor } = await page(server, reader, '?limit=2')
  insideOf(server).time.jump(91 * 86_400_000)
  assertProblem(await ask(server, list(`cursor=${next_cursor}`)), 410, 'cursor_expired')
})

test('B30 a group of somebody else is as little there as one that never was', async () => {
  await using server = await paged()
  const [own] = (await page(server, 'bob')).activity_groups
  const before = await visibleState(server)
  for (const id of [own?.group_id, own?.group_id.replace(/.$/, '0'), 'x']) {
    assertProblem(await ask(server, { path: `/v1/activities/${id}`, user: reader }), 404, 'not_found')
    assertProblem(await ask(server, { method: 'DELETE', path: `/v1/activities/${id}`, user: reader }), 404, 'not_found')
  }
  assert.deepEqual(await visibleState(server), before)
  assert.equal((await page(server, 'bob')).unread_count, 6)
})
