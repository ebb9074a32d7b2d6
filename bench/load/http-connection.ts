import { connect, type Socket } from 'node:net'

/**
 * One keep-alive connection that is cheap for the client: requests are bytes made beforehand, of an answer only the status
 * and the length are looked at (and the body, where it is asked for). Answers come in the order of the requests.
 */
export class HttpConnection implements Disposable {
  readonly #socket: Socket
  readonly #waiting: { done(answer: HttpAnswer): void; fail(error: Error): void; keepBody: boolean }[] = []
  #head = 0
  #buffered: Buffer | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('the connection was closed')))
  }

  /** `from` is a local address, such as 127.0.0.7: each has ports of its own. */
  static open(url: string, from?: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), ...(from && { localAddress: from }) })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new HttpConnection(socket))
      })
    })
  }

  get inFlight(): number {
    return this.#waiting.length - this.#head
  }

  send(request: Uint8Array | string, keepBody = false): Promise<HttpAnswer> {
    return new Promise((done, fail) => {
      this.#waiting.push({ done, fail, keepBody })
      this.#socket.write(request)
    })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    let rest = this.#buffered ? Buffer.concat([this.#buffered, bytes]) : bytes
    this.#buffered = null
    while (rest.length > 0) {
      const headEnd = rest.indexOf('\r\n\r\n')
      if (headEnd < 0) break
      const head = rest.toString('latin1', 0, headEnd)
      const length = lengthIn(head)
      const end = headEnd + 4 + length
      if (rest.length < end) break
      const waiting = this.#waiting[this.#head++]
      if (this.#head > 1_000) {
        this.#waiting.splice(0, this.#head)
        this.#head = 0
      }
      const body = waiting?.keepBody ? rest.toString('utf8', headEnd + 4, end) : ''
      waiting?.done({ status: Number(head.slice(9, 12)), bytes: length, body })
      rest = rest.subarray(end)
    }
    if (rest.length > 0) this.#buffered = rest
  }

  #end(error: Error): void {
    for (const { fail } of this.#waiting.splice(0).slice(this.#head)) fail(error)
    this.#head = 0
  }
}

export interface HttpAnswer {
  readonly status: number
  readonly bytes: number
  /** Empty unless it was asked for. */
  readonly body: string
}

function lengthIn(head: string): number {
  const match = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (!match) throw new Error(`an answer without content-length: ${head}`)
  return Number(match[1])
}

/** The bytes of a request. */
export function requestBytes(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: bench', ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`)]
  if (body !== undefined) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
}
