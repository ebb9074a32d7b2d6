import { connect, type Socket } from 'node:net'
import { FrameReader } from './frame-reader.ts'

export interface RawSocketHandlers {
  open(): void
  text(text: string): void
  ping(): void
  /** Its code when the server said goodbye, its HTTP status when it did not let us in, else `null`. Called once. */
  end(code: number | null): void
}

const textCode = 1
const closeCode = 8
const pingCode = 9
const pongCode = 10

/**
 * A WebSocket of few bytes and little work, since ten thousand of them share one process: no masks but zeros, no
 * extensions, nothing checked that the server's own tests check.
 */
export class RawSocket {
  readonly #socket: Socket
  readonly #handlers: RawSocketHandlers
  #reader: FrameReader | null = null
  #head = ''
  #ended = false
  #code: number | null = null

  constructor(port: number, handlers: RawSocketHandlers) {
    this.#handlers = handlers
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('connect', () => this.#socket.write(handshake(port)))
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#end())
  }

  send(frame: object): void {
    this.#write(textCode, Buffer.from(JSON.stringify(frame)))
  }

  /** The connection is gone, from one moment to the next, and with it what was on its way. */
  cut(): void {
    this.#ended = true
    this.#socket.resetAndDestroy()
  }

  /** Nothing is read any more until `resume`. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return
    if (!this.#reader) {
      this.#shakeHands(bytes)
      return
    }
    for (const { code, payload } of this.#reader.take(bytes)) this.#frame(code, payload)
  }

  #shakeHands(bytes: Buffer): void {
    this.#head += bytes.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return
    const status = Number(this.#head.slice(9, 12))
    if (status !== 101) {
      this.#code = status
      this.#socket.destroy()
      return
    }
    this.#reader = new FrameReader()
    this.#handlers.open()
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1')
    this.#head = ''
    if (rest.length > 0) this.#receive(rest)
  }

  #frame(code: number, payload: Buffer): void {
    if (this.#ended) return
    if (code === textCode) this.#handlers.text(payload.toString())
    else if (code === pingCode) {
      this.#handlers.ping()
      this.#write(pongCode, payload)
    } else if (code === closeCode) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
      this.#write(closeCode, payload.subarray(0, 2))
      this.#socket.end()
    }
  }

  #write(code: number, payload: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    const long = payload.length >= 126
    const head = Buffer.alloc(long ? 8 : 6)
    head[0] = 0x80 | code
    head[1] = 0x80 | (long ? 126 : payload.length)
    if (long) head.writeUInt16BE(payload.length, 2)
    this.#socket.write(Buffer.concat([head, payload]))
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#handlers.end(this.#code)
  }
}

const handshake = (port: number): string =>
  [
    'GET /ws/v1/activities HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: c3RyZXNzIHN1aXRlcyBycg==',
    '\r\n',
  ].join('\r\n')
