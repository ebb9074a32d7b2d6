import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Frame } from './frame.ts'
import { createHttp } from './http.ts'
import { RetryPolicy } from './retry.ts'
import { systemSeams } from './seams.ts'
import { sseTransport } from './sse.ts'
import { createTokenSource } from './token.ts'
import type { TransportEnd } from './transport.ts'

/** A real server and the real `fetch`, because what is special here is how they stream. */
async function open(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const seams = systemSeams
  const tokens = createTokenSource('t', seams)
  const http = createHttp({
    url,
    tokens,
    fetch: globalThis.fetch,
    seams,
    retries: new RetryPolicy(seams),
    timeoutMs: 10_000,
  })
  const frames: Frame[] = []
  let heard = 0
  const waiting: (() => void)[] = []
  const frameCame = (count: number) =>
    new Promise<void>((resolve) => waiting.push(() => frames.length >= count && resolve()))
  let ended: (end: TransportEnd) => void = () => {}
  const end = new Promise<TransportEnd>((resolve) => {
    ended = resolve
  })
  const transport = sseTransport(http)(
    { token: 't', deviceId: undefined, resume: { epoch: 'e:1', seq: 7 } },
    {
      frame: (frame) => {
        frames.push(frame)
        for (const check of waiting) check()
      },
      heard: () => heard++,
      ended,
    },
  )
  return {
    transport,
    frames,
    end,
    frameCame,
    heard: () => heard,
    [Symbol.asyncDispose]: async () => {
      transport.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('frames come as they are written, with token and position in headers', async () => {
  let request: IncomingMessage | undefined
  let response: ServerResponse | undefined
  await using stream = await open((req, res) => {
    request = req
    response = res
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(': hello\n\nevent: pong\nid: e:1:7\ndata: {"type":"pong"}\n\nevent: po')
  })
  await stream.frameCame(1)
  assert.equal(request?.url, '/v1/activities/stream')
  assert.equal(request?.headers.authorization, 'Bearer t')
  assert.equal(request?.headers['last-event-id'], 'e:1:7')
  const next = stream.frameCame(2)
  response?.write('ng\r\ndata: {"text":"ü')
  response?.write('"}\r\n\r\n')
  await next
  assert.deepEqual(stream.frames, [{ type: 'pong' }, { type: 'pong', text: 'ü' }])
  assert.ok(stream.heard() >= 2)
})

test('an ended stream is a lost connection of a server that was there', async () => {
  await using stream = await open((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.end('event: pong\ndata: {}\n\n')
  })
  const end = await stream.end
  assert.deepEqual([end.error.code, end.fatal, end.answered, stream.frames.length], ['network', false, true, 1])
})

test('the last event says why, as the close code of a socket does', async () => {
  for (const [code, reason, fatal] of [
    [4503, 'token_revoked', true],
    [4001, 'slow_consumer', false],
  ] as const) {
    await using stream = await open((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.end(`event: pong\ndata: {}\n\nevent: close\ndata: ${JSON.stringify({ type: 'close', code, reason })}\n\n`)
    })
    const end = await stream.end
    assert.deepEqual([end.error.code, end.fatal, end.answered, stream.frames.length], [reason, fatal, true, 1])
    assert.equal(end.error.retryable, !fatal)
  }
})

test('a refused token is fatal, so is a wrong request for good; an overloaded server asks for patience, a missing route is no answer', async () => {
  const answers = [
    { status: 401, code: 'unauthenticated', fatal: true, permanent: false, answered: true, retryAfterMs: null },
    { status: 400, code: 'user_required', fatal: true, permanent: true, answered: true, retryAfterMs: null },
    { status: 503, code: 'overloaded', fatal: false, permanent: false, answered: true, retryAfterMs: 4_000 },
    { status: 404, code: 'route_not_found', fatal: false, permanent: false, answered: false, retryAfterMs: null },
  ]
  for (const { status, code, ...expected } of answers) {
    await using stream = await open((_, res) => {
      res.writeHead(status, {
        'content-type': 'application/problem+json',
        ...(status === 503 ? { 'retry-after': '4' } : {}),
      })
      res.end(JSON.stringify({ code }))
    })
    const { error, fatal, permanent, answered } = await stream.end
    assert.equal(error.code, code)
    assert.deepEqual({ fatal, permanent, answered, retryAfterMs: error.retryAfterMs }, expected)
  }
})

test('something on the way that refuses knows nothing of tokens', async () => {
  for (const status of [400, 401, 403]) {
    await using stream = await open((_, res) => {
      res.writeHead(status, { 'content-type': 'text/html' })
      res.end('<h1>Log in to the network</h1>')
    })
    const { error, fatal, permanent, answered } = await stream.end
    assert.deepEqual([error.code, fatal, permanent, answered], ['bad_response', false, false, false], `${status}`)
  }
})

test('what is no frame ends the stream', async () => {
  await using stream = await open((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('event: hello\ndata: nonsense\n\nevent: pong\ndata: {}\n\n')
  })
  assert.equal((await stream.end).error.code, 'bad_response')
  assert.equal(stream.frames.length, 0)
})

test('closed, it hangs up and says nothing more', async () => {
  let hungUp: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    hungUp = resolve
  })
  await using stream = await open((req, res) => {
    req.on('close', hungUp)
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('event: pong\ndata: {}\n\n')
  })
  await stream.frameCame(1)
  let ended = false
  void stream.end.then(() => {
    ended = true
  })
  stream.transport.close()
  await closed
  assert.equal(ended, false)
})

test('it does not matter where the bytes are cut', async () => {
  const bytes = new TextEncoder().encode('event: pong\ndata: {"text":"日本 ü 🎉"}\n\n')
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  const seams = systemSeams
  const fetch = async () => new Response(body)
  const retries = new RetryPolicy(seams)
  const http = createHttp({
    url: 'http://test',
    tokens: createTokenSource('t', seams),
    fetch,
    seams,
    retries,
    timeoutMs: 1,
  })
  const frames: Frame[] = []
  await new Promise((resolve) => {
    const handlers = { frame: (frame: Frame) => void frames.push(frame), heard: () => {}, ended: resolve }
    sseTransport(http)({ token: 't', deviceId: undefined, resume: null }, handlers)
  })
  assert.deepEqual(frames, [{ type: 'pong', text: '日本 ü 🎉' }])
})
