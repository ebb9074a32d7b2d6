import type { ClientFrame } from '@headwater/protocol'
import { closeError, HeadwaterError, isFatalClose } from './error.ts'
import { parseFrame } from './frame.ts'
import type { Introduction, OpenTransport, Transport, TransportHandlers } from './transport.ts'

/** The part of a WebSocket that this package uses. The browser's, Node's and the one of `ws` all fit. */
export interface WebSocketLike {
  readonly readyState: number
  // Method syntax, so that the stricter parameter types of the real ones fit.
  send(data: string): void
  close(code?: number, reason?: string): void
  onopen: ((event: never) => unknown) | null
  onmessage: ((event: never) => unknown) | null
  onclose: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
}
export type WebSocketConstructor = new (url: string) => WebSocketLike

const openState = 1
const normalClose = 1000

/** Frames over a WebSocket. The token goes in the first frame, never in the address, which ends up in logs. */
export function socketTransport(Constructor: WebSocketConstructor, baseUrl: string): OpenTransport {
  const url = `${baseUrl.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws/v1/activities`
  return (introduction, handlers) => new SocketTransport(Constructor, url, introduction, handlers)
}

class SocketTransport implements Transport {
  readonly #handlers: TransportHandlers
  #socket: WebSocketLike | null = null

  constructor(Constructor: WebSocketConstructor, url: string, introduction: Introduction, handlers: TransportHandlers) {
    this.#handlers = handlers
    try {
      this.#socket = new Constructor(url)
    } catch (cause) {
      // A blocked address throws at once; the owner must have its transport before it hears of the end.
      queueMicrotask(() => this.#fail(cause))
      return
    }
    this.#socket.onopen = () => this.#introduce(introduction)
    this.#socket.onmessage = (event: { readonly data: unknown }) => this.#receive(event.data)
    this.#socket.onclose = (event: { readonly code?: number; readonly reason?: string }) => this.#closed(event)
    // `close` follows every error, and says more.
    this.#socket.onerror = () => {}
  }

  send(frame: ClientFrame): boolean {
    if (this.#socket?.readyState !== openState) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  close(): void {
    this.#abandon(normalClose)
  }

  #introduce({ token, deviceId, resume }: Introduction): void {
    this.send({
      type: 'auth',
      token,
      ...(deviceId === undefined ? {} : { device_id: deviceId }),
      ...(resume === null ? {} : { resume: { epoch: resume.epoch, seq: resume.seq } }),
    })
  }

  #receive(data: unknown): void {
    this.#handlers.heard()
    const frame = typeof data === 'string' ? parseFrame(data) : null
    if (frame) this.#handlers.frame(frame)
    else this.#giveUp()
  }

  #giveUp(): void {
    // It may have been a link of the chain: only a new connection tells.
    this.#abandon(normalClose)
    const error = new HeadwaterError('bad_response', {
      detail: 'The server sent something that is no frame',
      retryable: true,
    })
    this.#handlers.ended({ error, fatal: false, answered: true })
  }

  #closed({ code = 1006, reason = '' }: { readonly code?: number; readonly reason?: string }): void {
    this.#detach()
    this.#handlers.ended({ error: closeError(code, reason), fatal: isFatalClose(code), answered: code >= 4000 })
  }

  #fail(cause: unknown): void {
    this.#handlers.ended({ error: new HeadwaterError('network', { cause }), fatal: false, answered: false })
  }

  #abandon(code: number): void {
    const socket = this.#socket
    this.#detach()
    socket?.close(code)
  }

  /** A socket that was given up may still tell things; they belong to nobody. */
  #detach(): void {
    const socket = this.#socket
    this.#socket = null
    if (!socket) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    socket.onerror = () => {}
  }
}
