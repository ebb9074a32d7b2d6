import { closeError, HeadwaterError, isFatalClose } from './error.ts'
import { parseFrame } from './frame.ts'
import type { Http } from './http.ts'
import { type SseEvent, SseParser } from './sse-parser.ts'
import type { Introduction, OpenTransport, Transport, TransportHandlers } from './transport.ts'

const path = '/v1/activities/stream'

/**
 * The same frames over server-sent events, for networks that let no WebSocket through. Read with `fetch`, because the
 * browser's `EventSource` can send no `Authorization` header. One way only: nothing is acknowledged or pinged.
 */
export function sseTransport(http: Http): OpenTransport {
  return (introduction, handlers) => new SseTransport(http, introduction, handlers)
}

class SseTransport implements Transport {
  readonly #handlers: TransportHandlers
  readonly #controller = new AbortController()
  /** The close code that a socket would have had, once the server has said it. */
  #closeCode = 0

  constructor(http: Http, introduction: Introduction, handlers: TransportHandlers) {
    this.#handlers = handlers
    void this.#run(http, introduction)
  }

  send(): boolean {
    return false
  }

  close(): void {
    this.#controller.abort()
  }

  async #run(http: Http, { token, resume }: Introduction): Promise<void> {
    const { signal } = this.#controller
    let opened = false
    try {
      const headers: Record<string, string> = resume ? { 'last-event-id': `${resume.epoch}:${resume.seq}` } : {}
      const response = await http.stream(path, token, headers, signal)
      opened = true
      await this.#read(response, signal)
      throw new HeadwaterError('network', { detail: 'The stream ended' })
    } catch (thrown) {
      if (signal.aborted) return
      this.#controller.abort()
      const error = HeadwaterError.from(thrown)
      const { code, status } = error
      // Something between us and the server may refuse as well; it knows no codes.
      const isRefused = [400, 401, 403].includes(status) && code !== 'bad_response'
      const permanent = isRefused && status === 400
      const fatal = isRefused || isFatalClose(this.#closeCode)
      this.#handlers.ended({
        error,
        fatal,
        permanent,
        answered: opened || fatal || status === 429 || status === 503,
      })
    }
  }

  async #read(response: Response, signal: AbortSignal): Promise<void> {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const decoder = new TextDecoder()
    const parser = new SseParser()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done || signal.aborted) return
        this.#handlers.heard()
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.#receive(event, signal)
      }
    } finally {
      reader.cancel().catch(() => {})
    }
  }

  #receive(event: SseEvent, signal: AbortSignal): void {
    if (signal.aborted) return
    const frame = parseFrame(event.data, event.event)
    if (!frame)
      throw new HeadwaterError('bad_response', {
        detail: 'The stream sent something that is no frame',
        retryable: true,
      })
    if (frame.type === 'unknown:close') this.#closed(frame)
    this.#handlers.frame(frame)
  }

  /** There is no close code here, so a last event says it. */
  #closed(frame: object): void {
    const { code, reason } = frame as { readonly code?: unknown; readonly reason?: unknown }
    if (typeof code !== 'number') return
    this.#closeCode = code
    throw closeError(code, typeof reason === 'string' ? reason : undefined)
  }
}
