import { UnknownOutcome } from '../../src/lib/error.ts'
import type { Random } from '../../src/lib/seams.ts'
import type { EventLog, LogConsumer } from '../../src/ports/event-log.ts'
import type { Ports } from '../../src/ports/ports.ts'

/** Thrown from a port call of a worker that has died. */
export class Died extends Error {
  constructor() {
    super('the worker has died')
    this.name = 'Died'
  }
}

export interface MortalSettings {
  /** Stores of these ports promise no order of writes: a worker writes one step after the other. */
  readonly unordered: boolean
  /** Probability that a write of a store is not known to have happened. */
  readonly unknown: number
}

/** What safely repeated writes a worker makes; an append is not one of them. */
const writes = new Set(['putGroups', 'putHeads', 'put', 'raise', 'erase', 'remove', 'purge', 'write'])
const mortalPorts = [
  'groups',
  'members',
  'objects',
  'marks',
  'unread',
  'pubSub',
  'offline',
  'sessions',
  'traces',
] as const
/** Of these there are only the ones that the engine has. */
const optionalPorts = ['views'] as const

/**
 * The ports of a healthy engine as one worker sees it who may die or stall between any two calls, and is not always told
 * what became of a write. The engine itself goes on.
 */
export class MortalPorts {
  readonly ports: Ports
  readonly #settings: MortalSettings
  readonly #random: Random
  readonly #consumers = new Set<LogConsumer>()
  readonly #underWay = new Set<Promise<unknown>>()
  #isDead = false
  #stalled: PromiseWithResolvers<void> | undefined

  constructor(ports: Ports, settings: MortalSettings, random: Random) {
    this.#settings = settings
    this.#random = random
    const wrapped: Record<string, unknown> = Object.fromEntries(
      mortalPorts.map((name) => [name, this.#wrap(name, ports[name])]),
    )
    // Stores without an order are none that one step could write.
    for (const name of settings.unordered ? [] : optionalPorts) {
      const port = ports[name]
      if (port) wrapped[name] = this.#wrap(name, port)
    }
    this.ports = { ...withoutOptional(ports), ...wrapped, log: this.#wrapLog(ports.log) }
  }

  /** Nothing that this worker was about to do happens any more. Its partitions are free, as after a restart. */
  async die(): Promise<void> {
    this.#isDead = true
    this.thaw()
    // What was handed to the disk is there, or is not, before anyone else looks.
    await Promise.allSettled(this.#underWay)
    for (const consumer of this.#consumers) await consumer[Symbol.asyncDispose]()
  }

  /** Calls hang until the worker is thawed, and then go on as if nothing had been. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers()
  }

  thaw(): void {
    this.#stalled?.resolve()
    this.#stalled = undefined
  }

  async #alive<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await this.#gate(run)
    } finally {
      // Whatever it came to: the dead hear nothing.
      await this.#gate(() => {})
    }
  }

  #tracked<T>(call: Promise<T>): Promise<T> {
    this.#underWay.add(call)
    const over = () => void this.#underWay.delete(call)
    call.then(over, over)
    return call
  }

  /** The call is made in one go with the look at who is dead: who dies in between would be heard of after death. */
  async #gate<T>(call: () => T | Promise<T>): Promise<T> {
    while (this.#stalled) await this.#stalled.promise
    if (this.#isDead) throw new Died()
    return await call()
  }

  #write<T>(name: string, run: () => Promise<T>): Promise<T> {
    // Where the engine keeps the order of writes, one that is lost may not be followed by one that is not.
    if (this.#settings.unordered && this.#random.next() < this.#settings.unknown)
      return this.#alive(() => Promise.reject(new UnknownOutcome(`${name}: not stored`)))
    return this.#alive(async () => {
      const answer = await run()
      if (this.#random.next() < this.#settings.unknown) throw new UnknownOutcome(`${name}: stored`)
      return answer
    })
  }

  #wrap<Port extends object>(name: string, port: Port): Port {
    return new Proxy(port, {
      get: (target, key) => {
        if (key === 'ordered') return !this.#settings.unordered
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function' || typeof key === 'symbol' || key === 'partitionOf') return value
        return (...args: unknown[]) => {
          const run = () => this.#tracked(value.apply(target, args))
          return writes.has(key) ? this.#write(name, run) : this.#alive(run)
        }
      },
    })
  }

  #wrapLog(log: EventLog): EventLog {
    return new Proxy(this.#wrap('log', log), {
      get: (target, key) => {
        if (key !== 'join') return Reflect.get(target, key)
        return async () => {
          const consumer = await this.#alive(() => this.#tracked(this.#join(log)))
          return this.#wrapConsumer(consumer)
        }
      },
    })
  }

  async #join(log: EventLog): Promise<LogConsumer> {
    const consumer = await log.join()
    this.#consumers.add(consumer)
    return consumer
  }

  #wrapConsumer(consumer: LogConsumer): LogConsumer {
    return {
      poll: (maxRecords, maxWaitMs, signal) => this.#alive(() => consumer.poll(maxRecords, maxWaitMs, signal)),
      commit: (offsets) => this.#alive(() => consumer.commit(offsets)),
      release: (partition) => this.#alive(() => consumer.release(partition)),
      [Symbol.asyncDispose]: () => consumer[Symbol.asyncDispose](),
    }
  }
}

function withoutOptional({ views: _, ...ports }: Ports): Ports {
  return ports
}
