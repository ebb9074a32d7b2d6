import type { Network } from './network.ts'
import type { ProcessSeams } from './process-seams.ts'
import type { Wire } from './wire.ts'

/** The head of an answer, and how its body ends. */
interface Head {
  readonly status: number
  readonly headers: Headers
  /** `null`: in chunks. */
  readonly length: number | null
}

/** Idle connections that a client keeps for its next requests. */
export const keptConnections = 2

const emptyLine = Buffer.from('\r\n\r\n')

/** Reads answers from the bytes of one connection. */
class AnswerReader {
  head: Head | null = null
  readonly #onBody: (bytes: Buffer) => void
  #bytes: Buffer = Buffer.alloc(0)
  #left = 0
  isComplete = false

  constructor(onBody: (bytes: Buffer) => void) {
    this.#onBody = onBody
  }

  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
    if (!this.head && !this.#readHead()) return
    if (this.head?.length === null) this.#readChunks()
    else this.#readSized()
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf(emptyLine)
    if (end === -1) return false
    const [first = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n')
    const headers = new Headers()
    for (const line of lines) {
      const colon = line.indexOf(':')
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    const status = Number(first.split(' ')[1])
    const isChunked = headers.get('transfer-encoding') === 'chunked'
    this.#left = Number(headers.get('content-length') ?? 0)
    this.head = { status, headers, length: isChunked ? null : this.#left }
    this.#bytes = this.#bytes.subarray(end + emptyLine.length)
    return true
  }

  #readSized(): void {
    const some = this.#bytes.subarray(0, this.#left)
    this.#bytes = this.#bytes.subarray(some.length)
    this.#left -= some.length
    if (some.length > 0) this.#onBody(some)
    if (this.#left === 0) this.isComplete = true
  }

  #readChunks(): void {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n')
      if (end === -1) return
      const size = Number.parseInt(this.#bytes.toString('latin1', 0, end), 16)
      const next = end + 2 + size + 2
      if (this.#bytes.length < next) return
      const chunk = this.#bytes.subarray(end + 2, end + 2 + size)
      this.#bytes = this.#bytes.subarray(next)
      if (size === 0) {
        this.isComplete = true
        return
      }
      this.#onBody(chunk)
    }
  }
}

/** A body as it comes, in the shape that the client reads event streams in. */
class Body {
  readonly #chunks: Buffer[] = []
  #end: { readonly error: unknown } | null = null
  #wake: () => void = () => {}

  push(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#wake()
  }

  end(error: unknown): void {
    this.#end ??= { error }
    this.#wake()
  }

  getReader() {
    return { read: () => this.read(), cancel: async () => {} }
  }

  async read(): Promise<{ done: boolean; value: Buffer | undefined }> {
    for (;;) {
      const value = this.#chunks.shift()
      if (value) return { done: false, value }
      if (this.#end?.error) throw this.#end.error
      if (this.#end) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async text(): Promise<string> {
    const parts: Buffer[] = []
    for (;;) {
      const { done, value } = await this.read()
      if (done) return Buffer.concat(parts).toString()
      if (value) parts.push(value)
    }
  }
}

export interface FetchObserver {
  /** An answer came in full; event streams never do. */
  answered(method: string, path: string, status: number, body: string): void
  /** Some bytes of an event stream. */
  streamed(connection: number, bytes: Buffer): void
  /** The event stream is over; the connection may be used again. */
  ended(connection: number): void
}

/** The part of `fetch` that the client uses, over connections that are kept for the next request. */
export function fetchOverWire(network: Network, seams: ProcessSeams, observer: FetchObserver): typeof fetch {
  const idle: Wire[] = []

  function takeWire(): Wire {
    const wire = idle.pop() ?? network.connect(seams)
    if (!wire) throw new TypeError('fetch failed: connection refused')
    return wire
  }

  function exchange(url: URL, init: RequestInit): Promise<Response> {
    const { signal } = init
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const wire = takeWire()
      const body = new Body()
      const method = init.method ?? 'GET'
      let text = ''
      const reader = new AnswerReader((bytes) => {
        if (reader.head?.length === null) observer.streamed(wire.id, bytes)
        else text += bytes.toString()
        body.push(bytes)
      })
      const fail = (error: unknown) => {
        signal?.removeEventListener('abort', abort)
        wire.onData = () => {}
        wire.onClose = () => {}
        reject(error)
        body.end(error)
      }
      const abort = () => {
        fail(signal?.reason)
        wire.close()
      }
      signal?.addEventListener('abort', abort)
      wire.onClose = () => fail(new TypeError('fetch failed: the connection broke'))
      wire.onData = (bytes) => {
        reader.push(bytes)
        if (reader.head) resolve(responseOf(reader.head, body))
        if (!reader.isComplete) return
        signal?.removeEventListener('abort', abort)
        body.end(null)
        if (reader.head?.length === null) observer.ended(wire.id)
        else observer.answered(method, url.pathname, reader.head?.status ?? 0, text)
        keep(wire, reader.head)
      }
      wire.send(requestBytes(url, method, init))
    })
  }

  function keep(wire: Wire, head: Head | null): void {
    wire.onData = () => {}
    if (head?.headers.get('connection') === 'close' || idle.length >= keptConnections) {
      wire.close()
      return
    }
    idle.push(wire)
    wire.onClose = () => void idle.splice(idle.indexOf(wire), 1)
  }

  return (async (input: string, init: RequestInit = {}) => exchange(new URL(input), init)) as typeof fetch
}

const responseOf = ({ status, headers }: Head, body: Body): Response =>
  ({ status, ok: status >= 200 && status < 300, headers, body, text: () => body.text() }) as unknown as Response

function requestBytes(url: URL, method: string, { headers, body }: RequestInit): Buffer {
  const text = typeof body === 'string' ? body : ''
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`]
  for (const [name, value] of new Headers(headers)) lines.push(`${name}: ${value}`)
  if (text !== '' || method === 'POST' || method === 'PUT') lines.push(`content-length: ${Buffer.byteLength(text)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
}
