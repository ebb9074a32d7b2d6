import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Seq } from '../model/ids.ts'
import type { ResumePoint } from './opening.ts'
import type { Session } from './session.ts'
import type { Transport } from './transport.ts'

/** Frames as server-sent events: `event` is the type, `id` the position to resume from. */
export function acceptEventStream(
  request: IncomingMessage,
  reply: ServerResponse,
  epoch: string,
  open: (transport: Transport) => Session,
): Session {
  request.socket.setTimeout(0)
  request.socket.setNoDelay(true)
  reply.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  reply.flushHeaders()
  const session = open(new EventStreamTransport(reply, epoch))
  reply.on('drain', () => session.drained())
  reply.on('close', () => session.lost())
  reply.on('error', () => {})
  return session
}

/** `Last-Event-ID`, which is an `id` that this server once sent. Anything else is a position that nobody knows. */
export function resumeFrom(lastEventId: string | string[] | undefined): ResumePoint | null {
  if (typeof lastEventId !== 'string' || lastEventId === '') return null
  const colon = lastEventId.lastIndexOf(':')
  const digits = lastEventId.slice(colon + 1)
  return {
    epoch: lastEventId.slice(0, Math.max(0, colon)),
    seq: /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN,
  }
}

class EventStreamTransport implements Transport {
  readonly oneWay = true
  readonly #reply: ServerResponse
  readonly #epoch: string

  constructor(reply: ServerResponse, epoch: string) {
    this.#reply = reply
    this.#epoch = epoch
  }

  get writable(): boolean {
    return !this.#reply.writableNeedDrain
  }

  get bufferedBytes(): number {
    return this.#reply.writableLength
  }

  /**
   * As bytes: of text the response counts the bytes while it is corked, and the socket the characters. A stream that was
   * full by the one and not by the other would never be told to go on.
   */
  send(text: string, type: string, id: Seq | null): void {
    const idLine = id === null ? '' : `id: ${this.#epoch}:${id}\n`
    this.#reply.write(Buffer.from(`event: ${type}\n${idLine}data: ${text}\n\n`))
  }

  ping(): void {
    this.#reply.write(': still here\n\n')
  }

  /** There is no close code here, so a last event says it. */
  close(code: number, reason: string): void {
    this.#reply.end(`event: close\ndata: ${JSON.stringify({ type: 'close', code, reason })}\n\n`)
  }

  terminate(): void {
    this.#reply.destroy()
  }

  cork(): void {
    this.#reply.cork()
  }

  uncork(): void {
    this.#reply.uncork()
  }
}
