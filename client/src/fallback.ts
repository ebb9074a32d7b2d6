export type TransportKind = 'socket' | 'sse'

/** Attempts that a kind of connection has to reach its first `hello`. */
const unprovenTries = 3
/** One that worked until then is given up later: then it is mostly the server that is away, not the way to it. */
const provenTries = 10

/**
 * Which kind of connection to try next. A WebSocket first; where something between us and the server lets none
 * through, server-sent events; and back again if those do no better, since the server may only have been away. That is
 * also why a WebSocket that has got through once is tried again as soon as server-sent events end.
 */
export class Fallback {
  readonly #sockets: boolean
  #kind: TransportKind
  #failures = 0
  /** Whether the kind that is next has worked since it was chosen. */
  #proven = false
  #socketWorkedOnce = false

  /** `sockets` is false where there is no WebSocket to be had at all. */
  constructor(sockets: boolean) {
    this.#sockets = sockets
    this.#kind = sockets ? 'socket' : 'sse'
  }

  get kind(): TransportKind {
    return this.#kind
  }

  /** A `hello` came over a connection of this kind. */
  worked(kind: TransportKind): void {
    if (kind === 'socket') this.#socketWorkedOnce = true
    this.#kind = kind
    this.#proven = true
    this.#failures = 0
  }

  /** An attempt of this kind ended before its `hello`, and the server had no part in it. */
  failed(kind: TransportKind): void {
    // It may have begun before the kind was changed, and then says nothing about the new one.
    if (!this.#sockets || kind !== this.#kind) return
    this.#failures++
    if (this.#failures >= (this.#proven ? provenTries : unprovenTries))
      this.#turnTo(kind === 'socket' ? 'sse' : 'socket')
  }

  /** A connection that worked has ended, or is no longer wanted. */
  over(): void {
    if (this.#kind === 'sse' && this.#socketWorkedOnce) this.#turnTo('socket')
  }

  /** The network is another one, or is back: what failed before says nothing. */
  networkChanged(): void {
    this.#failures = 0
    const mayReturn = !this.#proven || this.#socketWorkedOnce
    if (this.#sockets && this.#kind === 'sse' && mayReturn) this.#turnTo('socket')
  }

  #turnTo(kind: TransportKind): void {
    this.#kind = kind
    this.#failures = 0
    this.#proven = false
  }
}
