import { connect, type Socket } from 'node:net'

const handshake =
  'Host: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** What all sockets of a program read into: each read is taken in before the next one starts. */
const shared = Buffer.alloc(64 * 1_024)

export interface WebSocketEvents {
  /** A text frame. The bytes are valid until the call returns. */
  frame(socket: CheapWebSocket, payload: Buffer): void
  closed(socket: CheapWebSocket): void
}

/**
 * The client's half of a WebSocket at the lowest price: one read buffer for all, no streams in between, no text made of
 * what comes. Only what servers here send is understood: whole text frames, pings, closes.
 */
export class CheapWebSocket {
  readonly index: number
  readonly #socket: Socket
  readonly #events: WebSocketEvents
  #upgraded: (() => void) | null
  /** The start of a frame whose rest has not arrived. */
  #rest: Buffer | null = null

  /** `from` is a local address, such as 127.0.0.7: each has ports of its own. Resolves when the upgrade was answered. */
  static open(
    url: string,
    path: string,
    from: string,
    index: number,
    events: WebSocketEvents,
  ): Promise<CheapWebSocket> {
    return new Promise((resolve, reject) => {
      const opened = new CheapWebSocket(new URL(url), path, from, index, events, () => resolve(opened))
      opened.#socket.once('close', () => reject(new Error('the upgrade was refused')))
    })
  }

  private constructor(
    { hostname, port }: URL,
    path: string,
    from: string,
    index: number,
    events: WebSocketEvents,
    upgraded: () => void,
  ) {
    this.index = index
    this.#events = events
    this.#upgraded = upgraded
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      localAddress: from,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length) => {
          this.#take(shared.subarray(0, length))
          return true
        },
      },
    })
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${handshake}`)
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      if (!this.#upgraded) events.closed(this)
    })
  }

  /** Up to 65,535 bytes. */
  send(text: string): void {
    this.#socket.write(clientFrame(0x81, Buffer.from(text)))
  }

  /** As when a network breaks: nothing is said. */
  cut(): void {
    this.#socket.resetAndDestroy()
  }

  #take(read: Buffer): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, read]) : read
    this.#rest = null
    if (this.#upgraded) bytes = this.#upgradeBy(bytes, this.#upgraded)
    while (bytes.length >= 2) {
      const short = bytes[1]!
      const head = short < 126 ? 2 : 4
      if (short === 127) throw new Error('a frame longer than servers here send')
      if (bytes.length < head) break
      const end = head + (short < 126 ? short : bytes.readUInt16BE(2))
      if (bytes.length < end) break
      const opcode = bytes[0]! & 0x0f
      const payload = bytes.subarray(head, end)
      if (opcode === 1) this.#events.frame(this, payload)
      else if (opcode === 9) this.#socket.write(clientFrame(0x8a, payload))
      else if (opcode === 8) this.#socket.end(clientFrame(0x88, payload))
      bytes = bytes.subarray(end)
    }
    if (bytes.length > 0) this.#keep(bytes)
  }

  /** What is behind the answer to the upgrade. */
  #upgradeBy(bytes: Buffer, upgraded: () => void): Buffer {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) this.#keep(bytes)
    else if (bytes.toString('latin1', 0, 12).endsWith('101')) {
      this.#upgraded = null
      upgraded()
      return bytes.subarray(end + 4)
    } else this.#socket.destroy()
    return bytes.subarray(bytes.length)
  }

  #keep(bytes: Buffer): void {
    this.#rest = Buffer.from(bytes)
  }
}

/** Clients must mask. The key is zero, so that the bytes stay as they are. */
function clientFrame(first: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? 2 : 4
  const frame = Buffer.alloc(head + 4 + payload.length)
  frame[0] = first
  if (head === 2) frame[1] = 0x80 | payload.length
  else {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(payload.length, 2)
  }
  payload.copy(frame, head + 4)
  return frame
}
