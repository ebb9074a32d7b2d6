import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { textFrame } from './text-frame.ts'

test('frames of all lengths are understood by a browser-like client', async () => {
  const texts = [
    ...[1, 125, 126, 127, 65_535, 65_536, 70_000].map((length) => 'x'.repeat(length)),
    'é'.repeat(63),
    '🎈'.repeat(20_000),
  ]
  // Answers the handshake of the sample key in RFC 6455 by whatever key came, and sends every frame at once.
  const server = createServer((socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: *(\S+)/i.exec(request.toString())?.[1]
      const accept = hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      for (const text of texts) socket.write(textFrame(text))
    })
    // Its close frame is answered by hanging up.
    socket.on('data', (frame: Buffer) => frame[0] === 0x88 && socket.destroy())
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const received: string[] = []
  await new Promise<void>((resolve, reject) => {
    client.onmessage = ({ data }) => {
      received.push(String(data))
      if (received.length === texts.length) resolve()
    }
    client.onerror = () => reject(new Error('the client broke off'))
  })
  client.close()
  server.close()
  assert.deepEqual(received, texts)
})
