import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { StreamPosition } from '@headwater/protocol'
import { type ClientOptions, WebSocket } from 'ws'
import type { TestServer } from '../../../src/testing.ts'

export interface Frame {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into frames of every kind
  readonly [field: string]: any
}

export interface SocketOptions {
  /** Default: one that is made for the user. */
  readonly token?: string
  readonly deviceId?: string
  readonly resume?: StreamPosition
  readonly headers?: Readonly<Record<string, string>>
}

/** Real time that a frame may take before the test fails; nothing is expected to come near it. */
const deadlineMs = 5_000

/** A socket of a user with its `hello` behind it. */
export async function openSocket(
  server: TestServer,
  user: string,
  { token, deviceId, resume, headers }: SocketOptions = {},
): Promise<TestSocket> {
  const socket = await dial(server, headers ? { headers } : {})
  socket.say({
    type: 'auth',
    token: token ?? (await server.token(user)),
    ...(deviceId !== undefined && { device_id: deviceId }),
    ...(resume && { resume: { epoch: resume.epoch, seq: resume.seq } }),
  })
  await socket.until('hello', () => socket.hello !== undefined)
  return socket
}

/** An open socket that has said nothing yet. */
export async function dial(server: TestServer, options: ClientOptions = {}): Promise<TestSocket> {
  const socket = new TestSocket(new WebSocket(`${server.url.replace('http', 'ws')}/ws/v1/activities`, options))
  await within('open', once(socket.ws, 'open'))
  return socket
}

/** The HTTP status that an upgrade is refused with. */
export async function refusedStatus(server: TestServer, options: ClientOptions, path = '/ws/v1/activities') {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, options)
  ws.on('error', () => {})
  const [request, response] = await within('refusal', once(ws, 'unexpected-response'))
  request.destroy()
  return response.statusCode as number
}

/**
 * A client that keeps every frame and checks what holds for all of them: the chain has no hole, numbers rise, counts are
 * not older than their frame. Whatever waits on it fails as soon as one of these does.
 */
export class TestSocket implements Disposable {
  readonly ws: WebSocket
  /** Every frame so far. */
  readonly frames: Frame[] = []
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  hello: Frame | undefined
  /** The `seq` of the last frame of the chain. */
  seq = 0
  readonly #faults: string[] = []
  #isClosed = false
  #wake: () => void = () => {}

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('error', () => {})
    ws.on('message', (data) => {
      this.#take(JSON.parse(String(data)) as Frame)
      this.#wake()
    })
    this.closed = new Promise((resolve) =>
      ws.on('close', (code, reason) => {
        this.#isClosed = true
        this.#wake()
        resolve({ code, reason: String(reason) })
      }),
    )
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get position(): StreamPosition {
    return { epoch: String(this.hello?.epoch), seq: this.seq }
  }

  /** The frames that belong to the chain. */
  get chain(): Frame[] {
    return this.frames.filter((frame) => frame.prev_seq !== undefined)
  }

  say(frame: object | string): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** Waits until `holds`, for a bounded time. */
  async until(what: string, holds: () => boolean): Promise<void> {
    while (!holds()) {
      assert.deepEqual(this.#faults, [])
      if (this.#isClosed) assert.fail(`the socket was closed while waiting for ${what}`)
      await within(what, new Promise<void>((resolve) => (this.#wake = resolve)), () =>
        JSON.stringify(this.frames.at(-1)),
      )
    }
    assert.deepEqual(this.#faults, [])
  }

  /** Waits until everything up to this position has come. */
  reached(seq: number): Promise<void> {
    return this.until(`position ${seq}`, () => this.seq >= seq)
  }

  /** The first frame of this type from index `from` on. */
  async next(type: string, from = 0): Promise<Frame> {
    const find = () => this.frames.slice(from).find((frame) => frame.type === type)
    await this.until(type, () => find() !== undefined)
    return find() as Frame
  }

  /** Resolves when what the server wrote before has come: a question and its answer. */
  async roundTrip(): Promise<void> {
    const pongs = () => this.frames.filter((frame) => frame.type === 'pong').length
    const before = pongs()
    this.say({ type: 'ping' })
    await this.until('pong', () => pongs() > before)
  }

  /** The code that the server closes with. */
  async closeCode(): Promise<number> {
    return (await within('close', this.closed)).code
  }

  /** Hangs up, and resolves when it is closed. */
  async hangUp(): Promise<void> {
    this.ws.terminate()
    await this.closed
  }

  [Symbol.dispose](): void {
    this.ws.terminate()
    assert.deepEqual(this.#faults, [])
  }

  #take(frame: Frame): void {
    this.frames.push(frame)
    if (frame.type === 'hello') {
      this.hello = frame
      this.seq = frame.from_seq
    } else if (frame.type === 'reset') {
      this.seq = frame.seq
    } else if (typeof frame.prev_seq === 'number') {
      if (frame.prev_seq !== this.seq)
        this.#faults.push(`${frame.type} ${frame.seq}: ${frame.prev_seq} after ${this.seq}`)
      if (frame.seq <= frame.prev_seq)
        this.#faults.push(`${frame.type} ${frame.seq} does not rise above ${frame.prev_seq}`)
      if (frame.counts_seq < frame.seq) this.#faults.push(`${frame.type} ${frame.seq}: counts of ${frame.counts_seq}`)
      if (frame.epoch !== this.hello?.epoch) this.#faults.push(`${frame.type} ${frame.seq} of epoch ${frame.epoch}`)
      this.seq = frame.seq
    }
  }
}

async function within<T>(what: string, promise: Promise<T>, detail: () => string = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in time ${detail()}`)), deadlineMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
