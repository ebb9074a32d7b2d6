import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { startHeadwater, type TestServer } from '../../src/testing.ts'
import { type Refused, reader, refuses } from './testing/refusals.ts'
import { ask, assertProblem, exchange, firstAnswer, portOf } from './testing/wire.ts'

/** Addresses, headers and the framing of requests: what is wrong before a route has looked at it. */

const get = (path: string, headers: Record<string, string | string[]> = {}) => ({ path, headers, user: reader })
const object = (id: string) => ({ method: 'DELETE', path: `/v1/objects/POST/${id}` })
const invalid = [400, 'invalid_request'] as const

// Before the first test: what a file waits for behind it, the runner does not wait for.
const quick = await startHeadwater({ config: { 'http.requestTimeoutMs': 400 } })
after(() => quick.close())

const server = await refuses([
  ['B15 200 headers', get('/v1/activities', numbered(200)), 431, 'headers_too_large'],
  ['B15 an address of 8 KiB', get(`/v1/activities?filter=${'L'.repeat(8_200)}`), 414, 'uri_too_long'],
  ['B15 a path parameter of 8 KiB', get(`/v1/users/${'u'.repeat(8_190)}`), 414, 'uri_too_long'],
  ['B15 a path parameter of 129 characters', get(`/v1/users/${'u'.repeat(129)}`), ...invalid, 'too_long'],
  ['B16 %E0%A4%A in the path', get('/v1/users/%E0%A4%A'), ...invalid],
  ['B16 %FF in the path', get('/v1/users/%FF'), ...invalid],
  ['B17 %00 in an id', get('/v1/users/a%00b'), ...invalid, 'invalid_id'],
  ['B17 %2f in an id of a user', get('/v1/users/a%2fb'), ...invalid, 'invalid_id'],
  ['B17 %0d%0a in an id', object('a%0d%0aSet-Cookie:%20x=1'), ...invalid, 'invalid_id'],
  ['B17 %1b in an id', object('%1b%5b31m'), ...invalid, 'invalid_id'],
  ['B17 C1 controls in an id', object('%c2%9b31m'), ...invalid, 'invalid_id'],
  ['B17 %00 in the id of a group', get('/v1/activities/%00'), 404, 'not_found'],
  ['B17 .. as an id', get('/v1/users/..'), 404, 'not_found'],
  ['B17 a path that leads out', get('/v1/users/../../etc/passwd'), 404, 'route_not_found'],
  ['B18 an unknown route', get('/v1/nothing'), 404, 'route_not_found'],
  ['B18 a route that is not built yet', get('/v1/feed'), 404, 'route_not_found'],
  ['B18 a route in capitals', get('/V1/activities'), 404, 'route_not_found'],
  ['B18 a slash too many', get('/v1/activities/'), 404, 'route_not_found'],
  ['B18 no id behind a slash', get('/v1/users/'), 404, 'route_not_found'],
  ['B18 no id of an event', { path: '/v1/events/' }, 404, 'route_not_found'],
  ['B18 no id of an object', object(''), 404, 'route_not_found'],
  ['B18 no id, and no key', { path: '/v1/events/', token: null }, 404, 'route_not_found'],
  ['B18 a wrong method', { method: 'PUT', path: '/v1/events' }, 405, 'method_not_allowed'],
  ['B18 a method that nobody has', { method: 'PROPFIND', path: '/v1/activities' }, 405, 'method_not_allowed'],
  ['a socket without an upgrade', { path: '/ws/v1/activities', token: null }, 426, 'upgrade_required'],
  ['an upgrade to something else', get('/ws/v1/activities', { upgrade: 'h2c' }), 426, 'upgrade_required'],
  ['a socket that is posted', { method: 'POST', path: '/ws/v1/activities' }, 405, 'method_not_allowed'],
  ['a socket that is put', { method: 'PUT', path: '/ws/v1/activities', body: {} }, 405, 'method_not_allowed'],
  ['B19 a parameter twice', get('/v1/activities?limit=1&limit=2'), ...invalid, 'repeated'],
  ['B19 a parameter twice, once encoded', get('/v1/activities?limit=1&%6cimit=2'), ...invalid, 'repeated'],
  ['B19 a parameter without a value', get('/v1/activities?limit'), ...invalid, 'too_short'],
  ['B19 a parameter as a list', get('/v1/activities?limit[]=1'), ...invalid, 'unknown_field'],
  ['B19 a parameter named __proto__', get('/v1/activities?__proto__[polluted]=1'), ...invalid, 'unknown_field'],
  ['B24 two Authorization headers', get('/v1/activities', { authorization: ['Bearer a', 'Bearer b'] }), ...invalid],
  ['two users to act for', get('/v1/activities', { 'x-user-id': [reader, 'bob'] }), ...invalid],
  [
    'two Idempotency-Keys',
    { method: 'POST', path: '/v1/tokens', body: { user_id: reader }, headers: { 'idempotency-key': ['a', 'b'] } },
    ...invalid,
  ],
] satisfies readonly Refused[])

test('whoever asks for a socket without an upgrade is told which one, and what else does not work', async () => {
  const { headers } = await fetch(`${server.url}/ws/v1/activities`)
  assert.equal(headers.get('upgrade'), 'websocket')
  assert.match(headers.get('connection') ?? '', /upgrade/)
  const posted = await fetch(`${server.url}/ws/v1/activities`, { method: 'DELETE' })
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET'])
})

function numbered(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, '1']))
}

const post = (to: TestServer, lines: readonly string[], body = '') =>
  ['POST /v1/tokens HTTP/1.1', 'Host: x', `Authorization: Bearer ${to.apiKey}`, ...lines, '', body].join('\r\n')
const json = 'Content-Type: application/json'
const token = '{"user_id":"bob"}'
const chunked = `${token.length.toString(16)}\r\n${token}\r\n0\r\n\r\n`

for (const [name, lines, body, status, code] of [
  ['B11 a length that is too small', ['Content-Length: 16'], token, 400, 'invalid_json'],
  ['two Hosts', ['Host: y', `Content-Length: ${token.length}`], token, 400, 'invalid_request'],
  ['B11 two lengths', ['Content-Length: 17', 'Content-Length: 18'], token, 400, 'invalid_request'],
  ['B11 a length that is none', ['Content-Length: 0x11'], token, 400, 'invalid_request'],
  ['B11 a negative length', ['Content-Length: -17'], token, 400, 'invalid_request'],
  ['B11 chunks and a length', ['Content-Length: 17', 'Transfer-Encoding: chunked'], chunked, 400, 'invalid_request'],
  ['B11 chunks that come last but one', ['Transfer-Encoding: chunked, identity'], chunked, 400, 'invalid_request'],
  ['B11 chunks of something else', ['Transfer-Encoding: gzip, chunked'], chunked, 400, 'invalid_request'],
  ['B11 a chunk of no size', ['Transfer-Encoding: chunked'], `x\r\n${token}`, 400, 'invalid_request'],
  ['B11 a chunk shorter than its size', ['Transfer-Encoding: chunked'], `5\r\n${token}`, 400, 'invalid_request'],
  ['B11 17 KiB behind a chunk size', ['Transfer-Encoding: chunked'], `11;${'x'.repeat(17_408)}`, 413, 'body_too_large'],
  ['B12 a length that is too large', ['Content-Length: 18'], token, 408, 'request_timeout'],
  ['B12 a body that stops half-way', ['Transfer-Encoding: chunked'], chunked.slice(0, 9), 408, 'request_timeout'],
  ['B15 17 KiB of headers', [`X-Long: ${'a'.repeat(17 * 1024)}`], '', 431, 'headers_too_large'],
  ['a header on two lines', ['X-A: a\r\n b'], '', 400, 'invalid_request'],
  ['a header with a blank before its colon', ['X-A : a'], '', 400, 'invalid_request'],
  ['a header with a NUL', ['X-A: \0'], '', 400, 'invalid_request'],
  [
    'a type twice',
    ['Content-Type: text/plain', 'Content-Length: 17', 'Connection: close'],
    token,
    400,
    'invalid_request',
  ],
] as const) {
  test(`${name}: ${status} ${code}`, async () => {
    const received = await exchange(quick, post(quick, [json, ...lines], body))
    assertProblem(firstAnswer(received), status, code)
    assert.doesNotMatch(received, /"token"/)
  })
}

test('B11 what follows a request is not taken for its body, nor its answer for that of another', async () => {
  const next = 'GET /v1/users/nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  const received = await exchange(quick, post(quick, [json, `Content-Length: ${token.length}`], `${token}${next}`))
  assert.deepEqual(
    [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
    ['201', '401'],
  )
})

test('B11 a request that came whole is answered as what it was, whatever follows it', async () => {
  const received = await exchange(quick, post(quick, [json, `Content-Length: ${token.length}`], `${token}garbage`))
  assert.deepEqual(
    [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
    ['201'],
  )
})

for (const [name, body] of [
  ['no request', ''],
  ['no chunk', 'Transfer-Encoding: chunked\r\n'],
] as const) {
  test(`B11 what is ${name} does not get into the middle of a stream that the connection carries`, async () => {
    const socket = connect(portOf(quick), '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8').on('data', (text) => {
      received += text
      if (received.includes('event: hello')) socket.write('garbage\r\n\r\n')
    })
    const key = `Authorization: Bearer ${quick.apiKey}\r\nX-User-Id: bob\r\n`
    socket.write(`GET /v1/activities/stream HTTP/1.1\r\nHost: x\r\n${key}${body}\r\n`)
    await once(socket, 'close')
    assert.deepEqual(received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200'])
  })
}

test('B12 a body at a byte at a time is given up', async () => {
  const socket = connect(portOf(quick), '127.0.0.1')
  socket.setEncoding('utf8').on('error', () => {})
  const drip = setInterval(() => socket.write(' '), 10)
  socket.write(post(quick, [json, 'Content-Length: 10000']))
  const [received] = await once(socket, 'data')
  clearInterval(drip)
  assertProblem(firstAnswer(received), 408, 'request_timeout')
  socket.destroy()
})

for (const [name, text] of [
  ['no HTTP', 'hello\r\n\r\n'],
  ['no version', 'GET /healthz\r\n\r\n'],
  ['line feeds alone', 'GET /healthz HTTP/1.1\nHost: x\n\n'],
  ['the start of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'],
] as const) {
  test(`B11 ${name}: 400`, async () => {
    assertProblem(firstAnswer(await exchange(quick, Buffer.from(text, 'latin1'))), 400, 'invalid_request')
  })
}

test('an expectation that nobody knows is passed over, and HTTP/1.0 needs no Host', async () => {
  const expecting = 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n'
  assert.equal(firstAnswer(await exchange(quick, expecting)).status, 200)
  assert.equal(firstAnswer(await exchange(quick, 'GET /healthz HTTP/1.0\r\n\r\n')).status, 200)
})

test('a client that offers HTTP/2 beside its request is answered in HTTP/1.1', async () => {
  const offer = ['Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAA']
  const received = await exchange(quick, post(quick, [json, ...offer, `Content-Length: ${token.length}`], token))
  const answer = firstAnswer(received)
  assert.deepEqual([answer.status, typeof answer.body.token], [201, 'string'])
})

test('B17 ids of objects may hold a slash, a percent sign and dots, and mean themselves', async () => {
  for (const id of ['a%2Fb', '..%2f..%2fetc', '100%25', '%25%32%66']) {
    assert.equal((await ask(server, object(id))).status, 202)
  }
})
