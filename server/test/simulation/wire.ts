import { Duplex } from 'node:stream'
import type { Network } from './network.ts'
import type { ProcessSeams } from './process-seams.ts'

/** What the operating system keeps of a slow connection before the writer has to wait. */
const kernelBytes = 4_096
const lateMaxMs = 60
const stallMaxMs = 30_000
/** After so long a system gives up a connection whose other end does not answer. */
const systemTimeoutMs = 90_000

/** What is on its way in one direction. */
class Lane {
  readonly #network: Network
  readonly #receiver: ProcessSeams
  readonly #deliver: (bytes: Buffer | null) => void
  readonly #queue: (Buffer | null)[] = []
  #queuedBytes = 0
  #isUnderWay = false
  #stalled: Disposable | null = null
  #isDead = false
  #onRoom: (() => void) | null = null

  constructor(network: Network, receiver: ProcessSeams, deliver: (bytes: Buffer | null) => void) {
    this.#network = network
    this.#receiver = receiver
    this.#deliver = deliver
  }

  /** `null` is the end. `onRoom` is called when the sender may go on. */
  send(bytes: Buffer | null, onRoom?: () => void): void {
    if (this.#isDead) {
      // Nobody tells the sender: its words go nowhere, until its buffers are full.
      this.#queuedBytes += bytes?.length ?? 0
    } else if (bytes && bytes.length > 1 && this.#network.strikes('net.split')) {
      const at = 1 + this.#network.pick(bytes.length - 1)
      this.#push(bytes.subarray(0, at))
      this.#push(bytes.subarray(at))
    } else this.#push(bytes)
    if (!onRoom) return
    if (this.#queuedBytes <= kernelBytes) onRoom()
    else this.#onRoom = onRoom
  }

  stall(): void {
    this.#stalled ??= this.#network.time.after(1 + this.#network.pick(stallMaxMs), () => this.unstall())
  }

  unstall(): void {
    this.#stalled?.[Symbol.dispose]()
    this.#stalled = null
    this.#move()
  }

  /** Whatever is on its way is lost, and whatever comes. */
  die(): void {
    this.#isDead = true
    this.#queue.length = 0
    this.#stalled?.[Symbol.dispose]()
    this.#stalled = null
  }

  #push(bytes: Buffer | null): void {
    this.#queue.push(bytes)
    this.#queuedBytes += bytes?.length ?? 0
    this.#move()
  }

  #move(): void {
    if (this.#isUnderWay || this.#stalled || this.#queue.length === 0 || this.#isDead) return
    this.#isUnderWay = true
    const ms = this.#network.strikes('net.late') ? 1 + this.#network.pick(lateMaxMs) : this.#network.pick(2)
    this.#network.time.after(ms, () => this.#receiver.enter(() => this.#arrive()))
  }

  #arrive(): void {
    this.#isUnderWay = false
    if (this.#isDead || this.#stalled) return
    const bytes = this.#queue.shift()
    if (bytes === undefined) return
    this.#queuedBytes -= bytes?.length ?? 0
    this.#deliver(bytes)
    const goOn = this.#onRoom
    if (goOn && this.#queuedBytes <= kernelBytes) {
      this.#onRoom = null
      goOn()
    }
    this.#move()
  }
}

/** One connection between a client and a server process. */
export class Wire {
  readonly id: number
  /** What the server holds of it. */
  readonly serverEnd: Duplex
  onData: (bytes: Buffer) => void = () => {}
  /** The server has hung up, or the connection broke. */
  onClose: () => void = () => {}
  readonly #network: Network
  readonly client: ProcessSeams
  readonly #server: ProcessSeams
  readonly #toServer: Lane
  readonly #toClient: Lane
  readonly #onGone: () => void
  #isClientGone = false
  #isServerGone = false

  constructor(network: Network, id: number, client: ProcessSeams, server: ProcessSeams, onGone: () => void) {
    this.#network = network
    this.id = id
    this.client = client
    this.#server = server
    this.#onGone = onGone
    this.#toServer = new Lane(network, server, (bytes) => {
      network.trace.note(`wire ${id} → ${bytes?.length ?? 'end'}`)
      if (!this.serverEnd.destroyed) this.serverEnd.push(bytes)
    })
    this.#toClient = new Lane(network, client, (bytes) => {
      network.trace.note(`wire ${id} ← ${bytes?.length ?? 'end'}`)
      if (this.#isClientGone) return
      if (bytes) this.onData(bytes)
      else this.#clientHears()
    })
    this.serverEnd = this.#createServerEnd()
  }

  send(bytes: Buffer): void {
    if (this.#isClientGone) return
    this.#disturb()
    this.#toServer.send(bytes)
  }

  /** The client hangs up. */
  close(): void {
    if (this.#isClientGone) return
    this.#isClientGone = true
    this.#toServer.send(null)
    this.#settle()
  }

  /** The connection breaks: each end hears of it after a while, or not at all. */
  cut(tellsClient: boolean, tellsServer: boolean): void {
    this.#network.trace.note(`wire ${this.id} cut ${tellsClient} ${tellsServer}`)
    this.#toServer.die()
    this.#toClient.die()
    const { time } = this.#network
    const hear = (who: ProcessSeams, isTold: boolean, what: () => void) =>
      time.after(isTold ? this.#network.pick(lateMaxMs) : systemTimeoutMs, () => who.enter(what))
    hear(this.client, tellsClient, () => this.#clientHears())
    hear(this.#server, tellsServer, () => this.serverEnd.destroy())
  }

  unstall(): void {
    this.#toServer.unstall()
    this.#toClient.unstall()
  }

  /** One end is gone without a word, with its process. */
  abandon(end: 'client' | 'server'): void {
    if (end === 'client') {
      this.#isClientGone = true
      this.cut(false, this.#network.pick(2) === 0)
    } else {
      this.#isServerGone = true
      this.cut(this.#network.pick(4) > 0, false)
      // Nothing of the dead process may run, and its socket has nobody to tell.
      this.serverEnd.removeAllListeners()
      this.serverEnd.on('error', () => {})
    }
    this.#settle()
  }

  #createServerEnd(): Duplex {
    const end = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#disturb()
        this.#toClient.send(chunk, done)
      },
      final: (done) => {
        this.#toClient.send(null)
        done()
      },
      destroy: (error, done) => {
        this.#isServerGone = true
        this.#toClient.send(null)
        this.#settle()
        done(error)
      },
    })
    // Both are asked of sockets, and mean real time or real cables.
    return Object.assign(end, { setTimeout: () => end, setNoDelay: () => end, remoteAddress: '192.0.2.1' })
  }

  #disturb(): void {
    const network = this.#network
    if (network.strikes('net.cut')) this.cut(network.pick(3) > 0, network.pick(3) > 0)
    if (network.strikes('net.stall')) (network.pick(2) === 0 ? this.#toServer : this.#toClient).stall()
  }

  #clientHears(): void {
    if (this.#isClientGone) return
    this.#isClientGone = true
    this.onClose()
    this.#toServer.send(null)
    this.#settle()
  }

  #settle(): void {
    if (this.#isClientGone && this.#isServerGone) this.#onGone()
  }
}
