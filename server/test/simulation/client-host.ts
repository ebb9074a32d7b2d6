import type { ActivityGroup, ActivityPage, MarkResult } from '@headwater/protocol'
import type { UserId } from '../../src/model/ids.ts'
import { fetchOverWire } from './fetch-over-wire.ts'
import type { Network } from './network.ts'
import type { Oracle } from './oracle.ts'
import { ProcessSeams } from './process-seams.ts'
import { SessionChecker } from './session-checker.ts'
import type { Trace } from './trace.ts'
import { webSocketOverWire } from './web-socket-over-wire.ts'

/** Something that a user did and was told to be done. */
export type Done =
  | {
      readonly kind: 'marked'
      readonly user: UserId
      readonly mark: 'read' | 'seen'
      readonly groupIds: readonly string[] | null
    }
  | { readonly kind: 'removed'; readonly user: UserId; readonly groupId: string }

export interface HostParts {
  readonly network: Network
  readonly oracle: Oracle
  readonly trace: Trace
  /** A mark or removal was answered as done. */
  readonly done: (what: Done) => void
  /** The first thing that no client should meet. */
  readonly unexpected: (error: unknown) => void
}

/**
 * The process that a client runs in: its time, its network, and an ear on everything that reaches it. `user` is whose
 * stream it follows; null for the customer's own server.
 */
export class ClientHost {
  readonly name: string
  readonly seams: ProcessSeams
  readonly fetch: typeof fetch
  readonly WebSocket: ReturnType<typeof webSocketOverWire>
  readonly #user: UserId | null
  readonly #parts: HostParts
  readonly #checkers = new Map<number, SessionChecker>()
  readonly #streams = new Map<number, string>()

  constructor(name: string, seed: number, user: UserId | null, parts: HostParts) {
    this.name = name
    this.#user = user
    this.#parts = parts
    const { network } = parts
    this.seams = new ProcessSeams(network.time, seed)
    this.fetch = fetchOverWire(network, this.seams, {
      answered: (method, path, status, body) => this.#guard(() => this.#answered(method, path, status, body)),
      streamed: (connection, bytes) => this.#guard(() => this.#streamed(connection, bytes)),
      ended: (connection) => {
        this.#checkers.delete(connection)
        this.#streams.delete(connection)
      },
    })
    this.WebSocket = webSocketOverWire(network, this.seams, {
      received: (connection, text) => this.#guard(() => this.#frame(connection, text)),
    })
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#parts.unexpected(error)
    }
  }

  #frame(connection: number, text: string): void {
    this.#parts.trace.note(`${this.name} frame ${text}`)
    const user = this.#user
    if (user === null) return
    let checker = this.#checkers.get(connection)
    if (!checker) {
      checker = new SessionChecker(this.name, user, this.#parts.oracle)
      this.#checkers.set(connection, checker)
    }
    checker.take(text)
  }

  #streamed(connection: number, bytes: Buffer): void {
    const events = ((this.#streams.get(connection) ?? '') + bytes.toString()).split('\n\n')
    this.#streams.set(connection, events.pop() ?? '')
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '))
      if (data) this.#frame(connection, data.slice('data: '.length))
    }
  }

  #answered(method: string, path: string, status: number, body: string): void {
    this.#parts.trace.note(`${this.name} ${method} ${path} ${status} ${body}`)
    const user = this.#user
    if (user === null) return
    const { oracle, done } = this.#parts
    if (method === 'DELETE' && status === 204) done({ kind: 'removed', user, groupId: path.split('/').at(-1) ?? '' })
    if (status !== 200) return
    const what = `${method} ${path} of ${this.name}`
    if (method === 'GET' && path === '/v1/activities') {
      const page = JSON.parse(body) as ActivityPage
      oracle.counts(what, user, page.seq, page.unread_count, page.unseen_count)
      for (const group of page.activity_groups) oracle.group(what, user, group as ActivityGroup)
    } else if (method === 'POST' && /^\/v1\/activities\/(read|seen)$/.test(path)) {
      const result = JSON.parse(body) as MarkResult
      oracle.counts(what, user, result.seq, result.updated_unread_count, result.unseen_count)
    }
  }
}
