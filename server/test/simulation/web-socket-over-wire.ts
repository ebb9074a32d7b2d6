import type { WebSocketConstructor, WebSocketLike } from '@headwater/client'
import type { Network } from './network.ts'
import type { ProcessSeams } from './process-seams.ts'
import type { Wire } from './wire.ts'

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const
const states = { connecting: 0, open: 1, closing: 2, closed: 3 } as const

export interface SocketObserver {
  /** A frame came in, before the client sees it. */
  received(connection: number, text: string): void
}

/** A browser's WebSocket, as far as the client uses it: the protocol by hand, over a simulated connection. */
export function webSocketOverWire(
  network: Network,
  seams: ProcessSeams,
  observer: SocketObserver,
): WebSocketConstructor {
  return class implements WebSocketLike {
    readyState: number = states.connecting
    onopen: ((event: never) => unknown) | null = null
    onmessage: ((event: never) => unknown) | null = null
    onclose: ((event: never) => unknown) | null = null
    onerror: ((event: never) => unknown) | null = null
    readonly #wire: Wire | null
    #bytes: Buffer = Buffer.alloc(0)
    #end = { code: 1006, reason: '' }

    constructor(url: string) {
      const { pathname, host } = new URL(url)
      this.#wire = network.connect(seams)
      if (!this.#wire) {
        seams.after(1, () => this.#closed())
        return
      }
      this.#wire.onData = (bytes) => this.#receive(bytes)
      this.#wire.onClose = () => this.#closed()
      const lines = [`GET ${pathname} HTTP/1.1`, `host: ${host}`, 'connection: Upgrade', 'upgrade: websocket']
      const key = Buffer.from(seams.random.bytes(16)).toString('base64')
      lines.push('sec-websocket-version: 13', `sec-websocket-key: ${key}`)
      this.#wire.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))
    }

    send(text: string): void {
      this.#write(opcodes.text, Buffer.from(text))
    }

    close(code = 1000): void {
      if (this.readyState >= states.closing) return
      const wasOpen = this.readyState === states.open
      this.readyState = states.closing
      const payload = Buffer.alloc(2)
      payload.writeUInt16BE(code)
      if (wasOpen) this.#write(opcodes.close, payload)
      else this.#wire?.close()
    }

    #write(opcode: number, payload: Buffer): void {
      const size = payload.length
      // A mask of zeros changes nothing, and is one all the same.
      const head = size < 126 ? Buffer.alloc(6) : Buffer.alloc(8)
      head[0] = 0x80 | opcode
      head[1] = 0x80 | Math.min(size, 126)
      if (size >= 126) head.writeUInt16BE(size, 2)
      this.#wire?.send(Buffer.concat([head, payload]))
    }

    #receive(bytes: Buffer): void {
      this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
      if (this.readyState === states.connecting && !this.#readHead()) return
      while (this.#readFrame());
    }

    #readHead(): boolean {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end === -1) return false
      const isAccepted = this.#bytes.toString('latin1', 0, 12) === 'HTTP/1.1 101'
      this.#bytes = this.#bytes.subarray(end + 4)
      if (!isAccepted) {
        this.#wire?.close()
        this.#closed()
        return false
      }
      this.readyState = states.open
      this.onopen?.({} as never)
      return true
    }

    #readFrame(): boolean {
      if (this.#bytes.length < 2 || this.readyState === states.closed) return false
      const opcode = (this.#bytes[0] as number) & 0x0f
      const short = (this.#bytes[1] as number) & 0x7f
      const start = short < 126 ? 2 : short === 126 ? 4 : 10
      if (this.#bytes.length < start) return false
      const size =
        short < 126 ? short : short === 126 ? this.#bytes.readUInt16BE(2) : Number(this.#bytes.readBigUInt64BE(2))
      if (this.#bytes.length < start + size) return false
      const payload = this.#bytes.subarray(start, start + size)
      this.#bytes = this.#bytes.subarray(start + size)
      this.#take(opcode, payload)
      return true
    }

    #take(opcode: number, payload: Buffer): void {
      if (opcode === opcodes.text) {
        const data = payload.toString()
        observer.received(this.#wire?.id ?? 0, data)
        this.onmessage?.({ data } as never)
      } else if (opcode === opcodes.ping) this.#write(opcodes.pong, payload)
      else if (opcode === opcodes.close) {
        this.#end = { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
        if (this.readyState === states.open) this.#write(opcodes.close, payload.subarray(0, 2))
        this.readyState = states.closing
        this.#wire?.close()
        this.#closed()
      }
    }

    #closed(): void {
      if (this.readyState === states.closed) return
      this.readyState = states.closed
      this.onclose?.(this.#end as never)
    }
  }
}
