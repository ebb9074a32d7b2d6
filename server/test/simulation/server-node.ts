import { assembleFeatures, type Features } from '../../src/assemble.ts'
import type { Config } from '../../src/config/secrets.ts'
import { type HostileEngines, type HostileWorld, hostileEngines } from '../../src/engines/memory/hostile.ts'
import type { MemoryStorage } from '../../src/engines/memory/storage.ts'
import { type Log, silentLog } from '../../src/lib/log.ts'
import type { AppSlot } from './app-slots.ts'
import type { Listener, Network } from './network.ts'
import { ProcessSeams } from './process-seams.ts'
import type { Trace } from './trace.ts'
import type { Wire } from './wire.ts'

export interface NodeParts {
  readonly storage: MemoryStorage
  readonly world: HostileWorld
  readonly network: Network
  readonly trace: Trace
  readonly slot: AppSlot
  readonly config: Config
  /** What the server logs that no fault explains. */
  readonly unexpected: (error: unknown) => void
  /** It died or has stopped. */
  readonly ended: () => void
}

/** One life of one server process: API, worker and gateway on its own view of the engines. */
export class ServerNode implements Listener {
  readonly name: string
  readonly seams: ProcessSeams
  readonly engines: HostileEngines
  readonly #parts: NodeParts
  readonly #wires = new Set<Wire>()
  /** Timers that were still set when it had stopped. */
  leftTimers = 0
  #features: Features | null = null
  #state: 'starting' | 'running' | 'stopping' | 'over' = 'starting'

  constructor(name: string, seed: number, parts: NodeParts) {
    this.name = name
    this.#parts = parts
    const { world, network, storage, trace } = parts
    this.seams = new ProcessSeams(network.time, seed, (failpoint) => this.#failpoint(failpoint))
    this.engines = hostileEngines(storage, this.seams, world, {
      patienceMs: 3_000,
      silent: true,
      note: (line) => trace.note(`${name} ${line}`),
    })
    this.engines.death.addEventListener('abort', () => this.#die(), { once: true })
    void this.#start()
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Sessions and users that the gateway still holds. */
  get stats() {
    return this.#features?.gateway?.stats()
  }

  accept(wire: Wire): void {
    this.#wires.add(wire)
    wire.serverEnd.once('close', () => this.#wires.delete(wire))
    this.#parts.slot.accept(wire.serverEnd)
  }

  crash(): void {
    this.engines.crash()
  }

  freeze(): void {
    this.#parts.trace.note(`${this.name} freezes`)
    this.seams.freeze()
    this.engines.freeze()
  }

  thaw(): void {
    this.#parts.trace.note(`${this.name} thaws`)
    this.engines.thaw()
    this.seams.thaw()
  }

  /** Sends sockets away, answers what is under way, writes what is folded, and ends. */
  async stop(): Promise<void> {
    const features = this.#features
    if (this.#state !== 'running' || !features) return
    this.#state = 'stopping'
    const { network, trace } = this.#parts
    trace.note(`${this.name} stops`)
    network.unlisten(this)
    await features.gateway?.drain()
    await features[Symbol.asyncDispose]()
    await this.engines.ports.log[Symbol.asyncDispose]()
    // It died while it stopped: another has its slot already.
    if (this.isOver) return
    // Requests that come to a closed server are answered by nobody, and those under way had their time.
    for (const wire of this.#wires) wire.serverEnd.destroy()
    this.#parts.slot.occupant = null
    this.#state = 'over'
    this.leftTimers = this.seams.pending
    trace.note(`${this.name} has stopped`)
    this.seams.kill()
    this.#parts.ended()
  }

  async #start(): Promise<void> {
    const { config, slot, network, trace } = this.#parts
    const log = this.#log()
    try {
      const features = await assembleFeatures(this.engines.ports, {
        config,
        seams: this.seams,
        log,
        webFolder: null,
        checkEngines: async () => ({}),
      })
      // It died at the last step of its start: nobody listens, and its slot is another's.
      if (this.isOver) return
      this.#features = features
      slot.occupant = { features, seams: this.seams, log }
      this.#state = 'running'
      network.listen(this)
      trace.note(`${this.name} listens`)
    } catch {
      // A server whose stores refuse it does not start; whoever watches over it starts it again.
      this.crash()
    }
  }

  #die(): void {
    const { network, trace, slot, ended } = this.#parts
    if (this.#state === 'over') return
    trace.note(`${this.name} dies`)
    this.#state = 'over'
    this.seams.kill()
    network.unlisten(this)
    if (slot.occupant?.seams === this.seams) slot.occupant = null
    for (const wire of this.#wires) wire.abandon('server')
    this.#wires.clear()
    ended()
  }

  /** Between two steps of the server anything may happen to its process. */
  #failpoint(name: string): void | Promise<void> {
    const { world, trace } = this.#parts
    if (!world.strikes('failpoint')) return
    trace.note(`${this.name} at ${name}`)
    if (world.pick(2) === 0) return world.longDelay()
    this.crash()
    return new Promise(() => {})
  }

  #log(): Log {
    const { unexpected } = this.#parts
    const look = (given: unknown) => {
      const { err } = (given ?? {}) as { err?: unknown }
      if (err !== undefined) unexpected(err)
    }
    return { ...silentLog, warn: look, error: look, fatal: look } as unknown as Log
  }
}
