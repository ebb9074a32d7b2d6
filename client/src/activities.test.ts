import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setupActivities } from './testing/activities-setup.ts'
import { problem } from './testing/fake-server.ts'

test('from idle to live', async () => {
  const { world, activities, state, ids, server } = setupActivities()
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
  const { stream, state, ids, connect, live, activities, world } = setupActivities()
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
  const { activities, finish } = setupActivities()
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

test('more than 500 ids go in several requests; none go nowhere', async () => {
  const { server, activities, connect, finish } = setupActivities()
  await connect()
  const many = Array.from({ length: 1_200 }, (_, n) => `x${n}`)
  const answer = await finish(activities.markRead([...many, 'g1']))
  const sizes = server.requests.flatMap(({ method, body }) =>
    method === 'POST' ? [(body as { group_ids: string[] }).group_ids.length] : [],
  )
  assert.deepEqual([sizes, answer.not_found.length, answer.updated_unread_count], [[500, 500, 201], 1_200, 4])
  assert.equal(answer.epoch, 'e1')
  await assert.rejects(finish(activities.markRead(many)), { code: 'not_found' })
  const nothing = await finish(activities.markRead([]))
  assert.deepEqual([nothing.updated_unread_count, nothing.not_found, nothing.epoch], [4, [], 'e1'])
})

test('a connection that was away brings exactly what was missed', async () => {
  const { world, server, stream, ids, state, connect, pages } = setupActivities()
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
  const { world, server, stream, activities, ids, state, connect, pages } = setupActivities()
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
  const { world, server, stream, ids, state, connect } = setupActivities()
  await connect()
  server.sockets.last.cut()
  stream.epoch = 'e2'
  stream.event('g7', 7)
  await world.run(2_000)
  assert.deepEqual([ids(), state().unreadCount, state().status], [['g7', 'g4'], 6, 'ready'])
})

test('without a token one is asked for as after a lost connection, and with one all is well', async () => {
  let calls = 0
  let isLoggedIn = false
  const token = () => {
    calls++
    return isLoggedIn ? 't' : Promise.reject(new Error('logged out'))
  }
  const { world, activities, state, ids } = setupActivities({ token })
  await Promise.all([activities.connect(), world.run(3_600_000)])
  assert.deepEqual(
    [state().status, state().connection, state().error?.code],
    ['error', 'connecting', 'token_unavailable'],
  )
  assert.ok(calls <= 200, `${calls} calls in an hour`)
  isLoggedIn = true
  await world.run(21_000)
  assert.deepEqual([state().status, state().connection, state().error, ids()], ['ready', 'online', null, ['g4', 'g3']])
})

test('a page whose token cannot be renewed is asked for again while the stream is open', async () => {
  let calls = 0
  let isTold = false
  const token = () => {
    calls++
    return calls <= 2 || isTold ? `t${calls}` : Promise.reject(new Error('not now'))
  }
  const { world, server, activities, state, ids } = setupActivities({ token })
  // The stream opens with the second token, which the page is refused with, as by a node with another clock.
  const refused = ['Bearer t1', 'Bearer t2']
  server.intercept = ({ headers }) =>
    refused.includes(headers.get('authorization') ?? '') ? problem(401, 'unauthenticated') : undefined
  await Promise.all([activities.connect(), world.run(3_600_000)])
  assert.deepEqual([state().status, state().connection, state().error?.code], ['error', 'online', 'token_unavailable'])
  assert.ok(calls <= 200, `${calls} calls in an hour`)
  isTold = true
  await world.run(21_000)
  assert.deepEqual([state().status, state().error, ids()], ['ready', null, ['g4', 'g3']])
})

test('a refused token shows in the state', async () => {
  const { world, server, activities, state } = setupActivities()
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
  const { world, server, activities, state } = setupActivities({ token: () => `t${++count}` })
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
  const { world, stream, client, state, ids, connect, server } = setupActivities()
  await connect()
  client.close()
  assert.deepEqual([state().connection, ids().length, world.timers, world.listeners], ['offline', 2, 0, 0])
  stream.event('g7', 7)
  await connect()
  assert.deepEqual([ids(), state().connection, server.sockets.all.length], [['g7', 'g4'], 'online', 2])
})

test('closed before the first page has come, it opens no socket', async () => {
  const { world, server, activities } = setupActivities()
  const call = activities.connect()
  activities.close()
  await world.run(60_000)
  await call
  assert.equal(server.sockets.all.length, 0)
  assert.equal(world.timers, 0)
})

test('closed by who is told that the connection was lost, it stays closed', async () => {
  const { world, server, activities, state, connect } = setupActivities()
  await connect()
  activities.subscribe(() => state().connection === 'connecting' && activities.close())
  server.sockets.last.cut()
  await world.run(60_000)
  assert.deepEqual([state().connection, server.sockets.all.length, world.timers], ['offline', 1, 0])
})

test('closed by who is told what the greeting brought, it is not online', async () => {
  const { world, server, stream, activities, state, connect } = setupActivities()
  await connect()
  activities.subscribe(() => state().unreadCount > 5 && activities.close())
  server.sockets.last.cut()
  stream.event('g7', 7)
  await world.run(60_000)
  assert.deepEqual([state().connection, server.sockets.all.length, world.timers], ['offline', 2, 0])
})

test('it is of use without a live connection', async () => {
  const { server, activities, state, ids, finish } = setupActivities()
  await finish(activities.load())
  assert.deepEqual([ids(), state().status, state().connection], [['g4', 'g3'], 'ready', 'offline'])
  await finish(activities.markRead(['g4']))
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read], [4, true])
  await finish(activities.load())
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read, server.sockets.all.length], [4, true, 0])
})

test('methods can be passed around', async () => {
  const { activities, ids, finish } = setupActivities()
  const { load, loadMore, getSnapshot } = activities
  await finish(load())
  await finish(loadMore())
  assert.equal(getSnapshot().groups.length, ids().length)
})

test('with an API key and a user it makes its own token for the stream', async () => {
  const { world, server, activities, state } = setupActivities({ token: undefined, apiKey: 'k', userId: 'carol' })
  server.intercept = ({ path }) =>
    path === '/v1/tokens' ? { status: 201, body: { token: 'made', token_id: 'i', expires_at: 1 } } : undefined
  await Promise.all([activities.connect(), world.run(1_000)])
  assert.equal(state().connection, 'online')
  assert.equal((server.sockets.last.sent[0] as { token: string }).token, 'made')
})

test('a list that failed is tried again when the connection is back', async () => {
  const { world, server, activities, state, ids, connect } = setupActivities()
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
