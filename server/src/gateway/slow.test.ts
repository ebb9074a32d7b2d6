import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupCreatedFrame } from '@headwater/protocol'
import { Bench } from './testing/bench.ts'

test('W09 a client that reads nothing is closed with 4001 a second after it has 500 frames waiting', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.writable = false
  for (let i = 0; i < 500; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  assert.equal(bench.switchboard.stats().framesQueued, 500)
  assert.equal(client.closed, null)
  await bench.pass(2_000)
  assert.equal(client.closed, null)
  bench.stream.add('carol', 'one more')
  await bench.publish('carol')
  await bench.pass(999)
  assert.equal(client.closed, null)
  await bench.pass(2)
  assert.deepEqual(client.closed, { code: 4001, reason: 'slow_consumer' })
  assert.equal(bench.switchboard.stats().framesQueued, 0)
})

test('W09 or past 256 KiB, what the transport holds included', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.writable = false
  client.bufferedBytes = 256 * 1024 - 800
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  assert.equal(client.closed, null)
  bench.stream.add('carol', 'p2')
  await bench.publish('carol')
  await bench.pass(1_001)
  assert.equal(codeOf(client), 4001)
})

test('W09 but not a client that has taken so much by then that what is left may wait', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.writable = false
  client.bufferedBytes = 256 * 1024 - 800
  for (const object of ['p1', 'p2']) bench.stream.add('carol', object)
  await bench.publish('carol')
  await bench.pass(500)
  client.bufferedBytes = 200 * 1024
  await bench.pass(600)
  assert.equal(client.closed, null)
  client.bufferedBytes = 256 * 1024
  bench.stream.add('carol', 'p3')
  await bench.publish('carol')
  await bench.pass(1_001)
  assert.equal(codeOf(client), 4001)
})

test('W09 a client that reads gets a burst that is longer than what may wait, again and again', async () => {
  await using bench = new Bench({ outboundFrames: 10 })
  const client = await bench.connect('carol')
  for (let burst = 0; burst < 5; burst++) {
    client.writable = false
    for (let i = 0; i < 200; i++) bench.stream.add('carol', `p${burst}-${i}`)
    await bench.publish('carol')
    await bench.pass(600)
    client.drain()
    await bench.pass(100)
  }
  assert.equal(codeOf(client), null)
  assert.equal(client.groups.size, 1_000)
})

test('W09 a client that begins anew is not closed for what waited before', async () => {
  await using bench = new Bench({ outboundFrames: 10 })
  const client = await bench.connect('carol')
  client.writable = false
  for (let i = 0; i < 50; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  client.say({ type: 'auth', token: 'carol', resume: { epoch: bench.stream.epoch, seq: 50 } })
  await bench.settle()
  await bench.pass(5_000)
  assert.equal(codeOf(client), null)
})

test('W09 what no burst comes to is closed at once', async () => {
  await using bench = new Bench({ outboundFrames: 10 })
  const client = await bench.connect('carol')
  client.writable = false
  for (let i = 0; i <= 640; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  assert.equal(codeOf(client), 4001)
})

const codeOf = (client: { readonly closed: { readonly code: number } | null }): number | null =>
  client.closed?.code ?? null

test('updates of one group fold to the newest while they wait, and the chain holds', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.take()
  bench.stream.add('carol', 'told')
  await bench.publish('carol')
  client.writable = false
  for (let i = 0; i < 600; i++) {
    bench.stream.add('carol', i % 2 === 0 ? 'told' : 'new')
    await bench.pubSub.publish([bench.stream.tell('carol')])
    if (i % 50 === 0) await bench.settle()
  }
  await bench.settle()
  assert.equal(bench.switchboard.stats().framesQueued, 2)
  client.drain()
  const [, ...frames] = client.take() as GroupCreatedFrame[]
  assert.deepEqual(
    frames.map(({ type, prev_seq, seq }) => [type, prev_seq, seq]),
    [
      ['activity_group_updated', 1, 600],
      ['activity_group_created', 600, 601],
    ],
  )
  assert.equal(frames[1]?.group.actor_count, 300)
})

test('a group that came and went while its frame waited is taken away', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.take()
  client.writable = false
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  bench.stream.hide('carol', 'p1')
  await bench.publish('carol')
  client.drain()
  assert.deepEqual(
    client.take().map((frame) => 'prev_seq' in frame && [frame.type, frame.prev_seq, frame.seq]),
    [['activity_group_removed', 0, 2]],
  )
})

test('read states and pongs wait in their place, and count', async () => {
  await using bench = new Bench({ outboundFrames: 3 })
  const client = await bench.connect('carol')
  client.take()
  client.writable = false
  client.say({ type: 'ping' })
  bench.stream.add('carol', 'p1')
  bench.stream.mark('carol', 'read', null)
  await bench.publish('carol')
  assert.equal(client.closed, null)
  client.drain()
  assert.deepEqual(
    client.take().map(({ type }) => type),
    ['pong', 'activity_group_created', 'read_state'],
  )
  client.writable = false
  for (let i = 0; i < 4; i++) client.say({ type: 'ping' })
  await bench.pass(1_001)
  assert.equal(codeOf(client), 4001)
})

test('catching up may be longer than the queue, for as long as it gets on', async () => {
  await using bench = new Bench({ outboundFrames: 5, backlogMs: 10_000 })
  for (let i = 0; i < 100; i++) bench.stream.add('carol', `p${i}`)
  const client = bench.open()
  client.writable = false
  client.say({ type: 'auth', token: 'carol' })
  await bench.settle()
  assert.equal(client.closed, null)
  bench.stream.add('carol', 'later')
  await bench.publish('carol')
  client.drain()
  assert.equal(client.groups.size, 101)
  const stuck = bench.open()
  stuck.writable = false
  stuck.say({ type: 'auth', token: 'carol' })
  await bench.pass(25_000)
  assert.equal(codeOf(stuck), 4001)
})

test('what is acknowledged was written, not only queued', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol', { device_id: 'phone' })
  client.take()
  client.writable = false
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  client.say({ type: 'ack', seq: 1 })
  client.drain()
  client.say({ type: 'ack', seq: 1 })
  await bench.pass(1_000)
  assert.equal(client.take('error').length, 1)
  assert.equal(bench.devices.positions.get('carol phone')?.seq, 1)
})

test('a reset overtakes what waited, and the chain goes on from it', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.take()
  client.writable = false
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  bench.stream.changesMax = 1
  for (let i = 0; i < 3; i++) bench.stream.add('carol', `q${i}`)
  bench.stream.tell('carol')
  bench.pubSub.gap()
  await bench.settle()
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  client.drain()
  const frames = client.take()
  assert.deepEqual(
    frames.map(({ type }) => type),
    ['reset', 'activity_group_updated'],
  )
  assert.equal(client.position, 5)
})

test('a stream that was closed because nobody reads it is given up at last', async () => {
  await using bench = new Bench()
  const client = bench.open({ user: 'carol', oneWay: true })
  await bench.pass(1_000)
  client.writable = false
  for (let i = 0; i < 501; i++) bench.stream.add('carol', `p${i}`)
  await bench.publish('carol')
  await bench.pass(2_000)
  assert.equal(codeOf(client), 4001)
  await bench.pass(5_000)
  assert.equal(client.terminated, false)
  await bench.pass(30_000)
  assert.equal(client.terminated, true)
})
