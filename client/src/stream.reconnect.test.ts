import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeadwaterError } from './error.ts'
import type { ChainFrame } from './frame.ts'
import type { FakeSocket } from './testing/fake-socket.ts'
import { hello, here, link, type Sse, setupStream } from './testing/stream-setup.ts'

test('it reconnects with full jitter from 0.5 s to 20 s', async () => {
  const { world, sockets, online, greet, cut } = setupStream()
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
  const { world, sockets, online, greet, cut } = setupStream()
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
  const { world, sockets, online } = setupStream()
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
  const { world, sockets, online, cut } = setupStream()
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
  const { world, sockets, sent, online } = setupStream()
  await online()
  world.page('visible')
  assert.equal(sent('ping').length, 1)
  await world.run(5_500)
  assert.equal(sockets.all.length, 2, 'no answer within 5 s')
})

test('after a sleep longer than the timeout it is not even asked', async () => {
  const { world, sockets, sent, online } = setupStream()
  await online()
  world.sleep(3_600_000)
  world.page('online')
  assert.equal(sent('ping').length, 0)
  await world.run(500)
  assert.equal(sockets.all.length, 2)
})

test('nobody looks: no reconnecting after a while, and at once when somebody does', async () => {
  const { world, sockets, online, cut, state } = setupStream()
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
  const { world, online, sockets } = setupStream()
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
    const { world, sockets, online, cut, state } = setupStream()
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
  const { world, sent, online, cut, greet, state } = setupStream({ token: () => `t${++count}` })
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
  const { world, sockets, stream } = setupStream({ token: () => `t${++count}` })
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

test('a token that has run out while it was in use was not refused: the next one follows within 20 s', async () => {
  let count = 0
  const { world, sockets, greet, cut, state, stream } = setupStream({ token: () => `t${++count}` })
  sockets.onCreate = (socket) => {
    world.seams.scheduler.after(1, () => {
      socket.accept()
      if (count < 10) socket.cut(4501)
    })
  }
  stream.start(here)
  while (count < 10) await world.run(1_000)
  await world.run(1)
  await greet({})
  await cut(4502)
  assert.deepEqual(state(), { connection: 'connecting', error: 'token_expired' })
  await world.run(20_000)
  assert.ok(count > 10)
})

test('looking at the page does not hurry a refused token, a network that is back does', async () => {
  let count = 0
  const { world, sockets, stream } = setupStream({ token: () => `t${++count}` })
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

test('a token function that fails is asked again as a lost connection is, from 0.5 s to 20 s', async () => {
  const { world, stream, state, askedAt } = failingToken()
  stream.start(here)
  await world.run(100_000)
  const waits = askedAt.slice(1).map((at, i) => at - (askedAt[i] as number))
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000])
  assert.deepEqual(state(), { connection: 'connecting', error: 'token_unavailable' })
})

test('looking at the page hurries a token function that failed, as does a network that is back', async () => {
  for (const event of ['visible', 'online'] as const) {
    const { world, stream, askedAt } = failingToken()
    stream.start(here)
    await world.run(60_000)
    const before = askedAt.length
    world.page(event)
    await world.run(0)
    assert.equal(askedAt.length, before + 1, event)
  }
})

test('a token function that fails in between takes nothing from the patience with refused tokens', async () => {
  let count = 0
  const { world, sockets, stream } = setupStream({
    token: () => (++count % 2 === 0 ? `t${count}` : Promise.reject(new Error('offline'))),
  })
  sockets.onCreate = (socket) => {
    world.seams.scheduler.after(1, () => {
      socket.accept()
      socket.cut(4501)
    })
  }
  stream.start(here)
  await world.run(3_600_000)
  const first = sockets.all.length
  assert.ok(first < 20, `${first} tries in the first hour`)
  await world.run(3_600_000)
  assert.ok(sockets.all.length - first <= 6, `${sockets.all.length - first} tries in the second`)
})

/** A stream whose token function is asked in vain. */
function failingToken() {
  const askedAt: number[] = []
  const setup = setupStream({
    token: () => {
      askedAt.push(setup.world.elapsed)
      return Promise.reject(new Error('fetch failed'))
    },
  })
  return { ...setup, askedAt }
}

test('three failures before the first hello, and server-sent events take over', async () => {
  const { world, sockets, sse, stream, cut, state, events } = setupStream()
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

/** A server that greets, is then away for so long that server-sent events are tried, and greets over those. */
async function overAnAbsence() {
  const setup = setupStream()
  const { world, sockets, sse, online, cut } = setup
  await online()
  sockets.onCreate = (socket) => world.seams.scheduler.after(1, () => socket.cut())
  await cut()
  while (sse.length === 0) await world.run(1_000)
  sockets.onCreate = () => {}
  const [events] = sse as [Sse]
  events.handlers.frame(hello())
  const before = sockets.all.length
  return { ...setup, events, newSockets: () => sockets.all.length - before }
}

test('after a long absence of the server a WebSocket that has worked is tried again when the events end', async () => {
  const { world, sse, greet, state, events, newSockets } = await overAnAbsence()
  await world.run(50_000)
  assert.deepEqual([state().connection, newSockets()], ['online', 0])
  events.handlers.ended({ error: new HeadwaterError('network'), fatal: false, answered: true })
  await world.run(500)
  assert.deepEqual([sse.length, newSockets()], [1, 1])
  await greet()
  assert.equal(state().connection, 'online')
})

test('closed and connected again after a long absence of the server, it opens a WebSocket', async () => {
  const { world, stream, sse, newSockets } = await overAnAbsence()
  stream.stop()
  stream.start(here)
  await world.run(0)
  assert.deepEqual([sse.length, newSockets()], [1, 1])
})

test('a WebSocket that was told to stay away has not failed', async () => {
  const { world, sockets, sse, stream } = setupStream()
  sockets.onCreate = (socket) => world.seams.scheduler.after(1, () => socket.cut(4003))
  stream.start(here)
  await world.run(200_000)
  assert.equal(sse.length, 0)
  assert.ok(sockets.all.length > 5)
})

test('no WebSocket at all: server-sent events from the start', async () => {
  const { world, sse, stream } = setupStream({ sockets: false })
  stream.start(here)
  await world.run(0)
  assert.equal(sse.length, 1)
})

test('a WebSocket that cannot even be made counts as failed', async () => {
  const { world, stream, sse, sockets } = setupStream()
  sockets.onCreate = () => {
    throw new Error('blocked by policy')
  }
  stream.start(here)
  await world.run(5_000)
  assert.ok(sse.length >= 1)
})

test('the network is back while a connection is being opened: it is opened anew, at most once a second', async () => {
  const { world, sockets, sent, stream, greet, state } = setupStream()
  stream.start(here)
  await world.run(0)
  for (const [afterMs, count] of [
    [0, 2],
    [999, 2],
    [1, 3],
  ] as const) {
    await world.run(afterMs)
    world.page('online')
    await world.run(0)
    assert.equal(sockets.all.length, count)
  }
  assert.equal(sockets.all[0]?.closedWith, 1000)
  await greet()
  assert.deepEqual([state().connection, sent('auth').length], ['online', 1])
  world.page('visible')
  await world.run(0)
  assert.equal(sockets.all.length, 3, 'somebody looks: no other network')
})

test('the network is back: server-sent events, which cannot be asked, begin anew from the last link', async () => {
  const { world, sse, stream, state } = setupStream({ sockets: false })
  stream.start(here)
  await world.run(0)
  const [first] = sse as [Sse]
  first.handlers.frame(hello())
  first.handlers.frame(link(5, 6) as unknown as ChainFrame)
  world.page('visible')
  await world.run(0)
  assert.equal(sse.length, 1)
  world.page('online')
  world.page('online')
  await world.run(0)
  assert.deepEqual([sse.length, sse[1]?.introduction.resume], [2, { epoch: 'e1', seq: 6 }])
  first.handlers.ended({ error: new HeadwaterError('network'), fatal: false, answered: true })
  sse[1]?.handlers.frame(hello({ from_seq: 6, seq: 6 }))
  await world.run(10_000)
  assert.deepEqual([sse.length, state().connection], [2, 'online'])
})

test('however long it is asked to stay away, it comes back within minutes', async () => {
  const { world, sockets, online } = setupStream()
  await online()
  sockets.last.push({ type: 'server_closing', retry_after_ms: 86_400_000 })
  sockets.last.cut(4000)
  await world.run(599_999)
  assert.equal(sockets.all.length, 1)
  await world.run(300_001)
  assert.equal(sockets.all.length, 2)
})
