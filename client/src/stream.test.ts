import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket } from './testing/fake-socket.ts'
import { hello, here, link, reset, setupStream } from './testing/stream-setup.ts'

test('it introduces itself with token, device and position, never in the address', async () => {
  const { sockets, sent, online, state, events } = setupStream()
  await online()
  assert.equal(sockets.last.url, 'wss://test/base/ws/v1/activities')
  assert.deepEqual(sent('auth'), [{ type: 'auth', token: 't', device_id: 'phone-1', resume: here }])
  assert.deepEqual(state(), { connection: 'online', error: null })
  assert.deepEqual(events, ['hello 5'])
})

test('without a position it begins where the server says', async () => {
  const { sent, online, events, stream } = setupStream()
  await online({ from_seq: 3, seq: 9 }, null)
  assert.deepEqual(sent('auth'), [{ type: 'auth', token: 't', device_id: 'phone-1' }])
  assert.deepEqual(events, ['began e1:3', 'hello 9'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 3 })
})

test('it pings as often as the server asks', async () => {
  const { world, sockets, sent, online } = setupStream()
  await online({ ping_interval_ms: 7_000 })
  sockets.last.onSent = (frame) => frame.type === 'ping' && sockets.last.push({ type: 'pong' })
  await world.run(70_000)
  assert.equal(sent('ping').length, 10)
  assert.equal(sockets.all.length, 1)
})

test('silence ends a connection, and the next one goes on from the last link', async () => {
  const { world, sockets, sent, online } = setupStream()
  await online()
  sockets.last.push(link(5, 8))
  await world.run(59_999)
  assert.equal(sockets.all.length, 1)
  await world.run(1)
  assert.equal(sockets.last.closedWith, 1000)
  await world.run(500)
  assert.equal(sockets.all.length, 2)
  sockets.last.accept()
  assert.deepEqual(sent('auth')[0], { type: 'auth', token: 't', device_id: 'phone-1', resume: { epoch: 'e1', seq: 8 } })
})

test('a server that does not greet is left', async () => {
  const { world, sockets, stream } = setupStream()
  stream.start(here)
  await world.run(0)
  sockets.last.accept()
  await world.run(15_500)
  assert.equal(sockets.all.length, 2)
})

test('a hole in the chain means asking again from before it; what comes twice is dropped', async () => {
  const { world, sockets, sent, online, events } = setupStream()
  await online()
  sockets.last.push(link(5, 6))
  sockets.last.push(link(5, 6))
  sockets.last.push(link(7, 8))
  sockets.last.push(link(8, 9))
  assert.deepEqual(events, ['hello 5', 'frame 6'])
  await world.run(500)
  sockets.last.accept()
  assert.deepEqual(sent('auth')[0], { type: 'auth', token: 't', device_id: 'phone-1', resume: { epoch: 'e1', seq: 6 } })
})

test('what is no frame may have been a link', async () => {
  for (const data of ['{"type":"activity_group_upd', new ArrayBuffer(4)]) {
    const { world, sockets, online } = setupStream()
    await online()
    sockets.last.pushRaw(data)
    await world.run(500)
    assert.equal(sockets.all.length, 2)
  }
})

test('frames of a later version are passed over', async () => {
  const { sockets, online, events, state } = setupStream()
  await online()
  sockets.last.push({ type: 'shiny' })
  sockets.last.push({ type: 'feed_item', post: {} })
  sockets.last.push({ ...link(5, 6), type: 'stranger' })
  sockets.last.push(link(6, 7))
  assert.deepEqual(events, ['hello 5', 'frame 6', 'frame 7'])
  assert.equal(state().connection, 'online')
})

test('positions are acknowledged together, at most once a second, and at the end', async () => {
  const { world, sockets, sent, online, stream } = setupStream()
  await online()
  for (let seq = 5; seq < 25; seq++) sockets.last.push(link(seq, seq + 1))
  await world.run(999)
  assert.deepEqual(sent('ack'), [])
  await world.run(1)
  assert.deepEqual(sent('ack'), [{ type: 'ack', seq: 25 }])
  await world.run(5_000)
  assert.equal(sent('ack').length, 1)
  sockets.last.push(link(25, 26))
  stream.stop()
  assert.deepEqual(sent('ack').slice(1), [{ type: 'ack', seq: 26 }])
  assert.equal(sockets.last.closedWith, 1000)
  assert.equal(world.timers, 0)
  assert.equal(world.listeners, 0)
})

test('what was acknowledged, or was known before, is not acknowledged again', async () => {
  const { world, sockets, sent, online, stream } = setupStream()
  await online()
  stream.stop()
  assert.deepEqual(sent('ack'), [])
  await online()
  sockets.last.push(link(5, 6))
  await world.run(1_000)
  stream.stop()
  assert.equal(sent('ack').length, 1)
})

test('a reset begins anew, once, whether told by hello or by its frame', async () => {
  const { world, sockets, online, events, stream } = setupStream()
  await online({ from_seq: 50, seq: 50 })
  sockets.last.push(reset(50))
  assert.deepEqual(events, ['reset e1:50', 'hello 50'])
  sockets.last.push(link(50, 51))
  sockets.last.push(reset(51))
  sockets.last.push(link(51, 52))
  assert.deepEqual(events.slice(2), ['frame 51', 'reset e1:51', 'frame 52'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 52 })
  await world.run(0)
})

test('a position from the future is reset to an earlier one', async () => {
  const { sockets, online, events, stream } = setupStream()
  await online({ from_seq: 2, seq: 2 })
  sockets.last.push(reset(2))
  assert.deepEqual(events, ['hello 2', 'reset e1:2'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 2 })
})

test('another epoch is a reset', async () => {
  const { sockets, online, events } = setupStream()
  await online({ epoch: 'e2', from_seq: 1, seq: 1 })
  sockets.last.push(reset(1, 'e2'))
  assert.deepEqual(events, ['reset e2:1', 'hello 1'])
})

test('a connection lost between hello and reset has not forgotten the reset', async () => {
  const { cut, online, events, stream } = setupStream()
  await online({ from_seq: 50, seq: 50 })
  await cut()
  assert.deepEqual(events, ['reset e1:50', 'hello 50'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 50 })
})

test('stopped while a token is on its way, it stays stopped', async () => {
  let give: (token: string) => void = () => {}
  const { world, sockets, stream, state } = setupStream({
    token: () => new Promise<string>((resolve) => (give = resolve)),
  })
  stream.start(here)
  await world.run(0)
  stream.stop()
  give('t')
  await world.run(60_000)
  assert.equal(sockets.all.length, 0)
  assert.deepEqual(state(), { connection: 'offline', error: null })
})

test('a socket that was given up may say what it likes', async () => {
  const { world, sockets, online, events, stream } = setupStream()
  await online()
  const old = sockets.last
  stream.stop()
  stream.start(here)
  await world.run(0)
  old.readyState = 1
  old.push(link(5, 6))
  old.cut(4503)
  assert.deepEqual(events, ['hello 5'])
  assert.ok(sockets.last instanceof FakeSocket && sockets.all.length === 2)
})

test('an error frame explains the close that follows', async () => {
  const { sockets, stream, world, lastError } = setupStream()
  stream.start(here)
  await world.run(0)
  sockets.last.accept()
  sockets.last.push({ type: 'error', code: 'unauthenticated', detail: 'The signature is wrong' })
  sockets.last.cut(4501)
  assert.equal(lastError()?.code, 'unauthenticated')
  assert.match(lastError()?.detail ?? '', /signature/)
})

test('in the background, where timers run once a minute, a quiet connection is kept while it answers', async () => {
  const { world, sockets, online } = setupStream()
  await online()
  world.timersEveryMs = 60_000
  sockets.last.onSent = ({ type }) => {
    if (type === 'ping') world.outside(50, () => sockets.last.push({ type: 'pong' }))
  }
  await world.run(1_800_000)
  assert.equal(sockets.all.length, 1)
  sockets.last.onSent = () => {}
  await world.run(240_000)
  assert.ok(sockets.all.length > 1, 'it no longer answers')
})

test('a silence that nobody asked into is asked into first, where it can be', async () => {
  const { world, sockets, sse, sent, online, stream } = setupStream()
  await online({ ping_interval_ms: 0 })
  await world.run(60_000)
  assert.deepEqual([sent('ping').length, sockets.last.closedWith], [1, undefined])
  await world.run(5_000)
  assert.equal(sockets.last.closedWith, 1000)
  stream.stop()

  const events = setupStream({ sockets: false })
  events.stream.start(here)
  await events.world.run(0)
  events.sse[0]?.handlers.frame(hello({ ping_interval_ms: 0 }))
  await events.world.run(60_500)
  assert.deepEqual([events.sse.length, sse.length], [2, 0])
})
