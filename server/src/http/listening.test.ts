import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Type } from 'typebox'
import { apiKey, testApp } from './app-for-tests.ts'
import { Exactly } from './schemas.ts'

/** What only a real connection shows: requests that are no HTTP, too slow or cut off. */
async function listeningApp({ requestTimeoutMs = 100 } = {}) {
  const failures: string[] = []
  const app = await testApp(
    (routes) => {
      const body = Exactly({ name: Type.String({ maxLength: 10 }) })
      routes.post('/v1/things', { config: { access: 'any' }, schema: { body } }, async (request) => request.body)
      routes.get('/v1/me', { config: { access: 'any' } }, async (request) => request.principal)
    },
    {
      settings: { requestTimeoutMs },
      log: { warn: (_, text) => failures.push(text), error: (_, text) => failures.push(text) },
    },
  )
  await app.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.app.server.address() as AddressInfo
  /** Writes the text and gives back all that comes until the server hangs up. */
  const exchange = (text: string): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>()
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (data) => {
      received += data
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
    return promise
  }
  return { app, port, failures, exchange, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

const head = (...lines: string[]) =>
  ['POST /v1/things HTTP/1.1', 'Host: x', `Authorization: Bearer ${apiKey}`, ...lines, '', ''].join('\r\n')

for (const [name, text, status, code] of [
  [
    'a body that stops half-way',
    `${head('Content-Type: application/json', 'Content-Length: 50')}{"name"`,
    408,
    'request_timeout',
  ],
  ['headers that stop half-way', 'GET /v1/me HTTP/1.1\r\nHost: x\r\nX-', 408, 'request_timeout'],
  ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['two lengths', head('Content-Length: 5', 'Content-Length: 6'), 400, 'invalid_request'],
  ['a length and chunks', head('Content-Length: 5', 'Transfer-Encoding: chunked'), 400, 'invalid_request'],
  ['17 KiB of headers', head(`X-Long: ${'a'.repeat(17 * 1024)}`), 431, 'headers_too_large'],
  [
    '200 headers',
    head(...Array.from({ length: 200 }, (_, i) => `X-${i}: 1`), 'Connection: close'),
    431,
    'headers_too_large',
  ],
] as const) {
  test(`${name}: ${status}`, async () => {
    await using t = await listeningApp()
    const [headers = '', body = ''] = (await t.exchange(text)).split('\r\n\r\n')
    assert.match(headers, new RegExp(`^HTTP/1.1 ${status} `))
    assert.match(headers, /content-type: application\/problem\+json/i)
    assert.equal(JSON.parse(body).code, code)
    assert.deepEqual(t.failures, [])
  })
}

test('two different Authorization headers are refused', async () => {
  await using t = await listeningApp()
  const answer = await t.exchange(
    `GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${apiKey}\r\nAuthorization: Bearer b\r\n\r\n`,
  )
  assert.match(answer, /^HTTP\/1.1 400 /)
})

test('a client that hangs up in the middle of a body harms nobody', async () => {
  await using t = await listeningApp()
  const socket = connect(t.port, '127.0.0.1', () => {
    socket.write(`${head('Content-Type: application/json', 'Content-Length: 50')}{"na`, () => socket.destroy())
  })
  await new Promise((resolve) => socket.once('close', resolve))
  const answer = await fetch(`http://127.0.0.1:${t.port}/v1/me`, { headers: { authorization: `Bearer ${apiKey}` } })
  assert.deepEqual([answer.status, await answer.json()], [200, { kind: 'server' }])
  assert.deepEqual(t.failures, [])
})

test('every pipelined answer is for its asker', async () => {
  // Two hundred at once take longer than a moment on a machine that does other things.
  await using t = await listeningApp({ requestTimeoutMs: 10_000 })
  const users = Array.from({ length: 200 }, (_, i) => `user-${i}`)
  const answered = await Promise.all(
    users.map(async (user) => {
      const headers = { authorization: `Bearer ${apiKey}`, 'x-user-id': user }
      const answer = await fetch(`http://127.0.0.1:${t.port}/v1/me`, { headers })
      return ((await answer.json()) as { actingAs: string }).actingAs
    }),
  )
  assert.deepEqual(answered, users)
})

test('a server that closes answers what comes on connections that are open, and hangs up behind it', async () => {
  const entered = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  await using server = await testApp((routes) => {
    routes.get('/v1/slow', { config: { access: 'any' } }, async () => {
      entered.resolve()
      await go.promise
      return { slow: true }
    })
    routes.get('/v1/me', { config: { access: 'any' } }, async (request) => request.principal)
  })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\n\r\n`
  const { promise: received, resolve } = Promise.withResolvers<string>()
  let text = ''
  const socket = connect(port, '127.0.0.1', () => socket.write(get('/v1/slow')))
  socket.on('data', (data) => {
    text += data
  })
  socket.on('close', () => resolve(text))
  await entered.promise
  const closed = server.app.close()
  socket.write(get('/v1/me'))
  await new Promise<void>((done) => server.app.server.once('request', () => done()))
  go.resolve()
  await closed
  const statuses = [...(await received).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  assert.deepEqual(statuses, ['200', '200'])
  assert.match(text, /connection: close/i)
})
