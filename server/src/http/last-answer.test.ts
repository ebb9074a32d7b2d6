import assert from 'node:assert/strict'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { apiKey, testApp } from './app-for-tests.ts'
import { addEventRoutes } from './events.ts'
import { addAllRoutes, testFeatures } from './features-for-tests.ts'

/** Without the last answer being said to be the last one, a connection stays for more than a minute. */
const timeout = 20_000

const event = { event_type: 'LIKE', actor_id: 'mia', target_user_id: 'carol', object_type: 'POST', object_id: 'p1' }

function written(path: string, body: object, headers: readonly string[] = []) {
  const text = JSON.stringify(body)
  const lines = ['Host: x', `Authorization: Bearer ${apiKey}`, 'Content-Type: application/json', ...headers]
  const head = [`POST ${path} HTTP/1.1`, ...lines, `Content-Length: ${text.length}`, '', ''].join('\r\n')
  return { head, text }
}

function received(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (data) => {
    text += data
  })
  return new Promise((resolve) => socket.once('close', () => resolve(text)))
}

for (const [name, path, body, headers, status] of [
  ['events', '/v1/events', event, [], 202],
  ['events that the framework takes', '/v1/events', event, ['X-Something-Else: 1'], 202],
  ['a token', '/v1/tokens', { user_id: 'carol' }, [], 201],
  ['a mark', '/v1/activities/read', { all: true }, ['X-User-Id: alice'], 200],
  ['a mark that is refused', '/v1/activities/read', { al: true }, ['X-User-Id: alice'], 400],
] as const) {
  test(`${name}, half sent when the server closes: the answer is the last one of its connection`, {
    timeout,
  }, async () => {
    await using server = await testApp((app, dependencies) => addAllRoutes(app, testFeatures(0), dependencies))
    await server.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.app.server.address() as AddressInfo
    const { head, text } = written(path, body, headers)
    const socket = connect(port, '127.0.0.1')
    const answer = received(socket)
    const begun = new Promise<void>((resolve) => server.app.server.once('request', () => resolve()))
    socket.write(head + text.slice(0, 5))
    await begun
    const closed = server.app.close()
    // Comes back when the server has begun to close.
    while (server.app.server.listening) await new Promise((resolve) => setImmediate(resolve))
    socket.write(text.slice(5))
    assert.match(await answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(await answer, /\r\nconnection: close\r\n/i)
    await closed
  })
}

test('requests that came behind each other before the server closed are all answered', { timeout }, async () => {
  const gate = Promise.withResolvers<void>()
  let waiting = 0
  await using server = await testApp((app) => {
    addEventRoutes(app, {
      ingest: {
        checkRoom: () => {},
        trace: async () => undefined,
        async submitItems() {
          waiting++
          await gate.promise
          return { accepted: 1, rejected: [], event_ids: ['e1'], errors: [] }
        },
      },
    })
  })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const { head, text } = written('/v1/events', event)
  const slow = written('/v1/events', event, ['X-Something-Else: 1'])
  const socket = connect(port, '127.0.0.1')
  const answers = received(socket)
  socket.write(head + text + slow.head + slow.text + head + text)
  while (waiting < 3) await new Promise((resolve) => setImmediate(resolve))
  const closed = server.app.close()
  while (server.app.server.listening) await new Promise((resolve) => setImmediate(resolve))
  gate.resolve()
  const found = [...(await answers).matchAll(/HTTP\/1\.1 (\d+)|connection: (close)/gi)].map(
    (match) => match[1] ?? match[2],
  )
  assert.deepEqual(found, ['202', '202', '202', 'close'])
  await closed
})
