import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { FaultProxy } from './proxy.ts'

const limits = { timeout: 20_000 }

/** Answers each line with the line, and remembers what came. */
async function openEcho() {
  const lines: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      lines.push(bytes.toString().trim())
      socket.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    host: '127.0.0.1',
    port,
    lines,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** A client that notes what it gets and how it ends. */
async function dial({ port }: { port: number }) {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  let received = ''
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    socket.on('end', () => resolve('end'))
  })
  socket.on('data', (bytes) => {
    received += bytes.toString()
  })
  return {
    socket,
    ended,
    received: () => received,
    send: (line: string) => void socket.write(line),
    async get(text: string): Promise<void> {
      await until(() => received.includes(text), `the answer ${text}`)
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const startedAt = performance.now()
  while (!isSo()) {
    assert(performance.now() - startedAt < 10_000, `waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const refusedBy = async (proxy: FaultProxy): Promise<unknown> =>
  dial(proxy).then(
    () => 'accepted',
    (error: NodeJS.ErrnoException) => error.code,
  )

test('bytes go through in both directions, are counted, and the end is passed on', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  using client = await dial(proxy)
  client.send('hello')
  await client.get('hello')
  assert.deepEqual(proxy.counters, { accepted: 1, open: 1, cut: 0, bytesUp: 5, bytesDown: 5 })
  client.socket.end()
  assert.equal(await client.ended, 'end')
  await until(() => proxy.counters.open === 0 && echo.sockets.size === 0, 'closed on both sides')
})

test('a large answer comes whole, also to a slow reader', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  const socket = connect({ port: proxy.port, host: '127.0.0.1' })
  const sent = Buffer.alloc(8 * 2 ** 20, 'abcdefghij')
  socket.write(sent)
  socket.pause()
  await until(() => proxy.counters.bytesUp > 2 ** 20, 'a part of it is through')
  const got: Buffer[] = []
  socket.on('data', (bytes: Buffer) => got.push(bytes))
  socket.resume()
  await until(() => got.reduce((sum, { length }) => sum + length, 0) === sent.length, 'all of it')
  assert(Buffer.concat(got).equals(sent))
  socket.destroy()
})

test('new connections are refused on the same port until it is healed, those that stand go on', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  using standing = await dial(proxy)
  await proxy.set({ refuse: true })
  assert.equal(await refusedBy(proxy), 'ECONNREFUSED')
  standing.send('still')
  await standing.get('still')
  await proxy.heal()
  using later = await dial(proxy)
  later.send('again')
  await later.get('again')
})

test('all connections are reset at both ends', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  using client = await dial(proxy)
  client.send('x')
  await client.get('x')
  await proxy.down()
  assert.equal(await client.ended, 'ECONNRESET')
  await until(() => echo.sockets.size === 0, 'the server knows')
  assert.equal(proxy.counters.cut, 1)
  assert.equal(await refusedBy(proxy), 'ECONNREFUSED')
})

test('in a black hole nothing gets through, and what waited goes on when it is healed', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  await proxy.set({ blackHole: 'both' })
  using client = await dial(proxy)
  client.send('waits')
  await proxy.set({ blackHole: 'down' })
  await until(() => echo.lines.length === 1, 'the request is through')
  await until(() => proxy.counters.bytesUp === 5, 'and counted')
  assert.equal(proxy.counters.bytesDown, 0)
  assert.equal(client.received(), '')
  await proxy.heal()
  await client.get('waits')
})

test('latency delays and keeps the order', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  await proxy.set({ latencyMs: 30, jitterMs: 30 })
  using client = await dial(proxy)
  const startedAt = performance.now()
  for (let n = 0; n < 10; n++) {
    client.send(`${n};`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await client.get('0;1;2;3;4;5;6;7;8;9;')
  assert(performance.now() - startedAt >= 59, 'there and back')
})

test('a trickle takes its time', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  await proxy.set({ bytesPerS: 1_000 })
  using client = await dial(proxy)
  const startedAt = performance.now()
  client.send('x'.repeat(200))
  await until(() => client.received().length === 200, 'all of it')
  assert(performance.now() - startedAt >= 180)
})

test('a reply that is cut: the request was carried out, and no byte of the answer comes', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  using other = await dial(proxy)
  using client = await dial(proxy)
  const cut = proxy.cutNext('reply', (bytes) => bytes.includes('write'))
  other.send('read')
  await other.get('read')
  client.send('write')
  await cut
  assert.equal(await client.ended, 'ECONNRESET')
  assert.equal(client.received(), '')
  assert(echo.lines.includes('write'))
  other.send('write')
  await other.get('write')
})

test('a request that is cut never arrives; one that is cut behind arrives', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  for (const [cut, arrives] of [
    ['request', false],
    ['passed', true],
  ] as const) {
    using client = await dial(proxy)
    const sprung = proxy.cutNext(cut)
    client.send(cut)
    await sprung
    assert.equal(await client.ended, 'ECONNRESET')
    assert.equal(client.received(), '')
    // A reset may overtake bytes that the server has not read: `passed` promises that they were sent, no more.
    if (arrives) continue
    using later = await dial(proxy)
    later.send('later')
    await later.get('later')
    assert(!echo.lines.includes(cut))
  }
  assert.equal(proxy.counters.cut, 2)
})

test('a server that vanishes without a word: the client stays connected and hears nothing', limits, async () => {
  await using echo = await openEcho()
  await using proxy = await FaultProxy.open({ target: echo })
  using client = await dial(proxy)
  client.send('x')
  await client.get('x')
  proxy.abandonAll()
  await until(() => echo.sockets.size === 0, 'the server has forgotten it')
  client.send('anyone?')
  using later = await dial(proxy)
  later.send('me')
  await later.get('me')
  assert.equal(client.received(), 'x')
  assert.equal(client.socket.destroyed, false)
  assert.deepEqual(echo.lines, ['x', 'me'])
})

test('a target that is not there is a reset', limits, async () => {
  const echo = await openEcho()
  await echo[Symbol.asyncDispose]()
  await using proxy = await FaultProxy.open({ target: echo })
  using client = await dial(proxy)
  assert.equal(await client.ended, 'ECONNRESET')
})
