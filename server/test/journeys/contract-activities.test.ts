// What the list, one group, its actors, marks and deletion say to a caller.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater } from '../../src/testing.ts'
import { allActors, group, like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { openSocket } from './testing/socket.ts'

test('a group has every field, and the page around it its counts and position', async () => {
  await using server = await startHeadwater()
  await server.request('PUT', '/v1/users/mia', { body: { name: 'Mia', avatar_url: 'https://example.org/m.png' } })
  const at = server.now()
  await send(
    server,
    like('ben', 'carol', 'p1', { created_at: at - 3 }),
    like('mia', 'carol', 'p1', { created_at: at - 1, metadata: { preview: 'Sunset at the lake' } }),
  )
  const { activity_groups, epoch, seq, ...rest } = await page(server, 'carol')
  assert.deepEqual(rest, { unread_count: 1, unseen_count: 1, filtered_unread_count: 1, next_cursor: null })
  assert.ok(typeof epoch === 'string' && Number.isSafeInteger(seq))
  const [{ group_id, unread_seq: _, ...shown }] = activity_groups as [(typeof activity_groups)[0]]
  assert.deepEqual(shown, {
    event_type: 'LIKE',
    verb: '',
    object_type: 'POST',
    object_id: 'p1',
    actor_count: 2,
    actor_count_is_estimate: false,
    new_actor_count: 2,
    event_count: 2,
    top_actors: [
      { id: 'mia', name: 'Mia', avatar_url: 'https://example.org/m.png' },
      { id: 'ben', name: 'ben', avatar_url: null },
    ],
    summary: 'Mia and ben liked your post',
    latest_preview: 'Sunset at the lake',
    metadata: { preview: 'Sunset at the lake' },
    is_read: false,
    is_seen: false,
    is_closed: false,
    group_created_at: at - 3,
    updated_at: at - 1,
    seq,
  })
  const single = await server.request('GET', `/v1/activities/${group_id}`, { user: 'carol' })
  assert.deepEqual(single.body, { activity_group: activity_groups[0], unread_count: 1, unseen_count: 1, epoch, seq })
})

test('metadata is of the newest event that counts, however many newer ones were taken back', async () => {
  await using server = await startHeadwater()
  const actors = ['ann', 'ben', 'cem', 'dot', 'eve', 'fin']
  await send(server, ...actors.map((actor) => like(actor, 'carol', 'p1', { metadata: { preview: `of ${actor}` } })))
  for (const actor of actors.slice(1).toReversed()) {
    assert.equal((await walk(server, 'carol'))[0]?.latest_preview, `of ${actor}`)
    await send(server, unlike(actor, 'carol', 'p1'))
  }
  const [held] = await walk(server, 'carol')
  assert.deepEqual([held?.actor_count, held?.metadata], [1, { preview: 'of ann' }])
  // Older than what is shown, though it comes later.
  await send(server, like('gus', 'carol', 'p1', { created_at: (held?.updated_at ?? 0) - 60_000 }))
  assert.equal((await walk(server, 'carol'))[0]?.latest_preview, 'of ann')
})

test('newest group first, by when it was opened and then by id, whatever happens to it later', async () => {
  await using server = await startHeadwater()
  const at = server.now()
  await send(server, ...[3, 1, 2, 2, 2].map((back, i) => like('ann', 'carol', `p${i}`, { created_at: at - back })))
  const order = () => walk(server, 'carol', { limit: 2 }).then((groups) => groups.map((held) => held.group_id))
  const before = await order()
  const groups = await walk(server, 'carol')
  assert.deepEqual(
    before,
    groups.map((held) => held.group_id),
  )
  for (const [i, held] of groups.entries()) {
    const next = groups[i + 1]
    if (!next) break
    assert.ok(held.group_created_at >= next.group_created_at)
    if (held.group_created_at === next.group_created_at) assert.ok(held.group_id < next.group_id)
  }
  await send(server, like('ben', 'carol', 'p0'))
  assert.deepEqual(await order(), before)
})

test('limit, cursor and filter: what is allowed, and whose a cursor is', async () => {
  await using server = await startHeadwater()
  await send(server, ...Array.from({ length: 30 }, (_, i) => like('ann', 'carol', `p${i}`)), like('ann', 'dora', 'p1'))
  const get = async (query: string, user = 'carol') => {
    const { status, body } = await server.request('GET', `/v1/activities${query}`, { user })
    return status === 200 ? body.activity_groups.length : `${status} ${body.code}`
  }
  assert.equal(await get(''), 20)
  assert.equal(await get('?limit=100'), 30)
  assert.equal(await get('?limit=1'), 1)
  for (const query of [
    '?limit=0',
    '?limit=101',
    '?limit=x',
    '?limit=',
    '?limit=1&limit=2',
    '?limt=3',
    '?filter=',
    '?filter=LIKE,LOVE',
  ]) {
    assert.equal(await get(query), '400 invalid_request', query)
  }
  assert.equal(await get(`?filter=${Array(11).fill('LIKE').join(',')}`), '400 invalid_request')
  assert.equal(await get('?filter=LIKE,COMMENT'), 20)
  const { next_cursor: cursor } = await page(server, 'carol')
  assert.equal(await get(`?cursor=${cursor}`), 10)
  assert.equal(await get(`?cursor=${cursor}&limit=3`), 3)
  assert.equal(await get(`?cursor=${cursor}`, 'dora'), '400 bad_cursor')
  assert.equal(await get(`?cursor=${cursor}&filter=LIKE`), '400 bad_cursor')
  for (const wrong of ['', 'abc', `${cursor}x`, `${cursor}`.slice(1)])
    assert.equal(await get(`?cursor=${wrong}`), '400 bad_cursor')
  const own = await server.request('GET', `/v1/activities?cursor=${cursor}`, { token: await server.token('carol') })
  assert.equal(own.status, 200, 'the user acted for and the user are one')
})

test('who calls: the API key for a user, a user for themselves, and nobody else', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const [held] = await walk(server, 'carol')
  const paths = ['/v1/activities', `/v1/activities/${held?.group_id}`, `/v1/activities/${held?.group_id}/actors`]
  for (const path of paths) {
    const answer = async (request: object) => {
      const { status, body } = await server.request('GET', path, request)
      return `${status} ${body.code ?? ''}`.trim()
    }
    assert.equal(await answer({}), '400 user_required')
    assert.equal(await answer({ user: 'carol' }), '200')
    assert.equal(await answer({ token: await server.token('carol') }), '200')
    assert.equal(await answer({ token: null }), '401 unauthenticated')
    assert.equal(await answer({ token: 'nonsense' }), '401 unauthenticated')
    assert.equal(
      await answer({ token: await server.token('carol'), headers: { 'x-user-id': 'dora' } }),
      '403 forbidden',
    )
    if (path !== '/v1/activities') assert.equal(await answer({ user: 'dora' }), '404 not_found')
  }
  const deleted = await server.request('DELETE', `/v1/activities/${held?.group_id}`, {
    token: await server.token('dora'),
  })
  assert.deepEqual([deleted.status, deleted.body.code], [404, 'not_found'])
  assert.equal((await page(server, 'carol')).unread_count, 1)
})

test('actors are paged newest first, every one once, by those who count', async () => {
  await using server = await startHeadwater()
  const at = server.now()
  const events = Array.from({ length: 43 }, (_, i) =>
    like(`actor-${i}`, 'carol', 'p1', { created_at: at - Math.floor(i / 4) }),
  )
  await send(server, ...events)
  await send(
    server,
    unlike('actor-9', 'carol', 'p1', { created_at: at + 1 }),
    like('actor-40', 'carol', 'p1', { created_at: at + 1 }),
  )
  const id = (await walk(server, 'carol'))[0]?.group_id ?? ''
  for (const limit of [1, 5, 7, 100]) {
    const actors = await allActors(server, 'carol', id, limit)
    assert.equal(actors.length, 42)
    assert.equal(new Set(actors.map((actor) => actor.id)).size, 42)
    assert.equal(actors[0]?.id, 'actor-40')
    assert.ok(actors.every((actor, i) => i === 0 || actor.acted_at <= (actors[i - 1]?.acted_at ?? 0)))
  }
  const first = await server.request('GET', `/v1/activities/${id}/actors?limit=5`, { user: 'carol' })
  assert.deepEqual(Object.keys(first.body.actors[0]).sort(), ['acted_at', 'avatar_url', 'id', 'name'])
  const other = await server.request('GET', `/v1/activities?cursor=${first.body.next_cursor}`, { user: 'carol' })
  assert.equal(other.body.code, 'bad_cursor')
})

test('the summary counts, and is in the language of the request, else of the user', async () => {
  await using server = await startHeadwater()
  for (const [id, name] of [
    ['mia', 'Mia'],
    ['ben', 'Ben'],
    ['cy', 'Cy'],
    ['dan', 'Dan'],
  ] as const) {
    await server.request('PUT', `/v1/users/${id}`, { body: { name } })
  }
  const expected = [
    'Dan liked your post',
    'Cy and Dan liked your post',
    'Ben, Cy and 1 other liked your post',
    'Mia, Ben and 2 others liked your post',
  ]
  for (const [i, actor] of ['dan', 'cy', 'ben', 'mia'].entries()) {
    await server.advance(1)
    await send(server, like(actor, 'carol', 'p1'))
    assert.equal((await walk(server, 'carol'))[0]?.summary, expected[i])
  }
  const summary = async (headers: Record<string, string> = {}) => {
    const { body } = await server.request('GET', '/v1/activities', { user: 'carol', headers })
    return body.activity_groups[0].summary as string
  }
  const english = await summary()
  const languages = await Promise.all(['de', 'es', 'fr', 'ja', 'zh'].map((tag) => summary({ 'accept-language': tag })))
  assert.equal(new Set([english, ...languages]).size, 6, 'six languages, six sentences')
  assert.equal(await summary({ 'accept-language': 'de-AT,en;q=0.5' }), languages[0])
  assert.equal(await summary({ 'accept-language': 'tlh' }), english)
  await server.request('PUT', '/v1/users/carol', { body: { name: 'Carol', locale: 'fr' } })
  assert.equal(await summary(), languages[2])
  assert.equal(await summary({ 'accept-language': 'es' }), languages[1])
  assert.equal(await summary({ 'accept-language': 'pt-BR,pt;q=0.9,es;q=0.8' }), languages[1])
  assert.equal(await summary({ 'accept-language': 'tlh, *' }), languages[2], 'without a wish it is that of the user')
  using socket = await openSocket(server, 'carol', { headers: { 'accept-language': 'it, es;q=0.2, de;q=0.3' } })
  await socket.reached((await page(server, 'carol')).seq)
  assert.equal(socket.chain.at(-1)?.group.summary, languages[0])
})

test('different verbs and objects are different groups; a custom verb is shown', async () => {
  await using server = await startHeadwater()
  const custom = (verb: string) => like('ann', 'carol', 'x', { event_type: 'CUSTOM', verb, object_type: 'CUSTOM' })
  await send(
    server,
    custom('endorsed'),
    custom('thanked'),
    like('ann', 'carol', 'x'),
    like('ann', 'carol', 'x', { object_type: 'STORY' }),
    custom('endorsed'),
  )
  const groups = await walk(server, 'carol')
  assert.equal(groups.length, 4)
  assert.deepEqual(groups.map((held) => held.verb).sort(), ['', '', 'endorsed', 'thanked'])
  for (const held of groups) assert.ok(held.summary.length > 0)
})

test('a group whose actors all took back is not listed, and comes again under its id with the next ADD', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const id = (await walk(server, 'carol'))[0]?.group_id ?? ''
  await server.advance(1_000)
  await send(server, unlike('ann', 'carol', 'p1'))
  assert.deepEqual(await walk(server, 'carol'), [])
  assert.equal((await server.request('GET', `/v1/activities/${id}`, { user: 'carol' })).status, 404)
  using socket = await openSocket(server, 'carol')
  await socket.reached((await page(server, 'carol')).seq)
  await server.advance(1_000)
  await send(server, like('ben', 'carol', 'p1'))
  const created = await socket.next('activity_group_created')
  assert.deepEqual([created.group.group_id, created.group.actor_count], [id, 1])
})

test('deleting a group: the badge follows, it stays gone, and a later event opens another', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ann', 'carol', 'p2'))
  const [first] = await walk(server, 'carol')
  const id = first?.group_id ?? ''
  const answer = await server.request('DELETE', `/v1/activities/${id}`, { user: 'carol' })
  assert.equal(answer.status, 204)
  assert.equal((await page(server, 'carol')).unread_count, 1, 'before anything is folded')
  await server.settle()
  for (const [method, path] of [
    ['GET', id],
    ['GET', `${id}/actors`],
    ['DELETE', id],
  ] as const) {
    assert.equal((await server.request(method, `/v1/activities/${path}`, { user: 'carol' })).status, 404)
  }
  await send(server, like('ann', 'carol', first?.object_id ?? '', { created_at: server.now() }))
  await server.advance(1_000)
  await send(server, like('ben', 'carol', first?.object_id ?? ''))
  const groups = await walk(server, 'carol')
  const again = groups.find((held) => held.object_id === first?.object_id)
  assert.ok(again && again.group_id !== id)
  assert.equal((await page(server, 'carol')).unread_count, 2)
})

test('marks: one of the two, up to five hundred ids, known ones', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const id = (await walk(server, 'carol'))[0]?.group_id ?? ''
  for (const kind of ['read', 'seen']) {
    const post = async (body: object) => {
      const answer = await server.request('POST', `/v1/activities/${kind}`, { user: 'carol', body })
      return `${answer.status} ${answer.body.code ?? ''}`.trim()
    }
    for (const body of [
      {},
      { all: false },
      { all: true, group_ids: [id] },
      { group_ids: [] },
      { group_ids: Array(501).fill(id) },
      { ids: [id] },
      { all: true, up_to_seq: -1 },
      { all: true, up_to_seq: 1.5 },
    ]) {
      assert.equal(await post(body), '400 invalid_request', JSON.stringify(body).slice(0, 60))
    }
    assert.equal(await post({ group_ids: ['zzz'] }), '404 not_found')
    assert.equal(await post({ group_ids: Array(500).fill(id) }), '200')
    const nobody = await server.request('POST', `/v1/activities/${kind}`, { body: { all: true } })
    assert.equal(nobody.body.code, 'user_required')
  }
  const result = await mark(server, 'carol', 'read', { group_ids: [id] })
  assert.deepEqual(Object.keys(result).sort(), ['epoch', 'not_found', 'seq', 'unseen_count', 'updated_unread_count'])
  assert.deepEqual(
    [(await group(server, 'carol', id)).is_read, (await group(server, 'carol', id)).is_seen],
    [true, true],
  )
})

test('marking everything of nothing is no mistake', async () => {
  await using server = await startHeadwater()
  assert.deepEqual((await mark(server, 'nobody', 'read', { all: true })).updated_unread_count, 0)
  await server.settle()
  const empty = await page(server, 'nobody')
  assert.deepEqual([empty.activity_groups, empty.unread_count, empty.next_cursor], [[], 0, null])
})

test('answers say nothing of being degraded when all is well', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'))
  const [held] = await walk(server, 'carol')
  for (const [method, path, body] of [
    ['GET', '/v1/activities', undefined],
    ['GET', `/v1/activities/${held?.group_id}`, undefined],
    ['POST', '/v1/activities/read', { all: true }],
    ['POST', '/v1/presence', { user_ids: ['carol'] }],
  ] as const) {
    const answer = await server.request(method, path, { user: 'carol', ...(body && { body }) })
    assert.equal(answer.status, 200)
    assert.equal('degraded' in answer.body, false)
    assert.equal(answer.headers.has('headwater-degraded'), false)
  }
})
