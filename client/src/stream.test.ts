import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientFrame, HelloFrame, StreamPosition } from '@headwater/protocol'
import { HeadwaterError } from './error.ts'
import type { ChainFrame } from './frame.ts'
import { socketTransport } from './socket.ts'
import { ActivityStream, type Connection } from './stream.ts'
import { FakeSocket, FakeSockets } from './testing/fake-socket.ts'
import { VirtualWorld } from './testing/virtual.ts'
import { createTokenSource, type TokenOption } from './token.ts'
import type { Introduction, TransportHandlers } from './transport.ts'

const hello = (fields: Partial<HelloFrame> = {}): HelloFrame => ({
  type: 'hello',
  session_id: 's1',
  user_id: 'carol',
  epoch: 'e1',
  from_seq: 5,
  seq: 5,
  unread_count: 0,
  unseen_count: 0,
  ping_interval_ms: 20_000,
  timeout_ms: 60_000,
  ...fields,
})
const link = (prev_seq: number, seq: number) => ({
  type: 'read_state',
  epoch: 'e1',
  seq,
  prev_seq,
  read: null,
  seen: null,
})
const reset = (seq: number, epoch = 'e1') => ({ type: 'reset', reason: 'position_unknown', epoch, seq })
const here: StreamPosition = { epoch: 'e1', seq: 5 }

interface Sse {
  readonly introduction: Introduction
  readonly handlers: TransportHandlers
}

function setup({ token = 't' as TokenOption, sockets: hasSockets = true } = {}) {
  const world = new VirtualWorld()
  world.chance = 1
  const sockets = new FakeSockets()
  const events: string[] = []
  const sse: Sse[] = []
  let connection: Connection = 'offline'
  let error: HeadwaterError | null = null
  const stream = new ActivityStream(
    {
      tokens: createTokenSource(token, world.seams),
      seams: world.seams,
      deviceId: 'phone-1',
      transports: {
        socket: hasSockets ? socketTransport(sockets.Constructor, 'https://test/base') : null,
        sse: (introduction, handlers) => {
          sse.push({ introduction, handlers })
          return { send: () => false, close: () => {} }
        },
      },
    },
    {
      connection: (state, why) => {
        connection = state
        error = why
      },
      hello: (frame) => events.push(`hello ${frame.seq}`),
      began: (at, isReset) => events.push(`${isReset ? 'reset' : 'began'} ${at.epoch}:${at.seq}`),
      frame: (frame: ChainFrame) => events.push(`frame ${frame.seq}`),
    },
  )
  /** Opens from a known position up to `hello`. */
  const online = async (fields: Partial<HelloFrame> = {}, from: StreamPosition | null = here) => {
    stream.start(from)
    await world.run(0)
    await greet(fields)
  }
  const greet = async (fields: Partial<HelloFrame> = {}) => {
    sockets.last.accept()
    sockets.last.push(hello(fields))
    await world.run(0)
  }
  const cut = async (code?: number) => {
    sockets.last.cut(code)
    await world.run(0)
  }
  const sent = (type: ClientFrame['type']) => sockets.last.sent.filter((frame) => frame.type === type)
  return {
    world,
    sockets,
    sse,
    events,
    stream,
    online,
    greet,
    cut,
    sent,
    lastError: () => error,
    state: () => ({ connection, error: error?.code ?? null }),
  }
}

test('it introduces itself with token, device and position, never in the address', async () => {
  const { sockets, sent, online, state, events } = setup()
  await online()
  assert.equal(sockets.last.url, 'wss://test/base/ws/v1/activities')
  assert.deepEqual(sent('auth'), [{ type: 'auth', token: 't', device_id: 'phone-1', resume: here }])
  assert.deepEqual(state(), { connection: 'online', error: null })
  assert.deepEqual(events, ['hello 5'])
})

test('without a position it begins where the server says', async () => {
  const { sent, online, events, stream } = setup()
  await online({ from_seq: 3, seq: 9 }, null)
  assert.deepEqual(sent('auth'), [{ type: 'auth', token: 't', device_id: 'phone-1' }])
  assert.deepEqual(events, ['began e1:3', 'hello 9'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 3 })
})

test('it pings as often as the server asks', async () => {
  const { world, sockets, sent, online } = setup()
  await online({ ping_interval_ms: 7_000 })
  sockets.last.onSent = (frame) => frame.type === 'ping' && sockets.last.push({ type: 'pong' })
  await world.run(70_000)
  assert.equal(sent('ping').length, 10)
  assert.equal(sockets.all.length, 1)
})

test('silence ends a connection, and the next one goes on from the last link', async () => {
  const { world, sockets, sent, online } = setup()
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
  const { world, sockets, stream } = setup()
  stream.start(here)
  await world.run(0)
  sockets.last.accept()
  await world.run(15_500)
  assert.equal(sockets.all.length, 2)
})

test('a hole in the chain means asking again from before it; what comes twice is dropped', async () => {
  const { world, sockets, sent, online, events } = setup()
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
    const { world, sockets, online } = setup()
    await online()
    sockets.last.pushRaw(data)
    await world.run(500)
    assert.equal(sockets.all.length, 2)
  }
})

test('frames of a later version are passed over', async () => {
  const { sockets, online, events, state } = setup()
  await online()
  sockets.last.push({ type: 'shiny' })
  sockets.last.push({ type: 'feed_item', post: {} })
  sockets.last.push({ ...link(5, 6), type: 'stranger' })
  sockets.last.push(link(6, 7))
  assert.deepEqual(events, ['hello 5', 'frame 6', 'frame 7'])
  assert.equal(state().connection, 'online')
})

test('positions are acknowledged together, at most once a second, and at the end', async () => {
  const { world, sockets, sent, online, stream } = setup()
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
  const { world, sockets, sent, online, stream } = setup()
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
  const { world, sockets, online, events, stream } = setup()
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
  const { sockets, online, events, stream } = setup()
  await online({ from_seq: 2, seq: 2 })
  sockets.last.push(reset(2))
  assert.deepEqual(events, ['hello 2', 'reset e1:2'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 2 })
})

test('another epoch is a reset', async () => {
  const { sockets, online, events } = setup()
  await online({ epoch: 'e2', from_seq: 1, seq: 1 })
  sockets.last.push(reset(1, 'e2'))
  assert.deepEqual(events, ['reset e2:1', 'hello 1'])
})

test('a connection lost between hello and reset has not forgotten the reset', async () => {
  const { cut, online, events, stream } = setup()
  await online({ from_seq: 50, seq: 50 })
  await cut()
  assert.deepEqual(events, ['reset e1:50', 'hello 50'])
  assert.deepEqual(stream.position, { epoch: 'e1', seq: 50 })
})

test('it reconnects with full jitter from 0.5 s to 20 s', async () => {
  const { world, sockets, online, greet, cut } = setup()
  await online()
  for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]) {
    const before = sockets.all.length
    await cut()
    await world.run(wait - 1)
    assert.equal(sockets.all.length, before)
    await world.run(1)
    assert.equal(sockets.all.length, before + 1, `after ${wait} ms`)
    await greet()
  }
  await world.run(29_000)
  await cut()
  await world.run(19_999)
  const before = sockets.all.length
  await world.run(1)
  assert.equal(sockets.all.length, before + 1, 'held for 29 s: from where it was')
})

test('only what held for 30 s starts from the beginning', async () => {
  const { world, sockets, online, greet, cut } = setup()
  await online()
  for (let i = 0; i < 6; i++) {
    await cut()
    await world.run(20_000)
    await greet()
  }
  await world.run(30_000)
  await cut()
  const before = sockets.all.length
  await world.run(500)
  assert.equal(sockets.all.length, before + 1)
})

test('a closing server is given the time it asks for, and not all come back at once', async () => {
  const { world, sockets, online } = setup()
  await online()
  sockets.last.push({ type: 'server_closing', retry_after_ms: 10_000 })
  sockets.last.cut(4000)
  world.page('online')
  await world.run(9_999)
  assert.equal(sockets.all.length, 1)
  await world.run(5_001)
  assert.equal(sockets.all.length, 2)
})

test('the network is back: at once', async () => {
  const { world, sockets, online, cut } = setup()
  await online()
  for (let i = 0; i < 7; i++) {
    await cut()
    if (i < 6) await world.run(20_000)
  }
  const before = sockets.all.length
  world.page('online')
  await world.run(0)
  assert.equal(sockets.all.length, before + 1)
})

test('after a sleep the connection is asked for a sign of life', async () => {
  const { world, sockets, sent, online } = setup()
  await online()
  world.page('visible')
  assert.equal(sent('ping').length, 1)
  await world.run(5_500)
  assert.equal(sockets.all.length, 2, 'no answer within 5 s')
})

test('after a sleep longer than the timeout it is not even asked', async () => {
  const { world, sockets, sent, online } = setup()
  await online()
  world.sleep(3_600_000)
  world.page('online')
  assert.equal(sent('ping').length, 0)
  await world.run(500)
  assert.equal(sockets.all.length, 2)
})

test('nobody looks: no reconnecting after a while, and at once when somebody does', async () => {
  const { world, sockets, online, cut, state } = setup()
  await online()
  world.page('hidden')
  await world.run(20_000)
  await cut()
  await world.run(500)
  assert.equal(sockets.all.length, 2, 'hidden for a moment only')
  await world.run(10_000)
  await cut()
  await world.run(3_600_000)
  assert.equal(sockets.all.length, 2)
  assert.equal(state().connection, 'offline')
  world.page('online')
  await world.run(60_000)
  assert.equal(sockets.all.length, 2, 'a network that is back does not wake it')
  world.page('visible')
  await world.run(0)
  assert.equal(sockets.all.length, 3)
})

test('a page opened in the background connects once', async () => {
  const { world, online, sockets } = setup()
  world.page('hidden')
  await online()
  assert.equal(sockets.all.length, 1)
})

test('the only token was refused: offline, with the reason, and no further try', async () => {
  for (const [code, name] of [
    [4500, 'bad_frame'],
    [4501, 'unauthenticated'],
    [4502, 'token_expired'],
    [4503, 'token_revoked'],
    [4504, 'too_many_sockets'],
    [4505, 'auth_timeout'],
    [4999, 'closed_4999'],
  ] as const) {
    const { world, sockets, online, cut, state } = setup()
    await online()
    await cut(code)
    assert.deepEqual(state(), { connection: 'offline', error: name })
    world.page('online')
    world.page('visible')
    await world.run(3_600_000)
    assert.equal(sockets.all.length, 1)
  }
})

test('a token function is asked for another one', async () => {
  let count = 0
  const { world, sent, online, cut, greet, state } = setup({ token: () => `t${++count}` })
  await online()
  await world.run(20_000)
  await cut(4503)
  assert.deepEqual(state(), { connection: 'connecting', error: 'token_revoked' })
  await world.run(500)
  await greet({})
  assert.equal((sent('auth')[0] as { token: string }).token, 't2')
  assert.deepEqual(state(), { connection: 'online', error: null })
})

test('tokens that are all refused are asked for ever more rarely, up to 10 min', async () => {
  let count = 0
  const { world, sockets, stream } = setup({ token: () => `t${++count}` })
  sockets.onCreate = (socket: FakeSocket) => {
    world.seams.scheduler.after(1, () => {
      socket.accept()
      socket.cut(4501)
    })
  }
  stream.start(here)
  await world.run(3_600_000)
  const first = count
  assert.ok(first < 20, `${first} tries in the first hour`)
  await world.run(3_600_000)
  assert.equal(count - first, 6)
})

test('looking at the page does not hurry a refused token, a network that is back does', async () => {
  let count = 0
  const { world, sockets, stream } = setup({ token: () => `t${++count}` })
  sockets.onCreate = (socket) => {
    world.seams.scheduler.after(1, () => {
      socket.accept()
      socket.cut(4501)
    })
  }
  stream.start(here)
  await world.run(100_000)
  const before = count
  world.page('visible')
  await world.run(0)
  assert.equal(count, before)
  world.page('online')
  await world.run(0)
  assert.equal(count, before + 1)
})

test('a token function that fails is asked again with the same patience', async () => {
  let count = 0
  const failing = () => {
    count++
    return Promise.reject(new Error('not logged in'))
  }
  const { world, stream, state } = setup({ token: failing })
  stream.start(here)
  await world.run(3_600_000)
  assert.ok(count < 20)
  assert.deepEqual(state(), { connection: 'connecting', error: 'token_unavailable' })
})

test('three failures before the first hello, and server-sent events take over', async () => {
  const { world, sockets, sse, stream, cut, state, events } = setup()
  stream.start(here)
  await world.run(0)
  await cut()
  await world.run(500)
  await cut()
  await world.run(1_000)
  await cut()
  await world.run(2_000)
  assert.equal(sockets.all.length, 3)
  const [first] = sse as [Sse]
  assert.deepEqual(first.introduction, { token: 't', deviceId: 'phone-1', resume: here })
  first.handlers.frame(hello())
  first.handlers.frame(link(5, 6) as unknown as ChainFrame)
  assert.deepEqual(events, ['hello 5', 'frame 6'])
  assert.equal(state().connection, 'online')
  first.handlers.ended({ error: new HeadwaterError('network'), fatal: false, answered: true })
  await world.run(20_000)
  assert.deepEqual(sse[1]?.introduction.resume, { epoch: 'e1', seq: 6 })
})

test('a WebSocket that was told to stay away has not failed', async () => {
  const { world, sockets, sse, stream } = setup()
  sockets.onCreate = (socket) => world.seams.scheduler.after(1, () => socket.cut(4003))
  stream.start(here)
  await world.run(200_000)
  assert.equal(sse.length, 0)
  assert.ok(sockets.all.length > 5)
})

test('no WebSocket at all: server-sent events from the start', async () => {
  const { world, sse, stream } = setup({ sockets: false })
  stream.start(here)
  await world.run(0)
  assert.equal(sse.length, 1)
})

test('a WebSocket that cannot even be made counts as failed', async () => {
  const { world, stream, sse, sockets } = setup()
  sockets.onCreate = () => {
    throw new Error('blocked by policy')
  }
  stream.start(here)
  await world.run(5_000)
  assert.ok(sse.length >= 1)
})

test('stopped while a token is on its way, it stays stopped', async () => {
  let give: (token: string) => void = () => {}
  const { world, sockets, stream, state } = setup({ token: () => new Promise<string>((resolve) => (give = resolve)) })
  stream.start(here)
  await world.run(0)
  stream.stop()
  give('t')
  await world.run(60_000)
  assert.equal(sockets.all.length, 0)
  assert.deepEqual(state(), { connection: 'offline', error: null })
})

test('a socket that was given up may say what it likes', async () => {
  const { world, sockets, online, events, stream } = setup()
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
  const { sockets, stream, world, lastError } = setup()
  stream.start(here)
  await world.run(0)
  sockets.last.accept()
  sockets.last.push({ type: 'error', code: 'unauthenticated', detail: 'The signature is wrong' })
  sockets.last.cut(4501)
  assert.equal(lastError()?.code, 'unauthenticated')
  assert.match(lastError()?.detail ?? '', /signature/)
})
