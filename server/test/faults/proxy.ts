import { createServer, type Server, type Socket } from 'node:net'
import { Connection, type Ends, type Rules } from './connection.ts'
import type { Flow } from './pipe.ts'

/** What is wrong with the line, until it is healed. */
export interface Faults {
  /** New connections are refused, as if nothing listened. */
  readonly refuse: boolean
  /** Connections stand and are accepted, and no byte gets through; in one direction or both. */
  readonly blackHole: 'up' | 'down' | 'both' | 'none'
  readonly latencyMs: number
  /** On top of the latency, at most. */
  readonly jitterMs: number
  /** In each direction and for each connection; `Infinity` = as fast as it goes. */
  readonly bytesPerS: number
}

const healthy: Faults = { refuse: false, blackHole: 'none', latencyMs: 0, jitterMs: 0, bytesPerS: Infinity }

/**
 * How one request loses its answer:
 * - `reply`: at the first byte of the answer, so the request was carried out;
 * - `request`: before it was passed on, so it was not;
 * - `passed`: right after it was passed on, so it is either.
 */
export type Cut = 'reply' | 'request' | 'passed'

interface Trap {
  readonly cut: Cut
  readonly matches: (bytes: Buffer) => boolean
  readonly sprung: () => void
  /** The connection that carried the request, when the answer is waited for. */
  connection?: Connection
}

export interface Counters {
  readonly accepted: number
  readonly open: number
  readonly cut: number
  readonly bytesUp: number
  readonly bytesDown: number
}

export interface ProxyOptions {
  readonly target: Ends
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Left out: one that is free. */
  readonly port?: number
}

/**
 * A TCP proxy on loopback that breaks what goes through it. It knows no protocol; clients are given its address in place
 * of the server's.
 */
export class FaultProxy implements AsyncDisposable {
  readonly host: string
  readonly port: number
  /** A server that must be told of the proxy's port before it starts is named later; until then nothing is reached. */
  target: Ends
  readonly #connections = new Set<Connection>()
  readonly #traps = new Set<Trap>()
  readonly #counters = { accepted: 0, cut: 0, bytesUp: 0, bytesDown: 0 }
  #server: Server
  #faults = healthy

  private constructor({ host, port, server, target }: Ends & { server: Server; target: Ends }) {
    this.host = host
    this.port = port
    this.target = target
    this.#server = server
    server.on('connection', (socket) => this.#accept(socket))
  }

  static async open({ target, host = '127.0.0.1', port }: ProxyOptions): Promise<FaultProxy> {
    const { server, port: taken } = port === undefined ? await listenSomewhere(host) : await listen(host, port)
    return new FaultProxy({ host, port: taken, server, target })
  }

  get counters(): Counters {
    return { ...this.#counters, open: this.#connections.size }
  }

  /** `host:port`, as many clients want it. */
  get address(): string {
    return `${this.host}:${this.port}`
  }

  /** Turns faults on; those not named stay as they are. Connections that stand are kept. */
  async set(faults: Partial<Faults>): Promise<void> {
    const before = this.#faults
    this.#faults = { ...before, ...faults }
    if (this.#faults.refuse && !before.refuse) this.#server.close()
    if (!this.#faults.refuse && before.refuse) {
      this.#server = (await listen(this.host, this.port)).server
      this.#server.on('connection', (socket) => this.#accept(socket))
    }
    for (const connection of this.#connections) connection.resume()
  }

  /** All as it should be. Bytes that waited go on; what was cut stays cut. */
  async heal(): Promise<void> {
    this.#traps.clear()
    await this.set(healthy)
  }

  /** Resets every connection, now. */
  cutAll(): void {
    for (const connection of this.#connections) this.#cut(connection)
  }

  /** Refuses new connections and resets those that stand, as a server that is killed does. */
  async down(): Promise<void> {
    await this.set({ refuse: true })
    this.cutAll()
  }

  /** The target forgets all connections, and the clients are not told. */
  abandonAll(): void {
    for (const connection of this.#connections) connection.abandon()
  }

  /**
   * Lets one request, the next that matches, lose its answer. Resolves when it has. A request is what arrives at once, so
   * one that is longer than a packet may match by its beginning alone.
   */
  cutNext(cut: Cut, matches: Trap['matches'] = () => true): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const trap: Trap = {
      cut,
      matches,
      sprung: () => {
        this.#traps.delete(trap)
        resolve()
      },
    }
    this.#traps.add(trap)
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.cutAll()
  }

  #accept(socket: Socket): void {
    this.#counters.accepted++
    const connection = new Connection(socket, this.target, this.#rules)
    this.#connections.add(connection)
  }

  #cut(connection: Connection): void {
    this.#counters.cut++
    connection.cut()
  }

  readonly #rules: Rules = {
    flow: (direction): Flow => {
      const { blackHole, ...flow } = this.#faults
      return { ...flow, isStalled: blackHole === 'both' || blackHole === direction }
    },
    onRequest: (bytes, connection) => {
      for (const trap of this.#traps) {
        if (trap.connection !== undefined || !trap.matches(bytes)) continue
        if (trap.cut === 'reply') {
          trap.connection = connection
          return false
        }
        if (trap.cut === 'request') this.#cut(connection)
        else {
          this.#counters.cut++
          connection.cutAfter(bytes)
        }
        trap.sprung()
        return true
      }
      return false
    },
    onReply: (connection) => {
      for (const trap of this.#traps) {
        if (trap.connection !== connection) continue
        this.#cut(connection)
        trap.sprung()
        return true
      }
      return false
    },
    onCarried: (direction, bytes) => {
      this.#counters[direction === 'up' ? 'bytesUp' : 'bytesDown'] += bytes
    },
    onClosed: (connection) => {
      this.#connections.delete(connection)
      // The request of a trap may be gone with its connection; the trap waits for the next.
      for (const trap of this.#traps) if (trap.connection === connection) delete trap.connection
    },
  }
}

/** Below the ports that systems give to outgoing connections: one of those could take it while new ones are refused. */
const [firstPort, ports] = [12_000, 8_000]

async function listenSomewhere(host: string): Promise<{ server: Server; port: number }> {
  for (let tries = 1; ; tries++) {
    try {
      return await listen(host, firstPort + Math.floor(Math.random() * ports))
    } catch (error) {
      if (tries === 100) throw error
    }
  }
}

function listen(host: string, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => resolve({ server, port }))
  })
}
