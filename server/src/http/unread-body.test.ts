import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { Type } from 'typebox'
import type { App } from './app.ts'
import { apiKey, testApp } from './app-for-tests.ts'
import { addEventParsers, eventTypesOfContent } from './events-body.ts'
import { unreadLimits } from './unread-body.ts'

const mebibyte = 1024 * 1024
const tooLong = 4 * mebibyte + 1

function addRoutes(app: App): void {
  addEventParsers(app as never)
  const body = Type.Object({ name: Type.String() })
  app.put('/v1/things', { config: { access: 'any' }, schema: { body } }, async () => 'put')
  app.post('/v1/things', { config: { access: 'any', checksBody: true } }, async () => 'posted')
}

async function listening(changes: Parameters<typeof testApp>[1] = {}) {
  const server = await testApp(addRoutes, changes)
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  return { server, port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly type?: string
  readonly length?: number | null
  readonly key?: string
  readonly bytes: number
  /** Goes out instead of zeros. */
  readonly unit?: Buffer
}

/**
 * As a client that looks for no answer until it has written everything; what it reads then is the answer, unless the
 * connection was broken meanwhile.
 */
async function writeAll(port: number, sent: Sent): Promise<string> {
  const { path = '/v1/things', method = 'POST', type = 'application/json', length = sent.bytes, key = apiKey } = sent
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  socket.pause()
  const head = [`${method} ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${key}`, `Content-Type: ${type}`]
  const framing = length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  const write = (data: string | Buffer) =>
    new Promise<void>((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve())))
  try {
    await write(`${[...head, framing].join('\r\n')}\r\n\r\n`)
    const unit = sent.unit ?? Buffer.alloc(128 * 1024, ' ')
    for (let left = sent.bytes; left > 0; left -= unit.length) {
      const part = unit.subarray(0, left)
      if (length === null) await write(`${part.length.toString(16)}\r\n`)
      await write(part)
      if (length === null) await write('\r\n')
    }
    if (length === null) await write('0\r\n\r\n')
  } catch (error) {
    failure ??= error as Error
  }
  if (failure) {
    socket.destroy()
    return `broken while it wrote: ${failure.message}`
  }
  let text = ''
  socket.setEncoding('utf8').on('data', (data) => {
    text += data
  })
  const ended = Promise.race([once(socket, 'end'), once(socket, 'close')])
  socket.resume()
  await ended.catch(() => {})
  socket.destroy()
  return text
}

const closeOf = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

const { avroMany } = eventTypesOfContent
const refusals: readonly (readonly [name: string, sent: Sent, status: number, code: string])[] = [
  ['4 MiB and a byte', { bytes: tooLong }, 413, 'body_too_large'],
  ['4 MiB and a byte, put', { method: 'PUT', bytes: tooLong }, 413, 'body_too_large'],
  ['5 MiB in chunks', { bytes: 5 * mebibyte, length: null }, 413, 'body_too_large'],
  ['32 MiB', { bytes: 32 * mebibyte }, 413, 'body_too_large'],
  ['32 MiB of Avro', { bytes: 32 * mebibyte, type: avroMany }, 413, 'body_too_large'],
  ['16 MiB of a stranger', { bytes: 16 * mebibyte, key: 'wrong' }, 401, 'unauthenticated'],
  ['16 MiB of a stranger, in chunks', { bytes: 16 * mebibyte, length: null, key: 'wrong' }, 401, 'unauthenticated'],
  ['16 MiB of an unknown type', { bytes: 16 * mebibyte, type: 'text/plain' }, 415, 'unsupported_media_type'],
  ['16 MiB to no route', { bytes: 16 * mebibyte, path: '/v1/nothing' }, 404, 'route_not_found'],
  ['16 MiB in another method', { bytes: 16 * mebibyte, method: 'PATCH' }, 405, 'method_not_allowed'],
  ['16 MiB that cannot be routed', { bytes: 16 * mebibyte, path: '/%E0%A4%A' }, 400, 'invalid_request'],
  ['16 MiB that are no request', { bytes: 16 * mebibyte, method: 'NONSENSE' }, 400, 'invalid_request'],
]

for (const [name, sent, status, code] of refusals) {
  test(`${name}: ${status} reaches a client that writes all of it first`, async () => {
    await using t = await listening()
    const text = await writeAll(t.port, sent)
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 200))
    assert.match(text, /\r\nconnection: close\r\n/i)
    assert.match(text, new RegExp(`"code":"${code}"`))
  })
}

test('where bodies have no room, the refusal reaches a client that writes all of it first', async () => {
  await using t = await listening({ settings: { maxBodyBytesInFlight: 1 } })
  const holder = connect(t.port, '127.0.0.1')
  holder.write(
    `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n`,
  )
  await new Promise((resolve) => t.server.app.server.once('request', resolve))
  const text = await writeAll(t.port, { bytes: 4 * mebibyte })
  assert.match(text, /^HTTP\/1\.1 503 /)
  assert.match(text, /\r\nconnection: close\r\n/i)
  holder.destroy()
})

test('fetch gets the answer to a body that is too long', async () => {
  await using t = await listening()
  for (let i = 0; i < 10; i++) {
    const answer = await fetch(`http://127.0.0.1:${t.port}/v1/things`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: Buffer.alloc(tooLong, ' '),
    })
    assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [413, 'body_too_large'])
  }
})

test('behind a refusal of a short body the connection goes on', async () => {
  await using t = await listening()
  const head = (key: string, more = '') =>
    `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n${more}Content-Length: 2\r\n\r\n{}`
  const socket = connect(t.port, '127.0.0.1')
  socket.write(head('wrong') + head(apiKey, 'Connection: close\r\n'))
  let text = ''
  socket.on('data', (data) => {
    text += data
  })
  await once(socket, 'close')
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  assert.deepEqual(statuses, ['401', '200'])
})

test('nobody is read from for ever: not who writes slowly, and not who writes much', async () => {
  await using t = await listening()
  const refused = async () => {
    const socket = connect({ port: t.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    socket.write(
      `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: 100000000000\r\n\r\n`,
    )
    await once(socket, 'data')
    return socket
  }
  const slow = await refused()
  slow.write(' ')
  t.server.seams.time.advance(unreadLimits.ms)
  const dripping = setInterval(() => slow.write(' '), 5)
  await closeOf(slow)
  clearInterval(dripping)

  const hasty = await refused()
  let written = 0
  const part = Buffer.alloc(mebibyte)
  const closed = closeOf(hasty)
  while (!hasty.destroyed && written < 2 * unreadLimits.bytes) {
    written += part.length
    await new Promise<void>((resolve) => hasty.write(part, () => resolve()))
  }
  await closed
  assert.ok(written >= unreadLimits.bytes && written < 2 * unreadLimits.bytes, `${written}`)
})

test('a request behind a body that was refused is not begun', async () => {
  await using t = await listening()
  let requests = 0
  t.server.app.server.on('request', () => requests++)
  const socket = connect({ port: t.port, host: '127.0.0.1', allowHalfOpen: true })
  const head = (length: number) =>
    `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
  socket.write(head(tooLong))
  let text = ''
  socket.on('data', (data) => {
    text += data
  })
  await once(socket, 'data')
  socket.end(Buffer.concat([Buffer.alloc(tooLong, ' '), Buffer.from(`${head(2)}{}`)]))
  await once(socket, 'close')
  assert.deepEqual([requests, [...text.matchAll(/HTTP\/1\.1 /g)].length], [1, 1])
})
