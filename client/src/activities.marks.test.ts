import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from './error.ts'
import { setupActivities } from './testing/activities-setup.ts'
import { problem } from './testing/fake-server.ts'

test('marking is shown before the server answers', async () => {
  const { server, activities, state, connect, finish, world } = setupActivities()
  await connect()
  const call = activities.markRead(['g4'])
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read], [4, true])
  await world.run(500)
  const answer = await finish(call)
  assert.equal(answer.updated_unread_count, 4)
  assert.deepEqual([state().unreadCount, state().groups[0]?.is_read, server.stream.counts.unread_count], [4, true, 4])
})

test('a mark that fails is taken back and thrown', async () => {
  const { server, activities, state, connect, finish } = setupActivities()
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
  const { server, activities, state, connect, finish, world } = setupActivities()
  await connect()
  let losses = 2
  server.losesReplies = ({ method }) => method === 'POST' && losses-- > 0
  const call = activities.markAllRead()
  await world.run(10)
  await finish(call)
  assert.deepEqual([state().unreadCount, server.stream.counts.unread_count], [0, 0])
})

test('marking all reaches exactly what was shown', async () => {
  const { server, stream, activities, state, ids, connect, finish } = setupActivities()
  await connect()
  stream.event('g9', 9)
  await finish(activities.markAllRead())
  const mark = server.requests.find(({ method }) => method === 'POST')
  assert.deepEqual(mark?.body, { all: true, up_to_seq: 5 })
  assert.deepEqual([ids()[0], state().groups[0]?.is_read, state().unreadCount], ['g9', false, 1])
})

test('a mark on another device arrives without reading the list again', async () => {
  const { stream, state, connect, live, pages } = setupActivities()
  await connect()
  await live(() => stream.mark('read', { group_ids: ['g4'] }))
  assert.deepEqual([state().groups.map((group) => group.is_read), state().unreadCount], [[true, false], 4])
  await live(() => stream.mark('read', { all: true }))
  assert.deepEqual([state().groups.map((group) => group.is_read), state().unreadCount], [[true, true], 0])
  assert.equal(pages().length, 1)
})

test('a removed group is gone at once, for good, and back if that failed', async () => {
  const { server, stream, activities, ids, state, connect, live, finish } = setupActivities()
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

test('a page that was read before a mark and comes after its answer does not bring the badge back', async () => {
  for (const [mark, expected] of [
    ['markAllSeen', { unread: 5, unseen: 0 }],
    ['markAllRead', { unread: 0, unseen: 0 }],
  ] as const) {
    const { server, activities, state, finish } = setupActivities()
    await finish(activities.load())
    // There and back: the page, the mark, the page's answer, the mark's.
    const latencies = [1, 2, 500, 1]
    server.latencyMs = () => latencies.shift() ?? 1
    await finish(Promise.all([activities.load(), activities[mark]()]))
    assert.deepEqual({ unread: state().unreadCount, unseen: state().unseenCount }, expected)
  }
})

test('marking all before there is a list reaches as far as the badge that is shown; with nothing shown it is open', async () => {
  const { world, server, stream, activities, state } = setupActivities()
  const bodies = () => server.requests.flatMap(({ method, body }) => (method === 'POST' ? [body] : []))
  server.intercept = ({ method }) => (method === 'GET' ? problem(503, 'store_unavailable') : undefined)
  await Promise.all([activities.markAllSeen(), world.run(1_000)])
  void activities.connect()
  await world.run(5_000)
  assert.deepEqual([state().groups, state().unreadCount], [[], 5])
  const { seq } = stream
  stream.event('g9', 9)
  await Promise.all([activities.markAllRead(), world.run(1_000)])
  assert.deepEqual(bodies(), [{ all: true }, { all: true, up_to_seq: seq }])
  server.intercept = () => undefined
  await world.run(60_000)
  const isRead = state().groups.map((group) => `${group.group_id} ${group.is_read}`)
  assert.deepEqual([isRead, state().unreadCount], [['g9 false', 'g4 true'], 1])
  activities.close()
})
