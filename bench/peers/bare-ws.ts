// What a WebSocket server costs at the least: `ws` as it comes, on node:http. A socket says who it is and is told hello; a
// posted event goes to its user's socket at once, as a frame of the size that Headwater's have. Nothing is checked or kept.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { serve } from '../measuring/child.ts'

interface Event {
  readonly target_user_id: string
  readonly object_id: string
  readonly metadata: { readonly preview: string }
}

const users = new Map<string, WebSocket>()
const counts = new Map<string, number>()
let pad = ''
let seq = 0

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    body += chunk
  })
  request.on('end', () => {
    const { events } = JSON.parse(body) as { events: readonly Event[] }
    for (const event of events) users.get(event.target_user_id)?.send(frameOf(event))
    response.writeHead(202, { 'content-length': 2 }).end('{}')
  })
})
const webSockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false })

server.on('upgrade', (request: IncomingMessage, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (ws) => {
    ws.on('message', (data: Buffer) => {
      const { token } = JSON.parse(data.toString()) as { token: string }
      const { sub } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string }
      users.set(sub, ws)
      ws.send(`{"type":"hello","epoch":"e","seq":${seq}}`)
    })
    ws.on('error', () => {})
  })
})

function frameOf({ object_id, metadata: { preview } }: Event): string {
  seq++
  const count = (counts.get(object_id) ?? 0) + 1
  counts.set(object_id, count)
  return `{"type":"activity_group_updated","seq":${seq},"group":{"event_count":${count},"latest_preview":"${preview}"},"pad":"${pad}"}`
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  serve(
    { url: `http://127.0.0.1:${port}` },
    {
      collectGarbage: () => globalThis.gc?.(),
      memory: () => process.memoryUsage(),
      frameBytes: (bytes: number) => {
        pad = 'x'.repeat(Math.max(0, bytes - 140))
      },
    },
  )
})
