import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { CommandFailure } from './command.ts'
import { FrontDoor } from './front-door.ts'

const servers: Server[] = []
after(() => {
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
})

/** A server that says who it is and what it was asked. */
async function named(name: string): Promise<string> {
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => reply.end(`${name} ${request.method} ${request.url} ${Buffer.concat(chunks)}`))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`${name} ${text}`)))
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const nobody = 'http://127.0.0.1:1'

test('requests go to APIs in turn, event streams to gateways, with body and answer as they are', async () => {
  const [a, b, g] = [await named('a'), await named('b'), await named('g')]
  await using door = new FrontDoor({ apis: () => [a, b], gateways: () => [g] })
  const url = await door.listen('127.0.0.1', 0)
  const ask = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).text()
  const answers = [await ask('/x?y=1'), await ask('/x?y=1')]
  assert.deepEqual(answers.toSorted(), ['a GET /x?y=1 ', 'b GET /x?y=1 '])
  assert.match(await ask('/v1/events', { method: 'POST', body: 'text' }), /^[ab] POST \/v1\/events text$/)
  assert.equal(await ask('/v1/activities/stream?ticket=t'), 'g GET /v1/activities/stream?ticket=t ')
})

test('a server that takes no connection is passed over; with none left the caller is told to come back', async () => {
  const a = await named('a')
  let apis = [nobody, a]
  await using door = new FrontDoor({ apis: () => apis, gateways: () => [] })
  const url = await door.listen('127.0.0.1', 0)
  for (let i = 0; i < 4; i++) {
    const answer = await fetch(url, { method: 'POST', body: 'x' })
    assert.equal(await answer.text(), 'a POST / x')
  }
  apis = []
  const none = await fetch(url)
  assert.deepEqual([none.status, none.headers.get('retry-after')], [503, '1'])
})

test('sockets go to gateways, past those that are gone', async () => {
  const g = await named('g')
  await using door = new FrontDoor({ apis: () => [], gateways: () => [nobody, g] })
  const url = await door.listen('127.0.0.1', 0)
  for (let i = 0; i < 2; i++) {
    const socket = new WebSocket(url.replace('http', 'ws'))
    const heard = new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(data)
      socket.onerror = reject
    })
    await new Promise((resolve) => {
      socket.onopen = resolve
    })
    socket.send('hello')
    assert.equal(await heard, 'g hello')
    socket.close()
  }
})

test('an address that another program has is told of without a stack', async () => {
  await using first = new FrontDoor({ apis: () => [], gateways: () => [] })
  const { port } = new URL(await first.listen('127.0.0.1', 0))
  await using second = new FrontDoor({ apis: () => [], gateways: () => [] })
  await assert.rejects(
    second.listen('127.0.0.1', Number(port)),
    (error) => error instanceof CommandFailure && error.message.includes(`127.0.0.1:${port}`),
  )
})
