import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HelloFrame, ResetFrame, ServerFrame } from '@headwater/protocol'
import { Bench } from './testing/bench.ts'

const seqs = (frames: readonly ServerFrame[]) =>
  frames.map((frame) => ('prev_seq' in frame ? [frame.type, frame.prev_seq, frame.seq] : [frame.type]))

test('hello tells who, where and how much, and the chain starts from it', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  bench.stream.add('carol', 'p2')
  const client = await bench.connect('carol', { resume: { epoch: 'e1', seq: 1 } })
  const [hello, ...rest] = client.take()
  const { session_id, ...fields } = hello as HelloFrame
  assert.match(session_id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(fields, {
    type: 'hello',
    user_id: 'carol',
    epoch: 'e1',
    from_seq: 1,
    seq: 2,
    unread_count: 2,
    unseen_count: 2,
    ping_interval_ms: 20_000,
    timeout_ms: 60_000,
  })
  assert.deepEqual(seqs(rest), [['activity_group_created', 1, 2]])
})

const resumes: [
  string,
  { epoch: string; seq: number },
  expected: { from: number; reset: string | null; frames: number },
][] = [
  ['the head', { epoch: 'e1', seq: 3 }, { from: 3, reset: null, frames: 0 }],
  ['a position in between', { epoch: 'e1', seq: 1 }, { from: 1, reset: null, frames: 2 }],
  ['the very beginning', { epoch: 'e1', seq: 0 }, { from: 0, reset: null, frames: 3 }],
  ['another epoch', { epoch: 'e0', seq: 3 }, { from: 3, reset: 'epoch_changed', frames: 0 }],
  ['no epoch', { epoch: '', seq: 3 }, { from: 3, reset: 'epoch_changed', frames: 0 }],
  ['the future', { epoch: 'e1', seq: 4 }, { from: 3, reset: 'position_unknown', frames: 0 }],
  ['2^53', { epoch: 'e1', seq: 2 ** 53 }, { from: 3, reset: 'position_unknown', frames: 0 }],
  ['a negative number', { epoch: 'e1', seq: -1 }, { from: 3, reset: 'position_unknown', frames: 0 }],
  ['half a position', { epoch: 'e1', seq: 1.5 }, { from: 3, reset: 'position_unknown', frames: 0 }],
]
for (const [name, resume, expected] of resumes) {
  test(`W07 W08 resuming from ${name}`, async () => {
    await using bench = new Bench()
    for (const object of ['p1', 'p2', 'p3']) bench.stream.add('carol', object)
    const client = await bench.connect('carol', { resume })
    const [hello, ...rest] = client.take()
    assert.equal((hello as HelloFrame).from_seq, expected.from)
    assert.equal((hello as HelloFrame).seq, 3)
    const reset = rest.find((frame): frame is ResetFrame => frame.type === 'reset')
    assert.equal(reset?.reason ?? null, expected.reset)
    if (reset) assert.deepEqual(reset, { type: 'reset', reason: expected.reset, epoch: 'e1', seq: 3 })
    assert.equal(rest.length - (reset ? 1 : 0), expected.frames)
    // Whatever it was, what happens next arrives, and the chain holds.
    bench.stream.add('carol', 'p1')
    await bench.publish('carol')
    assert.deepEqual(seqs(client.take()), [['activity_group_updated', 3, 4]])
  })
}

test('W07 resuming from too far back is a reset', async () => {
  await using bench = new Bench()
  bench.stream.changesMax = 2
  for (const object of ['p1', 'p2', 'p3']) bench.stream.add('carol', object)
  const client = await bench.connect('carol', { resume: { epoch: 'e1', seq: 0 } })
  const [hello, reset] = client.take() as [HelloFrame, ResetFrame]
  assert.equal(hello.from_seq, 3)
  assert.equal(reset.reason, 'too_far_behind')
})

test('W07 who comes back while what they missed is only partly stored goes on from there, and is told later', async () => {
  await using bench = new Bench()
  for (const object of ['p1', 'p2']) bench.stream.add('carol', object)
  bench.stream.isHalfway = true
  const client = await bench.connect('carol', { resume: { epoch: 'e1', seq: 1 } })
  const [hello, ...rest] = client.take() as [HelloFrame]
  assert.deepEqual([hello.from_seq, hello.seq, rest], [1, 1, []])
  bench.stream.isHalfway = false
  await bench.pass(2_000)
  assert.deepEqual(seqs(client.take()), [['activity_group_created', 1, 2]])
})

test('a client that has missed nothing costs the badge and no other read', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  await bench.connect('carol', { device_id: 'phone', resume: { epoch: 'e1', seq: 1 } })
  assert.deepEqual(bench.stream.calls, { badge: 1, since: 0, offlineStart: 0, heads: 0, present: 0 })
})

test('without a resume an unknown device gets what waits, a known one goes on from its last ack', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  bench.stream.add('carol', 'p2')
  const first = await bench.connect('carol', { device_id: 'phone' })
  assert.deepEqual(seqs(first.take()), [['hello'], ['activity_group_created', 0, 1], ['activity_group_created', 1, 2]])
  first.say({ type: 'ack', seq: 1 })
  first.session.lost()
  // Not written yet, and known all the same.
  const second = await bench.connect('carol', { device_id: 'phone' })
  assert.deepEqual(seqs(second.take()), [['hello'], ['activity_group_created', 1, 2]])
  second.say({ type: 'ack', seq: 2 })
  await bench.pass(1_000)
  assert.equal(bench.devices.positions.get('carol phone')?.seq, 2)
  const third = await bench.connect('carol', { device_id: 'phone' })
  assert.deepEqual(seqs(third.take()), [['hello']])
  const other = await bench.connect('carol', { device_id: 'tablet' })
  assert.equal(other.take().length, 3)
})

test('an ack of another epoch says nothing', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  await bench.devices.ack([{ user: 'carol', device: 'phone', epoch: 'e0', seq: 1, seenAt: 0 }])
  const client = await bench.connect('carol', { device_id: 'phone' })
  assert.equal((client.frames[0] as HelloFrame).from_seq, 0)
})

test('a group that came and grew since is news to the socket, also when it was folded', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'old')
  const client = await bench.connect('carol', { resume: { epoch: 'e1', seq: 1 } })
  client.take()
  bench.stream.add('carol', 'new')
  bench.stream.add('carol', 'old')
  bench.stream.add('carol', 'new')
  await bench.publish('carol')
  assert.deepEqual(seqs(client.take()), [
    ['activity_group_updated', 1, 3],
    ['activity_group_created', 3, 4],
  ])
  const late = await bench.connect('carol', { resume: { epoch: 'e1', seq: 1 } })
  assert.deepEqual(seqs(late.take()).slice(1), [
    ['activity_group_updated', 1, 3],
    ['activity_group_created', 3, 4],
  ])
  bench.stream.hide('carol', 'new')
  await bench.publish('carol')
  assert.deepEqual(seqs(client.take()), [['activity_group_removed', 4, 5]])
})

test('what changes while a session starts is not lost', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  const client = bench.open()
  client.say({ type: 'auth', token: 'carol', resume: { epoch: 'e1', seq: 1 } })
  // Step by step through the start, with something new at each.
  for (let i = 0; i < 12; i++) {
    await null
    bench.stream.add('carol', `q${i}`)
    await bench.pubSub.publish([bench.stream.tell('carol')])
  }
  await bench.settle()
  assert.equal(client.position, bench.stream.head('carol'))
  assert.equal(client.groups.size, 12)
})

test('a frame is rendered once for all sockets of a user, in each of their languages', async () => {
  await using bench = new Bench()
  const clients = [
    await bench.connect('carol', {}, 'de'),
    await bench.connect('carol', {}, 'de'),
    await bench.connect('carol', {}, 'fr'),
  ]
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  assert.equal(bench.stream.calls.present, 2)
  const summaries = clients.map((client) => client.groups.get('p1')?.summary)
  assert.deepEqual(summaries, ['1 de', '1 de', '1 fr'])
})

test('the device a token names counts when the frame names none', async () => {
  await using bench = new Bench()
  const principal = { ...bench.access.principal('carol'), deviceId: 'from-token' }
  bench.access.verifyBearer = () => ({ principal })
  await bench.connect('carol')
  await bench.connect('carol', { device_id: 'from-frame' })
  const devices = [...bench.sessions.entries.values()].map(({ session }) => session.device)
  assert.deepEqual(devices, ['from-token', 'from-frame'])
})

test('a second auth frame starts the stream anew, from where it says', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p1')
  const client = await bench.connect('carol')
  client.take()
  client.say({ type: 'auth', resume: { epoch: 'e1', seq: 0 } })
  await bench.settle()
  assert.deepEqual(seqs(client.take()), [['hello'], ['activity_group_created', 0, 1]])
  assert.equal(bench.switchboard.stats().sockets, 1)
})

test('a store that fails is tried again, and in the end the client is sent away to come back', async () => {
  await using bench = new Bench()
  bench.stream.failure = new Error('down')
  const first = await bench.connect('carol')
  bench.stream.failure = null
  await bench.pass(1_000, 50)
  assert.equal(first.frames[0]?.type, 'hello')
  bench.stream.failure = new Error('down')
  const second = await bench.connect('dave')
  await bench.pass(5_000, 100)
  assert.deepEqual(second.closed, { code: 4003, reason: 'overloaded' })
})

test('sockets work without pub/sub, and hear from it when it comes back', async () => {
  await using bench = new Bench()
  bench.pubSub.failure = new Error('down')
  const client = await bench.connect('carol')
  assert.equal(client.take()[0]?.type, 'hello')
  bench.stream.add('carol', 'p1')
  await bench.pass(20_000)
  assert.deepEqual(seqs(client.take()), [['activity_group_created', 0, 1]])
  bench.stream.add('carol', 'p2')
  bench.pubSub.failure = null
  await bench.pass(6_000)
  assert.ok(bench.pubSub.users.has('carol'))
  assert.equal(client.position, 2)
})

test('the registry knows of a session while it is open, for as long as it is refreshed', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol', { device_id: 'phone' })
  const alive = async () => (await bench.sessions.find(['carol'], bench.seams.clock.now()))[0]
  assert.deepEqual(await alive(), [{ user: 'carol', sessionId: client.session.id, node: 'n1', device: 'phone' }])
  for (let i = 0; i < 12; i++) {
    await bench.pass(10_000)
    client.session.alive()
  }
  assert.equal((await alive())?.length, 1)
  client.session.lost()
  await bench.settle()
  assert.deepEqual(await alive(), [])
  assert.equal(bench.pubSub.users.size, 0)
})

test('the registry learns at once under which name a device goes on', async () => {
  await using bench = new Bench()
  const client = bench.open({ user: 'carol' })
  await bench.pass(1_000)
  client.say({ type: 'auth', device_id: 'phone' })
  await bench.settle()
  const [carols] = await bench.sessions.find(['carol'], bench.seams.clock.now())
  assert.deepEqual(
    carols?.map(({ device }) => device),
    ['phone'],
  )
})

test('a storm of sockets makes few calls to pub/sub and to the registry', async () => {
  await using bench = new Bench()
  for (let i = 0; i < 1_000; i++) bench.open().say({ type: 'auth', token: `user${i}` })
  await bench.settle()
  await bench.settle()
  assert.equal(bench.switchboard.stats().users, 1_000)
  assert.ok(bench.pubSub.added.length <= 3, `${bench.pubSub.added.length} calls`)
  assert.ok(bench.sessions.puts <= 6, `${bench.sessions.puts} calls`)
})
