import { connect, type Socket } from 'node:net'
import { type Flow, Pipe } from './pipe.ts'

export interface Ends {
  readonly host: string
  readonly port: number
}

/** What a connection asks of its proxy. */
export interface Rules {
  /** From the client to the target, and back. */
  flow(direction: 'up' | 'down'): Flow
  /** Called before a request goes on; true when it must not go on. */
  onRequest(bytes: Buffer, connection: Connection): boolean
  /** Called before a reply goes on; true when it must not go on. */
  onReply(connection: Connection): boolean
  onCarried(direction: 'up' | 'down', bytes: number): void
  onClosed(connection: Connection): void
}

/** One client's connection and the one made for it to the target. */
export class Connection {
  readonly #client: Socket
  readonly #target: Socket
  readonly #up: Pipe
  readonly #down: Pipe
  #isAbandoned = false

  constructor(client: Socket, to: Ends, rules: Rules) {
    this.#client = client
    this.#target = connect({ ...to, noDelay: true, allowHalfOpen: true })
    client.setNoDelay(true)
    this.#up = new Pipe(
      client,
      this.#target,
      () => rules.flow('up'),
      (bytes) => rules.onCarried('up', bytes),
    )
    this.#down = new Pipe(
      this.#target,
      client,
      () => rules.flow('down'),
      (bytes) => rules.onCarried('down', bytes),
    )
    client.on('data', (bytes: Buffer) => {
      if (!this.#isAbandoned && !rules.onRequest(bytes, this)) this.#up.push(bytes)
    })
    this.#target.on('data', (bytes: Buffer) => {
      if (!rules.onReply(this)) this.#down.push(bytes)
    })
    client.on('end', () => this.#up.end())
    this.#target.on('end', () => this.#down.end())
    // A target that cannot be reached, or cuts, is a cut for the client; and the reverse.
    this.#target.on('error', () => this.#isAbandoned || client.resetAndDestroy())
    client.on('error', () => this.#target.resetAndDestroy())
    client.on('close', () => {
      this.#target.destroy()
      rules.onClosed(this)
    })
    this.#target.on('close', () => {
      // What came is still to be handed on; the end of it closes the client.
      if (!this.#isAbandoned) this.#down.end()
    })
  }

  /** RST to both ends, now. */
  cut(): void {
    this.#client.resetAndDestroy()
    this.#target.resetAndDestroy()
  }

  /** Sends bytes to the target and cuts as soon as they are out of the process. */
  cutAfter(bytes: Buffer): void {
    this.#target.write(bytes, () => this.cut())
  }

  /** The target is gone and never said so: the client's connection stays, and nothing will ever come. */
  abandon(): void {
    this.#isAbandoned = true
    this.#target.destroy()
  }

  resume(): void {
    this.#up.resume()
    this.#down.resume()
  }
}
