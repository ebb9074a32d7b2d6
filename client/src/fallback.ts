export type TransportKind = 'socket' | 'sse'

/** Attempts that a kind of connection has to reach its first `hello`. */
const unprovenTries = 3
/** One that has worked before is given up later: then it is mostly the server that is away, not the way to it. */
const provenTries = 10

/**
 * Which kind of connection to try next. A WebSocket first; where something between us and the server lets none
 * through, server-sent events; and back again if those do no better, since the server may only have been away.
 */
export class Fallback {
  readonly #sockets: boolean
  #kind: TransportKind
  #failures = 0
  #proven = false

  /** `sockets` is false where there is no WebSocket to be had at all. */
  constructor(sockets: boolean) {
    this.#sockets = sockets
    this.#kind = sockets ? 'socket' : 'sse'
  }

  get kind(): TransportKind {
    return this.#kind
  }

  /** A `hello` came. */
  worked(): void {
    this.#proven = true
    this.#failures = 0
  }

  /** An attempt ended before its `hello`, and the server had no part in it. */
  failed(): void {
    this.#failures++
    if (!this.#sockets || this.#failures < (this.#proven ? provenTries : unprovenTries)) return
    this.#kind = this.#kind === 'socket' ? 'sse' : 'socket'
    this.#failures = 0
    this.#proven = false
  }

  /** The network is another one, or is back: what failed before says nothing. */
  networkChanged(): void {
    this.#failures = 0
    if (!this.#proven && this.#sockets) this.#kind = 'socket'
  }
}
