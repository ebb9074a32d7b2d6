import type { Random } from '../../src/lib/seams.ts'
import type { VirtualTime } from '../../src/lib/virtual-seams.ts'
import type { ProcessSeams } from './process-seams.ts'
import type { Trace } from './trace.ts'
import { Wire } from './wire.ts'

/** What a network does to connections, by name. */
export const networkFaults = [
  /** Nobody answers where a connection should be opened. */
  'net.refused',
  /** A connection breaks; each end hears of it soon, or never. */
  'net.cut',
  /** Nothing gets through in one direction for a while. */
  'net.stall',
  /** What was sent in one go arrives in two. */
  'net.split',
  /** Something takes a while. */
  'net.late',
] as const
export type NetworkFault = (typeof networkFaults)[number]

/** Where a server process takes connections. */
export interface Listener {
  readonly name: string
  readonly seams: ProcessSeams
  accept(wire: Wire): void
}

/** Carries bytes between clients and servers, in order or not at all, as TCP does. */
export class Network {
  readonly counts = new Map<NetworkFault, number>()
  readonly time: VirtualTime
  readonly trace: Trace
  readonly #random: Random
  readonly #rates: Readonly<Partial<Record<NetworkFault, number>>>
  readonly #listeners = new Set<Listener>()
  readonly #wires = new Set<Wire>()
  #isCalm = false
  #opened = 0

  constructor(time: VirtualTime, trace: Trace, random: Random, rates: Readonly<Partial<Record<NetworkFault, number>>>) {
    this.time = time
    this.trace = trace
    this.#random = random
    this.#rates = rates
  }

  /** Open connections. */
  get wires(): ReadonlySet<Wire> {
    return this.#wires
  }

  listen(listener: Listener): void {
    this.#listeners.add(listener)
  }

  /** No new connections; those that are open stay. */
  unlisten(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  /** Opens a connection to some server; null when it is refused. */
  connect(client: ProcessSeams): Wire | null {
    // What another process promised to a dead one is still kept, and goes no further than here.
    if (client.isDead) return null
    const listeners = [...this.#listeners]
    const listener = listeners[this.pick(listeners.length)]
    if (!listener || this.strikes('net.refused')) return null
    const wire = new Wire(this, ++this.#opened, client, listener.seams, () => this.#wires.delete(wire))
    this.#wires.add(wire)
    this.trace.note(`wire ${wire.id} to ${listener.name}`)
    listener.accept(wire)
    return wire
  }

  strikes(fault: NetworkFault): boolean {
    const rate = this.#rates[fault] ?? 0
    if (this.#isCalm || rate === 0 || this.#random.next() >= rate) return false
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
    return true
  }

  pick(below: number): number {
    return Math.floor(this.#random.next() * below)
  }

  /** From now on everything gets through. What is broken without anybody knowing stays so. */
  calm(): void {
    this.#isCalm = true
    for (const wire of this.#wires) wire.unstall()
  }

  report(): string {
    return [...this.counts].map(([fault, count]) => `${fault} ${count}`).join(', ')
  }
}
