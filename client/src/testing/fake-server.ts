import type { ClientFrame, StreamPosition } from '@headwater/protocol'
import { type FakeSocket, FakeSockets } from './fake-socket.ts'
import { FakeStream } from './fake-stream.ts'
import type { VirtualWorld } from './virtual.ts'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: unknown
}
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A server of one user: the routes and the socket that the activity list uses, on virtual time. */
export class FakeServer {
  readonly stream = new FakeStream()
  readonly sockets = new FakeSockets()
  readonly requests: SeenRequest[] = []
  readonly #world: VirtualWorld
  readonly #sentSeq = new Map<FakeSocket, number>()
  /** How long a request takes each way, in milliseconds. */
  latencyMs: () => number = () => 10
  /** Takes over a request: answers it, or throws as a broken network does. */
  intercept: (request: SeenRequest) => Answer | undefined = () => undefined
  /** The replies to requests that were already carried out are lost. */
  losesReplies: (request: SeenRequest) => boolean = () => false
  /** Positions at or below this one are too far back. */
  oldestSeq = 0
  acceptsSockets = true

  constructor(world: VirtualWorld) {
    this.#world = world
    this.sockets.onCreate = (socket) => {
      socket.onSent = (frame) => this.#received(socket, frame)
      world.seams.scheduler.after(this.latencyMs(), () => (this.acceptsSockets ? socket.accept() : socket.cut()))
    }
  }

  readonly fetch = (async (input: string, init: RequestInit) => {
    const url = new URL(input)
    const request: SeenRequest = {
      method: init.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
    }
    await this.#wait(init.signal)
    this.requests.push(request)
    const answer = this.intercept(request) ?? this.#answer(request)
    if (this.losesReplies(request)) throw new TypeError('connection reset')
    await this.#wait(init.signal)
    return respond(answer)
  }) as typeof globalThis.fetch

  /** Sends to every open socket what it has not got. */
  flush(): void {
    for (const [socket, sentSeq] of this.#sentSeq) {
      if (!socket.isOpen) this.#sentSeq.delete(socket)
      else this.#send(socket, sentSeq)
    }
  }

  #send(socket: FakeSocket, from: number): void {
    for (const frame of this.stream.framesAfter(from)) {
      this.#sentSeq.set(socket, frame.seq)
      // The line keeps the order, whatever the delay.
      this.#world.seams.scheduler.after(5, () => socket.push(frame))
    }
  }

  #received(socket: FakeSocket, frame: ClientFrame): void {
    if (frame.type === 'ping') socket.push({ type: 'pong' })
    if (frame.type === 'auth') this.#greet(socket, frame.resume)
  }

  #greet(socket: FakeSocket, resume: StreamPosition | undefined): void {
    const { epoch, seq, counts } = this.stream
    const isKnown = resume?.epoch === epoch && resume.seq <= seq && resume.seq >= this.oldestSeq
    const from = resume && isKnown ? resume.seq : seq
    const hello = { type: 'hello', session_id: 's', user_id: 'carol', epoch, from_seq: from, seq, ...counts }
    const push = (frame: object) => this.#world.seams.scheduler.after(5, () => socket.push(frame))
    push({ ...hello, ping_interval_ms: 20_000, timeout_ms: 60_000 })
    if (resume && !isKnown) push({ type: 'reset', reason: 'position_unknown', epoch, seq })
    this.#sentSeq.set(socket, from)
    this.#send(socket, from)
  }

  #answer({ method, path, query, body }: SeenRequest): Answer {
    const { stream } = this
    if (method === 'GET' && path === '/v1/activities') {
      const filter = query.get('filter')?.split(',') ?? null
      return { status: 200, body: stream.page(filter, Number(query.get('limit')), query.get('cursor')) }
    }
    const mark = /^\/v1\/activities\/(read|seen)$/.exec(path)
    if (method === 'POST' && mark) {
      const scope = body as { group_ids?: string[] }
      if (scope.group_ids?.every((id) => !stream.has(id))) return problem(404, 'not_found')
      const result = stream.mark(mark[1] as 'read' | 'seen', scope)
      this.flush()
      return { status: 200, body: result }
    }
    if (method === 'DELETE' && path.startsWith('/v1/activities/')) {
      const isThere = stream.delete(decodeURIComponent(path.split('/')[3] ?? ''))
      this.flush()
      return isThere ? { status: 204 } : problem(404, 'not_found')
    }
    return problem(404, 'route_not_found')
  }

  #wait(signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      this.#world.seams.scheduler.after(this.latencyMs(), resolve)
    })
  }
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: { type: 'about:blank', title: code, status, code, detail: `because of ${code}` } }
}

/** Enough of a `Response` for requests that are not streamed, without the macrotasks of a real one. */
export function respond({ status, body, headers }: Answer): Response {
  const text = body === undefined ? '' : JSON.stringify(body)
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: new Headers(headers),
    text: async () => text,
  } as Response
}
