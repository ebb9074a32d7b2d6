import type { ClientFrame } from '@headwater/protocol'
import type { WebSocketConstructor, WebSocketLike } from '../socket.ts'

/** The far end of the sockets that a client opens: the test plays the server. */
export class FakeSockets {
  readonly all: FakeSocket[] = []
  /** Called for each new socket; without it they stay unopened until the test says so. */
  onCreate: (socket: FakeSocket) => void = () => {}
  readonly Constructor: WebSocketConstructor

  constructor() {
    const sockets = this
    this.Constructor = class extends FakeSocket {
      constructor(url: string) {
        super(url)
        sockets.all.push(this)
        sockets.onCreate(this)
      }
    }
  }

  get last(): FakeSocket {
    const socket = this.all.at(-1)
    if (!socket) throw new Error('No socket was opened')
    return socket
  }
}

export class FakeSocket implements WebSocketLike {
  readonly url: string
  readyState = 0
  onopen: ((event: never) => unknown) | null = null
  onmessage: ((event: never) => unknown) | null = null
  onclose: ((event: never) => unknown) | null = null
  onerror: ((event: never) => unknown) | null = null
  readonly sent: ClientFrame[] = []
  /** The code with which the client closed it. */
  closedWith: number | undefined
  onSent: (frame: ClientFrame) => void = () => {}

  constructor(url: string) {
    this.url = url
  }

  send(data: string): void {
    const frame = JSON.parse(data) as ClientFrame
    this.sent.push(frame)
    this.onSent(frame)
  }

  close(code = 1000): void {
    if (this.readyState >= 2) return
    this.closedWith = code
    this.readyState = 3
  }

  get isOpen(): boolean {
    return this.readyState === 1
  }

  accept(): void {
    if (this.readyState !== 0) return
    this.readyState = 1
    this.onopen?.({} as never)
  }

  push(frame: object): void {
    if (this.isOpen) this.onmessage?.({ data: JSON.stringify(frame) } as never)
  }

  pushRaw(data: unknown): void {
    if (this.isOpen) this.onmessage?.({ data } as never)
  }

  /** Ends it from the far side. 1006: the line went dead. */
  cut(code = 1006, reason = ''): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.onerror?.({} as never)
    this.onclose?.({ code, reason } as never)
  }
}
