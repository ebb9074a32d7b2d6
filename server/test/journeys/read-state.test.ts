// Reading on one device: what the others hear, which ids may be marked, and what paging has to do with it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHeadwater } from '../../src/testing.ts'
import { group, like, mark, page, send, unlike, walk } from './testing/calls.ts'
import { openSocket } from './testing/socket.ts'
import { View } from './testing/view.ts'

test('Mark on device A never reaches device B: B shows read without reading the list again', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p2'), like('cy', 'carol', 'p1'))
  using a = await openSocket(server, 'carol', { deviceId: 'a' })
  using b = await openSocket(server, 'carol', { deviceId: 'b' })
  const view = new View()
  await b.reached(await view.load(server, 'carol'))
  assert.equal(view.counts.unread_count, 2)

  const from = server.now()
  const marked = await mark(server, 'carol', 'read', { all: true })
  await server.settle()
  await Promise.all([a.next('read_state'), b.next('read_state')])
  assert.ok(server.now() - from < 2_000)
  view.follow(b)
  assert.deepEqual([view.counts.unread_count, view.counts.unseen_count], [0, 0])
  assert.deepEqual([marked.updated_unread_count, marked.unseen_count, marked.not_found], [0, 0, []])
  assert.ok([...view.groups.values()].every((held) => held.is_read && held.is_seen && held.new_actor_count === 0))
  await view.assertIsTheServers(server, 'carol')
})

test('Mark on device A never reaches device B: one who was away hears of it when coming back', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p2'))
  const view = new View()
  const position = { epoch: (await page(server, 'carol')).epoch, seq: await view.load(server, 'carol') }
  const [first] = await walk(server, 'carol')
  await mark(server, 'carol', 'read', { group_ids: [first?.group_id ?? ''] })
  await mark(server, 'carol', 'seen', { all: true })
  await server.settle()
  using socket = await openSocket(server, 'carol', { resume: position })
  await socket.reached(socket.hello?.seq)
  view.follow(socket)
  await view.assertIsTheServers(server, 'carol')
  assert.deepEqual([view.counts.unread_count, view.counts.unseen_count], [1, 0])
})

test('Marked seen without being seen: reading changes nothing, however it is read', async () => {
  await using server = await startHeadwater()
  const [eventId] = await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p2'))
  const before = await page(server, 'carol')
  const id = before.activity_groups[0]?.group_id ?? ''
  for (const path of [
    '/v1/activities',
    '/v1/activities?filter=LIKE&limit=1',
    `/v1/activities/${id}`,
    `/v1/activities/${id}/actors`,
    '/v1/users/carol',
  ]) {
    await server.request('GET', path, { user: 'carol' })
    await server.request('HEAD', path, { user: 'carol' })
  }
  await server.request('GET', `/v1/events/${eventId}`)
  using socket = await openSocket(server, 'carol')
  await socket.reached(before.seq)
  socket.say({ type: 'ack', seq: before.seq })
  await socket.roundTrip()
  await server.advance(2_000)
  const after = await page(server, 'carol')
  assert.deepEqual(after, before)
  assert.deepEqual([after.unread_count, after.unseen_count], [2, 2])
  assert.ok(after.activity_groups.every((held) => !held.is_read && !held.is_seen))
})

test('Which id do I mark? The id of the group, or of any event in it; a wrong one is said to be wrong', async () => {
  await using server = await startHeadwater()
  const events = await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p1'), like('cy', 'carol', 'p2'))
  const [foreign] = await send(server, like('ann', 'dora', 'p3'))
  const [p2, p1] = [...(await walk(server, 'carol'))].sort((a, b) => (a.object_id < b.object_id ? 1 : -1))

  const byEvent = await mark(server, 'carol', 'read', { group_ids: [events[1] as string] })
  assert.deepEqual([byEvent.updated_unread_count, byEvent.not_found], [1, []])
  assert.equal((await group(server, 'carol', p1?.group_id ?? '')).is_read, true)
  const upper = await mark(server, 'carol', 'seen', { group_ids: [(events[2] as string).toUpperCase()] })
  assert.deepEqual([upper.unseen_count, upper.not_found], [0, []])

  const wrong = [
    'not-an-id',
    foreign as string,
    '0199f1b2-7c00-7abc-8def-0123456789ab',
    (await walk(server, 'dora'))[0]?.group_id ?? '',
  ]
  for (const id of wrong) {
    const answer = await server.request('POST', '/v1/activities/read', { user: 'carol', body: { group_ids: [id] } })
    assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'], id)
  }
  assert.equal((await page(server, 'carol')).unread_count, 1)
  const partly = await mark(server, 'carol', 'read', { group_ids: [p2?.group_id ?? '', ...wrong] })
  assert.deepEqual(partly.not_found, wrong)
  assert.equal(partly.updated_unread_count, 0)
  assert.equal((await page(server, 'dora')).unread_count, 1)
})

test('Marking makes the list flicker or breaks paging: a cursor goes on, and the list is not sent again', async () => {
  await using server = await startHeadwater()
  await send(
    server,
    ...Array.from({ length: 12 }, (_, i) => like('ann', 'carol', `p${i}`, { created_at: server.now() - i })),
  )
  const first = await page(server, 'carol', '?limit=5')
  using socket = await openSocket(server, 'carol', { resume: first })
  await socket.reached(first.seq)
  const heard = socket.frames.length
  await mark(server, 'carol', 'read', { all: true })
  await server.settle()
  await socket.next('read_state')
  await socket.roundTrip()
  assert.deepEqual(
    socket.frames.slice(heard).map((frame) => frame.type),
    ['read_state', 'pong'],
  )
  const second = await page(server, 'carol', `?limit=5&cursor=${first.next_cursor}`)
  const third = await page(server, 'carol', `?limit=5&cursor=${second.next_cursor}`)
  const walked = [first, second, third].flatMap(({ activity_groups }) => activity_groups.map((held) => held.object_id))
  assert.deepEqual(
    walked,
    Array.from({ length: 12 }, (_, i) => `p${i}`),
  )
  assert.deepEqual([third.next_cursor, second.unread_count, third.unread_count], [null, 0, 0])
})

test('seen clears the badge and reads nothing, read does both, and a position above the head is the head', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p2'))
  const { seq } = await page(server, 'carol')
  const seen = await mark(server, 'carol', 'seen', { all: true })
  assert.deepEqual([seen.updated_unread_count, seen.unseen_count], [2, 0])
  const far = await mark(server, 'carol', 'read', { all: true, up_to_seq: Number.MAX_SAFE_INTEGER })
  assert.deepEqual([far.updated_unread_count, far.unseen_count], [0, 0])
  await send(server, like('cy', 'carol', 'p1'))
  const later = await page(server, 'carol')
  assert.deepEqual([later.unread_count, later.unseen_count], [1, 1], 'what comes later was not covered')
  assert.ok(later.seq > seq)

  const old = await mark(server, 'carol', 'read', { all: true, up_to_seq: seq })
  assert.equal(old.updated_unread_count, 1, 'nothing newer than asked for')
  await mark(server, 'carol', 'read', { all: true, up_to_seq: later.seq })
  await mark(server, 'carol', 'read', { all: true, up_to_seq: 0 })
  assert.equal((await page(server, 'carol')).unread_count, 0, 'marks only rise')
})

test('an UNDO, and one who comes back, make nothing unread; one who is new does', async () => {
  await using server = await startHeadwater()
  await send(server, like('ann', 'carol', 'p1'), like('ben', 'carol', 'p1'))
  await mark(server, 'carol', 'read', { all: true })
  await server.settle()
  await send(server, unlike('ann', 'carol', 'p1'))
  assert.equal((await page(server, 'carol')).unread_count, 0)
  await send(server, like('ann', 'carol', 'p1', { created_at: server.now() + 1 }))
  const back = await page(server, 'carol')
  assert.deepEqual([back.unread_count, back.activity_groups[0]?.actor_count], [0, 2])
  assert.equal(back.activity_groups[0]?.new_actor_count, 0)
  await send(server, like('cy', 'carol', 'p1'))
  const fresh = await page(server, 'carol')
  assert.deepEqual([fresh.unread_count, fresh.activity_groups[0]?.new_actor_count], [1, 1])
})

test('with reopenReadGroups off a read group stays read', async () => {
  await using server = await startHeadwater({ config: { 'activity.reopenReadGroups': false } })
  await send(server, like('ann', 'carol', 'p1'))
  await mark(server, 'carol', 'read', { all: true })
  await server.settle()
  await send(server, like('ben', 'carol', 'p1'))
  const { unread_count, activity_groups } = await page(server, 'carol')
  assert.deepEqual([unread_count, activity_groups[0]?.actor_count], [0, 2])
})
