import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setupActivities } from './testing/activities-setup.ts'
import { problem } from './testing/fake-server.ts'

test('paging goes to the end, once each, and marks do not disturb it', async () => {
  const { stream, activities, state, ids, connect, live, finish } = setupActivities()
  await connect()
  await finish(activities.loadMore())
  await live(() => stream.mark('read', { all: true }))
  await Promise.all([finish(activities.loadMore()), activities.loadMore()])
  assert.deepEqual(ids(), ['g4', 'g3', 'g2', 'g1', 'g0'])
  assert.deepEqual([state().hasMore, state().unreadCount], [false, 0])
  assert.ok(state().groups.every((group) => group.is_read))
  await finish(activities.loadMore())
  assert.equal(ids().length, 5)
})

test('a cursor that has become useless is replaced by a walk', async () => {
  for (const code of ['cursor_expired', 'bad_cursor']) {
    const { server, activities, state, ids, connect, finish } = setupActivities()
    await connect()
    server.intercept = ({ query }) => {
      if (!query.get('cursor')) return undefined
      server.intercept = () => undefined
      return problem(code === 'bad_cursor' ? 400 : 410, code)
    }
    await finish(activities.loadMore())
    assert.deepEqual(ids(), ['g4', 'g3', 'g2', 'g1', 'g0'])
    assert.equal(state().error, null)
  }
})

test('a list that nobody pages is bounded, and can still be paged', async () => {
  const { stream, activities, state, ids, connect, live, finish } = setupActivities({
    activities: { pageSize: 2, maxGroups: 4 },
  })
  await connect()
  for (let n = 10; n < 20; n++) await live(() => stream.event(`g${n}`, n))
  assert.deepEqual(ids(), ['g19', 'g18', 'g17', 'g16'])
  assert.equal(state().hasMore, true)
  await finish(activities.loadMore())
  assert.deepEqual(
    ids(),
    stream.groups(null).map((group) => group.group_id),
  )
})

test('a filter holds for pages and live groups; the counts stay those of all', async () => {
  const { stream, activities, state, ids, connect, live, finish, pages } = setupActivities()
  await connect()
  await finish(activities.setFilter(['COMMENT', 'COMMENT']))
  assert.deepEqual([ids(), state().filter, state().unreadCount], [['g2'], ['COMMENT'], 5])
  assert.equal(pages().at(-1)?.query.get('filter'), 'COMMENT')
  await live(() => stream.event('g8', 8, 'COMMENT'))
  await live(() => stream.event('g9', 9, 'LIKE'))
  assert.deepEqual([ids(), state().unreadCount], [['g8', 'g2'], 7])
  const count = pages().length
  await finish(activities.setFilter(['COMMENT']))
  assert.equal(pages().length, count)
  await finish(activities.setFilter([]))
  assert.deepEqual([ids(), state().filter], [['g9', 'g8'], null])
})

test('of two filters in a row the last one holds, whichever answer is slower', async () => {
  const { world, server, activities, state, ids, connect } = setupActivities()
  await connect()
  const latencies = [500, 1]
  server.latencyMs = () => latencies.shift() ?? 1
  const first = activities.setFilter(['LIKE'])
  const second = activities.setFilter(['COMMENT'])
  await world.run(5_000)
  await Promise.all([first, second])
  assert.deepEqual([ids(), state().filter, state().status], [['g2'], ['COMMENT'], 'ready'])
})

test('a first page that fails is an error, and asked for again when the server said', async () => {
  const { world, server, activities, state, ids, pages } = setupActivities()
  server.intercept = ({ path }) =>
    path === '/v1/activities' ? problem(503, 'store_unavailable', { 'retry-after': '40' }) : undefined
  await Promise.all([activities.connect(), world.run(39_000)])
  const { status, error, connection } = state()
  assert.deepEqual(
    [status, connection, error?.code, error?.retryAfterMs],
    ['error', 'online', 'store_unavailable', 40_000],
  )
  assert.equal(pages().length, 1, 'a hello is no reason to hurry')
  server.intercept = () => undefined
  await world.run(2_000)
  assert.deepEqual([state().status, state().error, ids()], ['ready', null, ['g4', 'g3']])
})

test('a slow first page does not hold up the stream, and is read again if it is too old for it', async () => {
  const { world, server, stream, activities, state, ids, pages } = setupActivities()
  const old = stream.page(null, 2, null)
  server.intercept = ({ method }) => {
    if (method !== 'GET') return undefined
    server.intercept = () => undefined
    return { status: 200, body: old }
  }
  const latencies = [3_000]
  server.latencyMs = () => latencies.shift() ?? 1
  const call = activities.connect()
  await world.run(1_000)
  stream.event('g7', 7)
  await world.run(1_500)
  assert.deepEqual([state().connection, state().status, state().unreadCount], ['online', 'loading', 6])
  await world.run(5_000)
  await call
  assert.deepEqual([ids(), pages().length, state().unreadCount], [['g7', 'g4'], 2, 6])
})

test('actors are paged', async () => {
  const { server, activities, finish } = setupActivities()
  const page = { actors: [{ id: 'mia', name: 'Mia', avatar_url: null, acted_at: 1 }], next_cursor: 'n' }
  server.intercept = () => ({ status: 200, body: page })
  assert.deepEqual(await finish(activities.actors('g/4', { cursor: 'c', limit: 5 })), page)
  const [request] = server.requests
  assert.equal(request?.path, '/v1/activities/g%2F4/actors')
  assert.equal(request?.query.toString(), 'cursor=c&limit=5')
})

test('live groups that come while a further page is on its way leave no hole', async () => {
  const { world, server, stream, activities, state, ids, connect } = setupActivities({
    activities: { pageSize: 2, maxGroups: 3 },
  })
  await connect()
  server.latencyMs = () => 1_000
  const more = activities.loadMore()
  await world.run(500)
  for (let n = 10; n < 1_600; n++) stream.event(`g${n}`, n)
  server.flush()
  await world.run(5_000)
  await more
  const all = stream.groups(null).map((group) => group.group_id)
  assert.deepEqual(ids(), all.slice(0, ids().length))
  assert.ok(ids().length > 4 && state().hasMore)
})

test('a further page that comes after the filter has changed is void', async () => {
  const { world, server, activities, ids, connect, finish } = setupActivities()
  await connect()
  await finish(activities.setFilter(['LIKE']))
  const latencies = [1, 900]
  server.latencyMs = () => latencies.shift() ?? 1
  const more = activities.loadMore()
  await world.run(10)
  const filtered = activities.setFilter(null)
  await finish(Promise.all([more, filtered]))
  assert.deepEqual(ids(), ['g4', 'g3'])
  await finish(activities.loadMore())
  await finish(activities.loadMore())
  assert.deepEqual(ids(), ['g4', 'g3', 'g2', 'g1', 'g0'])
})

test('a walk goes as far as the list reached, and on', async () => {
  const { stream, activities, state, ids, connect, live, finish, pages } = setupActivities({
    activities: { pageSize: 2, maxGroups: 250 },
  })
  await connect()
  await live(() => {
    for (let n = 10; n < 400; n++) stream.event(`g${n}`, n)
  })
  assert.equal(ids().length, 250)
  const before = pages().length
  await finish(activities.loadMore())
  assert.deepEqual([ids().length, pages().length - before, state().hasMore], [300, 3, true])
  await finish(activities.loadMore())
  assert.deepEqual(
    ids(),
    stream
      .groups(null)
      .slice(0, 302)
      .map((group) => group.group_id),
  )
})

test('another filter is being loaded until its own page has come', async () => {
  const { world, activities, state, ids, connect } = setupActivities()
  await connect()
  const call = activities.setFilter(['COMMENT'])
  assert.deepEqual([state().status, ids()], ['loading', []])
  await world.run(1_000)
  await call
  assert.equal(state().status, 'ready')
})

test('a page of an epoch that is over is not taken while the stream is in another', async () => {
  const { world, server, stream, activities, state, ids, connect } = setupActivities()
  await connect()
  const latencies = [1, 5_000]
  server.latencyMs = () => latencies.shift() ?? 1
  const call = activities.load()
  await world.run(10)
  stream.epoch = 'e2'
  stream.event('g7', 7)
  server.sockets.last.cut()
  await world.run(2_000)
  assert.equal(state().connection, 'online')
  const shown: string[] = []
  activities.subscribe(() => shown.push(ids().join()))
  await world.run(10_000)
  await call
  assert.deepEqual([ids(), state().status], [['g7', 'g4'], 'ready'])
  assert.ok(!shown.includes('g4,g3'), shown.join(' | '))
})

test('a page that is older than where the stream began is read again', async () => {
  const { world, server, stream, activities, ids, pages } = setupActivities()
  const latencies = [1_000, 1_010, 100]
  server.latencyMs = () => latencies.shift() ?? 1
  const call = activities.connect()
  await world.run(1_500)
  stream.event('g7', 7)
  await world.run(5_000)
  await call
  assert.deepEqual([ids(), pages().length], [['g7', 'g4'], 2])
})

test('after a page that was told to wait and came all the same, a reset reads the list at once', async () => {
  const { world, server, stream, activities, ids, connect, finish } = setupActivities()
  await connect()
  server.intercept = ({ method }) =>
    method === 'GET' ? problem(503, 'store_unavailable', { 'retry-after': '600' }) : undefined
  const call = activities.load()
  await world.run(100)
  await call
  server.intercept = () => undefined
  await Promise.all([activities.load(), world.run(100)])
  server.sockets.last.cut()
  stream.remove('g4')
  stream.event('g7', 7)
  server.oldestSeq = stream.seq
  await world.run(5_000)
  assert.deepEqual(ids(), ['g7', 'g3'])
  await finish(activities.loadMore())
})

test('a list that is void and could not be read again is an error, and nothing is loaded below it', async () => {
  const { world, server, stream, activities, state, ids, connect, finish, pages } = setupActivities()
  await connect()
  server.intercept = ({ method, query }) =>
    method === 'GET' && !query.get('cursor') ? problem(503, 'store_unavailable', { 'retry-after': '40' }) : undefined
  stream.epoch = 'e2'
  stream.event('g7', 7)
  server.sockets.last.cut()
  await world.run(5_000)
  assert.deepEqual([state().connection, state().status, state().error?.code], ['online', 'error', 'store_unavailable'])
  assert.equal(state().hasMore, false)
  const before = pages().length
  const more = activities.loadMore()
  await world.run(1_000)
  await more
  assert.deepEqual([ids(), pages().length - before], [[], 0])
  server.intercept = () => undefined
  await world.run(60_000)
  assert.deepEqual([ids(), state().status, state().hasMore], [['g7', 'g4'], 'ready', true])
  await finish(activities.loadMore())
  assert.deepEqual(ids(), ['g7', 'g4', 'g3', 'g2'])
})

test('a further page of a list that is void by then is void too', async () => {
  const { world, server, stream, activities, ids, connect } = setupActivities()
  await connect()
  server.intercept = ({ method }) =>
    method === 'GET' ? problem(503, 'store_unavailable', { 'retry-after': '40' }) : undefined
  await Promise.all([activities.load(), world.run(100)])
  server.intercept = () => undefined
  server.latencyMs = () => 1_000
  const more = activities.loadMore()
  await world.run(10)
  server.latencyMs = () => 1
  stream.epoch = 'e2'
  stream.event('g7', 7)
  server.sockets.last.cut()
  await world.run(20_000)
  await more
  assert.deepEqual(ids(), [])
  await world.run(60_000)
  assert.deepEqual(ids(), ['g7', 'g4'])
})

test('a walk that finds another epoch reads the list anew', async () => {
  const { server, stream, activities, ids, finish } = setupActivities()
  await finish(activities.load())
  stream.epoch = 'e2'
  stream.event('g7', 7)
  server.intercept = ({ query }) => (query.get('cursor') ? problem(400, 'bad_cursor') : undefined)
  await finish(activities.loadMore())
  assert.deepEqual(ids(), ['g7', 'g4'])
})

test('without a list the badge is the one that the server knew last, until there is a newer one', async () => {
  const { world, server, activities, state } = setupActivities({ WebSocket: null })
  const away = problem(503, 'store_unavailable')
  const badge = { unread_count: 4, unseen_count: 2, epoch: 'e1', seq: 3, stale: true }
  server.intercept = () => ({ ...away, body: { ...(away.body as object), badge } })
  await Promise.all([activities.load(), world.run(60_000)])
  assert.deepEqual([state().status, state().unreadCount, state().unseenCount], ['error', 4, 2])
  server.intercept = () => undefined
  await Promise.all([activities.load(), world.run(1_000)])
  assert.deepEqual([state().status, state().unreadCount, state().unseenCount], ['ready', 5, 5])
})

test('a first page that is put off for a day is asked for again within minutes', async () => {
  const { world, server, activities, state } = setupActivities()
  server.intercept = ({ method }) =>
    method === 'GET' ? problem(503, 'store_unavailable', { 'retry-after': '86400' }) : undefined
  await Promise.all([activities.connect(), world.run(1_000)])
  assert.equal(state().error?.retryAfterMs, 86_400_000)
  server.intercept = () => undefined
  await world.run(601_000)
  assert.equal(state().status, 'ready')
  activities.close()
})
