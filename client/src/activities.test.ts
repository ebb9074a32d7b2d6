import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientOptions, createClient } from './client.ts'
import { HeadwaterError } from './error.ts'
import { FakeServer, problem } from './testing/fake-server.ts'
import { VirtualWorld } from './testing/virtual.ts'

function setup(options: Partial<ClientOptions> = {}) {
  const world = new VirtualWorld()
  world.chance = 1
  const server = new FakeServer(world)
  const { stream } = server
  for (let n = 0; n < 5; n++) stream.event(`g${n}`, n, n === 2 ? 'COMMENT' : 'LIKE')
  const client = createClient({
    url: 'http://test',
    token: 't',
    fetch: server.fetch,
    WebSocket: server.sockets.Constructor,
    seams: world.seams,
    activities: { pageSize: 2 },
    ...options,
  })
  const { activities } = client
  const state = () => activities.getSnapshot()
  const ids = () => state().groups.map((group) => group.group_id)
  const connect = async () => {
    const call = activities.connect()
    await world.run(100)
    await call
  }
  /** Something happens on the server, and is sent out. */
  const live = async (act: () => void) => {
    act()
    server.flush()
    await world.run(10)
  }
  /** Runs time until the call is over. */
  const finish = async <T>(call: Promise<T>): Promise<T> => {
    void call.catch(() => {})
    await world.run(60_000)
    return call
  }
  const pages = () => server.requests.filter(({ method, path }) => method === 'GET' && path === '/v1/activities')
  return { world, server, stream, client, activities, state, ids, connect, live, finish, pages }
}

test('from idle to live', async () => {
  const { world, activities, state, ids, server } = setup()
  assert.deepEqual(state(), {
    status: 'idle',
    connection: 'offline',
    groups: [],
    unreadCount: 0,
    unseenCount: 0,
    hasMore: false,
    error: null,
    filter: null,
  })
  const steps: string[] = []
  activities.subscribe(() => steps.push(`${state().status} ${state().connection} ${state().groups.length}`))
  void activities.connect()
  void activities.connect()
  await world.run(100)
  assert.deepEqual(steps, ['idle connecting 0', 'loading connecting 0', 'ready connecting 2', 'ready online 2'])
  assert.deepEqual(ids(), ['g4', 'g3'])
  assert.deepEqual([state().unreadCount, state().unseenCount, state().hasMore], [5, 5, true])
  assert.equal(server.sockets.all.length, 1)
  assert.deepEqual(server.sockets.last.sent, [{ type: 'auth', token: 't', resume: { epoch: 'e1', seq: 5 } }])
})

test('what happens is shown, and nothing is told that changed nothing', async () => {
  const { stream, state, ids, connect, live, activities, world } = setup()
  await connect()
  const before = state()
  let told = 0
  const stop = activities.subscribe(() => told++)
  await live(() => stream.event('g9', 9))
  assert.deepEqual([ids(), state().unreadCount, told], [['g9', 'g4', 'g3'], 6, 1])
  assert.notEqual(state(), before)
  await live(() => stream.event('g0', 0))
  assert.deepEqual([ids(), told], [['g9', 'g4', 'g3'], 1])
  await live(() => stream.remove('g9'))
  assert.deepEqual([ids(), state().unreadCount, told], [['g4', 'g3'], 5, 2])
  await world.run(100_000)
  assert.equal(told, 2)
  stop()
  await live(() => stream.event('g9', 9))
  assert.equal(told, 2)
})

test('subscribing a function twice means hearing twice; one that throws does not silence the others', async (t) => {
  const { activities, finish } = setup()
  const thrown: unknown[] = []
  t.mock.method(globalThis, 'queueMicrotask', (run: () => void) => {
    try {
      run()
    } catch (error) {
      thrown.push(error)
    }
  })
  let told = 0
  const listener = () => told++
  activities.subscribe(() => {
    throw new Error('broken view')
  })
  const stop = activities.subscribe(listener)
  activities.subscribe(listener)
  await finish(activities.load())
  assert.equal(told, 4)
  assert.equal(thrown.length, 2)
  stop()
  stop()
  await finish(activities.setFilter(['LIKE']))
  assert.ok(told > 4)
})

test('paging goes to the end, once each, and marks do not disturb it', async () => {
  const { stream, activities, state, ids, connect, live, finish } = setup()
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
    const { server, activities, state, ids, connect, finish } = setup()
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
  const { stream, activities, state, ids, connect, live, finish } = setup({ activities: { pageSize: 2, maxGroups: 4 } })
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
  const { stream, activities, state, ids, connect, live, finish, pages } = setup()
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
  const { world, server, activities, state, ids, connect } = setup()
  await connect()
  const latencies = [500, 1]
  server.latencyMs = () => latencies.shift() ?? 1
  const first = activities.setFilter(['LIKE'])
  const second = activities.setFilter(['COMMENT'])
  await world.run(5_000)
  await Promise.all([first, second])
  assert.deepEqual([ids(), state().filter, state().status], [['g2'], ['COMMENT'], 'ready'])
})

test('marking is shown before the server answers', async () => {
  const { server, activities, state, connect, finish, world } = setup()
  await connect()
  const call = activities.markRead(['g4'])
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read], [4, true])
  await world.run(500)
  const answer = await finish(call)
  assert.equal(answer.updated_unread_count, 4)
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read, server.stream.counts.unread_count], [4, true, 4])
})

test('a mark that fails is taken back and thrown', async () => {
  const { server, activities, state, connect, finish } = setup()
  await connect()
  const before = state()
  server.intercept = ({ method }) => (method === 'POST' ? problem(403, 'forbidden') : undefined)
  for (const mark of [
    () => activities.markRead(['g4', 'g3']),
    () => activities.markAllRead(),
    () => activities.markSeen(['g4']),
    () => activities.markAllSeen(),
  ]) {
    const call = mark()
    assert.notDeepEqual(state(), before)
    await assert.rejects(finish(call), (error) => HeadwaterError.is(error) && error.code === 'forbidden')
    assert.deepEqual(state(), before)
  }
})

test('a mark whose answer is lost is sent again and counts once', async () => {
  const { server, activities, state, connect, finish, world } = setup()
  await connect()
  let losses = 2
  server.losesReplies = ({ method }) => method === 'POST' && losses-- > 0
  const call = activities.markAllRead()
  await world.run(10)
  await finish(call)
  assert.deepEqual([state().unreadCount, server.stream.counts.unread_count], [0, 0])
})

test('marking all reaches exactly what was shown', async () => {
  const { server, stream, activities, state, ids, connect, finish } = setup()
  await connect()
  stream.event('g9', 9)
  await finish(activities.markAllRead())
  const mark = server.requests.find(({ method }) => method === 'POST')
  assert.deepEqual(mark?.body, { all: true, up_to_seq: 5 })
  assert.deepEqual([ids()[0], state().groups[0]?.is_read, state().unreadCount], ['g9', false, 1])
})

test('more than 500 ids go in several requests; none go nowhere', async () => {
  const { server, activities, connect, finish } = setup()
  await connect()
  const many = Array.from({ length: 1_200 }, (_, n) => `x${n}`)
  const answer = await finish(activities.markRead([...many, 'g1']))
  const sizes = server.requests.flatMap(({ method, body }) =>
    method === 'POST' ? [(body as { group_ids: string[] }).group_ids.length] : [],
  )
  assert.deepEqual([sizes, answer.not_found.length, answer.updated_unread_count], [[500, 500, 201], 1_200, 4])
  const nothing = await finish(activities.markRead([]))
  assert.deepEqual([nothing.updated_unread_count, nothing.not_found], [4, []])
})

test('a mark on another device arrives without reading the list again', async () => {
  const { stream, state, connect, live, pages } = setup()
  await connect()
  await live(() => stream.mark('read', { group_ids: ['g4'] }))
  assert.deepEqual([state().groups.map((group) => group.is_read), state().unreadCount], [[true, false], 4])
  await live(() => stream.mark('read', { all: true }))
  assert.deepEqual([state().groups.map((group) => group.is_read), state().unreadCount], [[true, true], 0])
  assert.equal(pages().length, 1)
})

test('a removed group is gone at once, for good, and back if that failed', async () => {
  const { server, stream, activities, ids, state, connect, live, finish } = setup()
  await connect()
  server.intercept = ({ method }) => (method === 'DELETE' ? problem(403, 'forbidden') : undefined)
  const failing = activities.remove('g4')
  assert.deepEqual(ids(), ['g3'])
  await assert.rejects(finish(failing), HeadwaterError.is)
  assert.deepEqual(ids(), ['g4', 'g3'])
  server.intercept = () => undefined
  await finish(activities.remove('g4'))
  assert.deepEqual([ids(), state().unreadCount], [['g3'], 4])
  await live(() => stream.event('g4', 4))
  assert.deepEqual(ids(), ["g4'", 'g3'])
  await finish(activities.remove('g4'))
})

test('a connection that was away brings exactly what was missed', async () => {
  const { world, server, stream, ids, state, connect, pages } = setup()
  await connect()
  server.sockets.last.cut()
  stream.event('g7', 7)
  stream.event('g3', 3)
  stream.remove('g4')
  stream.mark('read', { group_ids: ['g7'] })
  await world.run(2_000)
  assert.deepEqual([ids(), state().unreadCount, state().connection], [['g7', 'g3'], 4, 'online'])
  assert.equal(state().groups[0]?.is_read, true)
  assert.equal(pages().length, 1)
})

test('after a reset the list is read again, without being emptied', async () => {
  const { world, server, stream, activities, ids, state, connect, pages } = setup()
  await connect()
  const seen: string[] = []
  activities.subscribe(() => seen.push(`${state().status} ${ids().length}`))
  server.sockets.last.cut()
  stream.remove('g4')
  stream.event('g7', 7)
  server.oldestSeq = stream.seq
  await world.run(2_000)
  assert.deepEqual([ids(), state().unreadCount, pages().length], [['g7', 'g3'], 5, 2])
  assert.ok(
    seen.every((each) => each === 'ready 2'),
    seen.join(),
  )
})

test('another epoch starts with an empty list', async () => {
  const { world, server, stream, ids, state, connect } = setup()
  await connect()
  server.sockets.last.cut()
  stream.epoch = 'e2'
  stream.event('g7', 7)
  await world.run(2_000)
  assert.deepEqual([ids(), state().unreadCount, state().status], [['g7', 'g4'], 6, 'ready'])
})

test('a first page that fails is an error, and asked for again when the server said', async () => {
  const { world, server, activities, state, ids, pages } = setup()
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

test('without a token nobody is pestered, and with one all is well', async () => {
  let calls = 0
  let isLoggedIn = false
  const token = () => {
    calls++
    return isLoggedIn ? 't' : Promise.reject(new Error('logged out'))
  }
  const { world, activities, state, ids } = setup({ token })
  await Promise.all([activities.connect(), world.run(3_600_000)])
  assert.deepEqual(
    [state().status, state().connection, state().error?.code],
    ['error', 'connecting', 'token_unavailable'],
  )
  assert.ok(calls < 25, `${calls} calls in an hour`)
  isLoggedIn = true
  await world.run(700_000)
  assert.deepEqual([state().status, state().connection, state().error, ids()], ['ready', 'online', null, ['g4', 'g3']])
})

test('a slow first page does not hold up the stream, and is read again if it is too old for it', async () => {
  const { world, server, stream, activities, state, ids, pages } = setup()
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

test('a refused token shows in the state', async () => {
  const { world, server, activities, state } = setup()
  server.intercept = () => problem(401, 'unauthenticated')
  server.sockets.onCreate = (socket) =>
    world.seams.scheduler.after(1, () => {
      socket.accept()
      socket.cut(4501)
    })
  await Promise.all([activities.connect(), world.run(10_000)])
  assert.deepEqual([state().status, state().connection, state().error?.code], ['error', 'offline', 'unauthenticated'])
})

test('a token that the page could not use and the stream renewed lets the page be read', async () => {
  let count = 0
  const { world, server, activities, state } = setup({ token: () => `t${++count}` })
  server.intercept = ({ headers }) => (headers.get('authorization') === 'Bearer t3' ? undefined : problem(401, 'token'))
  server.sockets.onCreate = (socket) => {
    const create = server.sockets.all.length
    world.seams.scheduler.after(1, () => socket.accept())
    socket.onSent = () => {
      if (create === 1) return socket.cut(4502)
      socket.push({
        type: 'hello',
        epoch: 'e1',
        from_seq: 5,
        seq: 5,
        unread_count: 5,
        unseen_count: 5,
        ping_interval_ms: 0,
        timeout_ms: 0,
      })
    }
  }
  await Promise.all([activities.connect(), world.run(10_000)])
  assert.deepEqual([state().status, state().connection, state().error, count], ['ready', 'online', null, 3])
})

test('closed, everything stops and what is loaded stays; connecting again goes on', async () => {
  const { world, stream, client, state, ids, connect, server } = setup()
  await connect()
  client.close()
  assert.deepEqual([state().connection, ids().length, world.timers, world.listeners], ['offline', 2, 0, 0])
  stream.event('g7', 7)
  await connect()
  assert.deepEqual([ids(), state().connection, server.sockets.all.length], [['g7', 'g4'], 'online', 2])
})

test('closed before the first page has come, it opens no socket', async () => {
  const { world, server, activities } = setup()
  const call = activities.connect()
  activities.close()
  await world.run(60_000)
  await call
  assert.equal(server.sockets.all.length, 0)
  assert.equal(world.timers, 0)
})

test('it is of use without a live connection', async () => {
  const { server, activities, state, ids, finish } = setup()
  await finish(activities.load())
  assert.deepEqual([ids(), state().status, state().connection], [['g4', 'g3'], 'ready', 'offline'])
  await finish(activities.markRead(['g4']))
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read], [4, true])
  await finish(activities.load())
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read, server.sockets.all.length], [4, true, 0])
})

test('methods can be passed around', async () => {
  const { activities, ids, finish } = setup()
  const { load, loadMore, getSnapshot } = activities
  await finish(load())
  await finish(loadMore())
  assert.equal(getSnapshot().groups.length, ids().length)
})

test('actors are paged', async () => {
  const { server, activities, finish } = setup()
  const page = { actors: [{ id: 'mia', name: 'Mia', avatar_url: null, acted_at: 1 }], next_cursor: 'n' }
  server.intercept = () => ({ status: 200, body: page })
  assert.deepEqual(await finish(activities.actors('g/4', { cursor: 'c', limit: 5 })), page)
  const [request] = server.requests
  assert.equal(request?.path, '/v1/activities/g%2F4/actors')
  assert.equal(request?.query.toString(), 'cursor=c&limit=5')
})

test('with an API key and a user it makes its own token for the stream', async () => {
  const { world, server, activities, state } = setup({ token: undefined, apiKey: 'k', userId: 'carol' })
  server.intercept = ({ path }) =>
    path === '/v1/tokens' ? { status: 201, body: { token: 'made', token_id: 'i', expires_at: 1 } } : undefined
  await Promise.all([activities.connect(), world.run(1_000)])
  assert.equal(state().connection, 'online')
  assert.equal((server.sockets.last.sent[0] as { token: string }).token, 'made')
})

test('live groups that come while a further page is on its way leave no hole', async () => {
  const { world, server, stream, activities, state, ids, connect } = setup({
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
  const { world, server, activities, ids, connect, finish } = setup()
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
  const { stream, activities, state, ids, connect, live, finish, pages } = setup({
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
  const { world, activities, state, ids, connect } = setup()
  await connect()
  const call = activities.setFilter(['COMMENT'])
  assert.deepEqual([state().status, ids()], ['loading', []])
  await world.run(1_000)
  await call
  assert.equal(state().status, 'ready')
})

test('a page of an epoch that is over is not taken while the stream is in another', async () => {
  const { world, server, stream, activities, state, ids, connect } = setup()
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
  const { world, server, stream, activities, ids, pages } = setup()
  const latencies = [1_000, 1_010, 100]
  server.latencyMs = () => latencies.shift() ?? 1
  const call = activities.connect()
  await world.run(1_500)
  stream.event('g7', 7)
  await world.run(5_000)
  await call
  assert.deepEqual([ids(), pages().length], [['g7', 'g4'], 2])
})

test('a list that failed is tried again when the connection is back', async () => {
  const { world, server, activities, state, ids, connect } = setup()
  await connect()
  server.intercept = () => problem(401, 'unauthenticated')
  const call = activities.setFilter(['COMMENT'])
  await world.run(1_000)
  await call
  assert.equal(state().status, 'error')
  server.intercept = () => undefined
  server.sockets.last.cut()
  await world.run(2_000)
  assert.deepEqual([state().status, state().error, ids()], ['ready', null, ['g2']])
})
