// Socket.IO as it comes, over WebSocket alone. A socket names its user and is put into that user's room.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { serve } from '../measuring/child.ts'

const server = createServer()
const io = new Server(server, { transports: ['websocket'], serveClient: false, perMessageDeflate: false })

io.on('connection', (socket) => {
  const { token } = socket.handshake.auth as { token: string }
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string }
  void socket.join(sub)
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  serve({ url: `http://127.0.0.1:${port}` }, { collectGarbage: () => globalThis.gc?.() })
})
