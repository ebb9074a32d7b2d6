import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadStateFrame, ResetFrame, ServerFrame } from '@headwater/protocol'
import { Bench } from './testing/bench.ts'

const positions = (frames: readonly ServerFrame[]) =>
  frames.flatMap((frame) => ('prev_seq' in frame ? [frame.seq] : []))

test('a message that was lost is made good when the next one comes', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  bench.stream.tell('carol')
  bench.stream.add('carol', 'p2')
  await bench.publish('carol')
  assert.deepEqual(positions(client.take()), [1, 2])
  assert.equal(bench.stream.calls.since, 1)
})

test('a last message that was lost is made good by comparing heads, within a heartbeat', async () => {
  await using bench = new Bench()
  const clients = [await bench.connect('carol'), await bench.connect('carol'), await bench.connect('dave')]
  bench.stream.add('carol', 'p1')
  bench.stream.tell('carol')
  await bench.pass(20_000)
  assert.deepEqual(
    clients.map(({ position }) => position),
    [1, 1, 0],
  )
  assert.equal(bench.stream.calls.since, 1, 'once for both sockets')
})

test('after a break in pub/sub all heads are compared at once', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  bench.stream.tell('carol')
  bench.pubSub.gap()
  await bench.settle()
  assert.equal(client.position, 1)
})

test('breaks that follow each other read all heads twice at most, and the last time after the last of them', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  const before = bench.stream.calls.heads
  for (let i = 0; i < 10; i++) bench.pubSub.gap()
  bench.stream.add('carol', 'p1')
  bench.pubSub.gap()
  await bench.settle()
  assert.equal(bench.stream.calls.heads - before, 2)
  assert.equal(client.position, 1)
})

test('messages that come twice or late change nothing', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  const one = bench.stream.tell('carol')
  bench.stream.add('carol', 'p2')
  const two = bench.stream.tell('carol')
  await bench.pubSub.publish([two, one, two, one])
  await bench.settle()
  assert.deepEqual(positions(client.take()), [1, 2])
})

test('a read that found a flush half written does not make the message wait that comes with the end of it', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  bench.stream.isHalfway = true
  bench.pubSub.gap()
  await bench.settle()
  assert.deepEqual([client.position, bench.stream.calls.since], [0, 1])
  bench.stream.isHalfway = false
  await bench.publish('carol')
  assert.deepEqual(
    [client.position, bench.stream.calls.since],
    [1, 1],
    'without another read, and without time passing',
  )
})

test('a read that failed makes no message wait that goes on from where its sessions stand', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  const message = bench.stream.tell('carol')
  bench.stream.failure = new Error('down')
  await bench.pubSub.publish([{ ...message, counts: null }])
  await bench.settle()
  assert.deepEqual([client.position, bench.stream.calls.since], [0, 1])
  bench.stream.failure = null
  await bench.pubSub.publish([message])
  await bench.settle()
  assert.deepEqual([client.position, bench.stream.calls.since], [1, 1])
})

test('a message that runs ahead of the store waits for it', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  bench.stream.tell('carol')
  bench.stream.add('carol', 'p2')
  bench.stream.lag = 2
  await bench.publish('carol')
  assert.equal(client.position, 0)
  bench.stream.lag = 0
  await bench.pass(1_000, 50)
  assert.equal(client.position, 2)
})

test('a position that never comes is given up', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  await bench.pubSub.publish([
    { kind: 'changes', user: 'carol', from: 5, to: 9, changes: [], counts: null, acceptedAt: 0 },
  ])
  await bench.pass(30_000, 500)
  const { since } = bench.stream.calls
  client.say({ type: 'ping' })
  await bench.pass(20_000, 500)
  assert.ok(bench.stream.calls.since <= since + 1, 'it is not asked for for ever')
  bench.stream.add('carol', 'p1')
  await bench.publish('carol')
  assert.equal(client.position, 1)
})

test('a message without changes is a reason to look', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  const { to } = bench.stream.tell('carol')
  await bench.pubSub.publish([
    { kind: 'changes', user: 'carol', from: to, to, changes: [], counts: null, acceptedAt: 0 },
  ])
  await bench.settle()
  assert.equal(client.position, 1)
})

test('who has missed too much is reset, and goes on from there', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  client.take()
  bench.stream.changesMax = 2
  for (let i = 0; i < 5; i++) bench.stream.add('carol', `p${i}`)
  bench.stream.tell('carol')
  bench.pubSub.gap()
  await bench.settle()
  assert.deepEqual(client.take(), [
    { type: 'reset', reason: 'too_far_behind', epoch: 'e1', seq: 5 } satisfies ResetFrame,
  ])
  bench.stream.add('carol', 'p0')
  await bench.publish('carol')
  assert.deepEqual(positions(client.take()), [6])
})

test('the counts of a frame are never older than it, asked for once for all sockets when a message has none', async () => {
  await using bench = new Bench()
  for (let i = 0; i < 3; i++) await bench.connect('carol')
  const { badge } = bench.stream.calls
  bench.stream.add('carol', 'p1')
  await bench.pubSub.publish([bench.stream.tell('carol', false)])
  await bench.settle()
  assert.equal(bench.stream.calls.badge, badge + 1)
  bench.stream.add('carol', 'p2')
  const { counts, ...message } = bench.stream.tell('carol')
  await bench.pubSub.publish([{ ...message, counts: counts && { ...counts, upTo: 1 } }])
  await bench.settle()
  assert.equal(bench.stream.calls.badge, badge + 2)
})

test('marking all read on one device tells the others', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.add('carol', 'p1')
  bench.stream.mark('carol', 'read', null)
  await bench.publish('carol')
  const frame = client.take('read_state')[0] as ReadStateFrame
  assert.deepEqual(frame.read, { all_up_to_seq: 1 })
  assert.deepEqual(frame.seen, { all_up_to_seq: 1 })
  assert.equal(frame.unread_count, 0)
  assert.deepEqual(client.groups.get('p1')?.is_read, true)
  bench.stream.add('carol', 'p2')
  bench.stream.mark('carol', 'seen', ['p2'])
  await bench.publish('carol')
  const seen = client.take('read_state')[0] as ReadStateFrame
  assert.deepEqual([seen.read, seen.seen], [null, { group_ids: ['p2'], up_to_seq: 3 }])
})

test('the time from accepted to written is told for what was pushed, not for what was caught up at a start', async () => {
  await using bench = new Bench()
  bench.stream.add('carol', 'p0')
  bench.stream.tell('carol')
  await bench.connect('carol')
  assert.deepEqual(bench.pushed, [])
  bench.stream.add('carol', 'p1')
  const acceptedAt = bench.seams.clock.now() - 7
  await bench.pubSub.publish([{ ...bench.stream.tell('carol'), acceptedAt }])
  await bench.settle()
  assert.deepEqual(bench.pushed, [7])
})

test('a store that is down for a while delays what is shown, and loses nothing', async () => {
  await using bench = new Bench()
  const client = await bench.connect('carol')
  bench.stream.failure = new Error('down')
  for (let i = 0; i < 100; i++) {
    bench.stream.add('carol', `p${i}`)
    await bench.pubSub.publish([bench.stream.tell('carol')])
  }
  await bench.pass(10_000)
  assert.equal(client.position, 0)
  bench.stream.failure = null
  await bench.pass(6_000)
  assert.equal(client.position, 100)
  assert.equal(client.groups.size, 100)
})
