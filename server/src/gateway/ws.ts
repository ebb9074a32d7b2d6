import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { limits } from '@headwater/protocol'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { refuseUpgrade } from './refusal.ts'
import type { Session } from './session.ts'
import { textFrame } from './text-frame.ts'
import type { Transport } from './transport.ts'

/** Fragments of one message; a client that cuts 64 KiB into more than this is not sending a message. */
const maxFragments = 64
/** How long the other side may take at most to answer a close frame. */
const closeTimeoutMs = 30_000

const sessionKey = Symbol('session')
type WithSession<T> = T & { [sessionKey]?: Session }

/** Turns upgrades into WebSockets. Handlers are shared by all sockets, which carry their session themselves. */
export function createWebSocketServer(): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: limits.socketFrameBytes,
    maxFragments,
    closeTimeout: closeTimeoutMs,
    handleProtocols: () => false,
  } as ConstructorParameters<typeof WebSocketServer>[0])
  server.on('wsClientError', (error, socket) => {
    refuseUpgrade(socket, {
      code: 'invalid_request',
      detail: `${error.message}.`,
      headers: { 'sec-websocket-version': '13' },
    })
  })
  return server
}

/** `open` makes the session of a socket that was upgraded. */
export function acceptWebSocket(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  open: (transport: Transport) => Session,
): void {
  server.handleUpgrade(request, socket, head, (ws) => {
    const session = open(new WebSocketTransport(ws, socket))
    ;(ws as WithSession<WebSocket>)[sessionKey] = session
    ;(socket as WithSession<Duplex>)[sessionKey] = session
    ws.on('message', onMessage).on('ping', onPing).on('pong', onPong).on('close', onClose).on('error', onError)
    socket.on('drain', onDrain)
  })
}

class WebSocketTransport implements Transport {
  readonly oneWay = false
  readonly #ws: WebSocket
  readonly #socket: Duplex

  constructor(ws: WebSocket, socket: Duplex) {
    this.#ws = ws
    this.#socket = socket
  }

  get writable(): boolean {
    return !this.#socket.writableNeedDrain
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  /** Past `ws`, which has nothing to add without compression and fragments. */
  send(text: string): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#socket.write(textFrame(text))
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping()
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
  }

  terminate(): void {
    this.#ws.terminate()
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }
}

function onMessage(this: WithSession<WebSocket>, data: RawData, isBinary: boolean): void {
  this[sessionKey]?.receive(isBinary ? null : data.toString())
}

function onPing(this: WithSession<WebSocket>, data: Buffer): void {
  if (this[sessionKey]?.pinged() && this.readyState === this.OPEN) this.pong(data)
}

function onPong(this: WithSession<WebSocket>): void {
  this[sessionKey]?.alive()
}

function onClose(this: WithSession<WebSocket>): void {
  this[sessionKey]?.lost()
}

/** What breaks the protocol is closed by `ws` with the code that fits; there is nothing left to do. */
function onError(): void {}

function onDrain(this: WithSession<Duplex>): void {
  this[sessionKey]?.drained()
}
