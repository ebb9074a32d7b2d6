import assert from 'node:assert/strict'
import { HeadwaterError as ClientError } from '@headwater/client'
import { endOf } from '../../src/engines/memory/event-log-state.ts'
import { HostileWorld } from '../../src/engines/memory/hostile.ts'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage, type MemoryStorage } from '../../src/engines/memory/storage.ts'
import { HeadwaterError, UnknownOutcome } from '../../src/lib/error.ts'
import type { Random } from '../../src/lib/seams.ts'
import { seededRandom, type VirtualSeams, virtualSeams } from '../../src/lib/virtual-seams.ts'
import { pick } from '../model/random-events.ts'
import { AppSlot } from './app-slots.ts'
import type { Done } from './client-host.ts'
import { checkDone, compareRoutes, compareState } from './comparison.ts'
import { Customer } from './customer.ts'
import { Device } from './device.ts'
import { weatherOf } from './faults.ts'
import { Network } from './network.ts'
import { Oracle } from './oracle.ts'
import { StepScheduler } from './scheduler.ts'
import { ServerNode } from './server-node.ts'
import { simulatedConfig } from './settings.ts'
import { Trace } from './trace.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000
const start = Date.UTC(2026, 0, 28)
const users = ['user-0', 'user-1', 'user-2', 'user-3']
const devicesMax = 6
const nodesCount = 2
const pendingMax = 8
/** A request that its client gave up may still come to a server that was frozen. */
const requestLingersMs = 60_000
/** After the last fault everything must be as it should be within this, with nobody's help. */
const settleWithinMs = 15 * 60_000

export interface SimulationOptions {
  readonly operations: number
  /** Keeps every line of the trace. */
  readonly keepsTrace?: boolean
}

export interface SimulationReport {
  readonly seed: number
  /** Of everything that happened. */
  readonly hash: string
  readonly steps: number
  readonly records: number
  readonly virtualMs: number
  /** Counts that were told with too old a position. */
  readonly ahead: number
  /** Counts of no position, told while a flush was under way. */
  readonly halfway: number
  readonly trouble: string
  readonly failure: string | null
  readonly trace: readonly string[] | null
}

/** Runs one seed: trouble, then calm, then everything is compared with the truth. Never rejects. */
export async function simulate(seed: number, options: SimulationOptions): Promise<SimulationReport> {
  const slots = await lendSlots()
  const simulation = new Simulation(seed, options, slots)
  let failure: string | null = null
  try {
    await simulation.run()
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  simulation.abandon()
  return simulation.report(failure)
}

/** One for each process that may live at the same time; every run of this thread takes the same ones. */
let slots: Promise<AppSlot[]> | undefined
function lendSlots(): Promise<AppSlot[]> {
  slots ??= Promise.all(Array.from({ length: nodesCount }, () => AppSlot.create(simulatedConfig)))
  return slots
}

class Simulation {
  readonly #seed: number
  readonly #operations: number
  readonly #seams: VirtualSeams
  readonly #random: Random
  readonly #trace: Trace
  readonly #scheduler: StepScheduler
  readonly #storage: MemoryStorage
  readonly #world: HostileWorld
  readonly #network: Network
  readonly #oracle: Oracle
  readonly #customer: Customer
  readonly #slots: readonly AppSlot[]
  readonly #chances: { readonly processes: number; readonly clocks: number }
  readonly #nodes: (ServerNode | null)[] = []
  readonly #done: Done[] = []
  #devices: Device[] = []
  #lives = 0
  #devicesMade = 0
  readonly #calls = new Set<{ readonly device: Device | undefined }>()
  #isCalm = false
  #isEnding = false
  /** Lets more time pass after this operation. */
  #waitMs = 0
  /** No clock is set ahead before this moment. */
  #noneAheadUntil = 0
  #unexpected: unknown = null

  constructor(seed: number, { operations, keepsTrace = false }: SimulationOptions, slots: readonly AppSlot[]) {
    this.#seed = seed
    this.#operations = operations
    this.#slots = slots
    this.#seams = virtualSeams({ now: start + 13 * dayMs, seed })
    this.#random = seededRandom(seed * 7_919 + 1)
    this.#trace = new Trace(keepsTrace)
    this.#scheduler = new StepScheduler(this.#seams.time, this.#trace)
    const weather = weatherOf(seededRandom(seed * 104_729 + 3))
    this.#chances = weather
    const kept = { maxUsers: 10 * users.length }
    this.#storage = createMemoryStorage({ partitions: simulatedConfig.log.partitions, unread: kept, offline: kept })
    this.#world = new HostileWorld(this.#seams, { seed, rates: weather.engines })
    this.#network = new Network(this.#seams.time, this.#trace, seededRandom(seed * 31 + 7), weather.network)
    const { log } = openMemory(this.#storage, this.#seams)
    this.#oracle = new Oracle(this.#storage.log, (user) => log.partitionOf(user))
    this.#customer = new Customer(seed * 17 + 5, {
      ...this.#clientParts(),
      users,
      actors: 8,
      objects: 3,
      from: start,
      spanMs: 12 * dayMs,
    })
  }

  async run(): Promise<void> {
    for (let i = 0; i < nodesCount; i++) this.#startNode(i)
    for (let i = 0; i < this.#operations; i++) {
      this.#operate()
      await this.#scheduler.pass(this.#waitMs + pick(this.#random, 12))
      this.#waitMs = 0
      while (this.#pending >= pendingMax && !this.#unexpected) await this.#scheduler.pass(20)
      if (this.#unexpected) throw this.#unexpected
    }
    await this.#settle()
    await this.#compare()
    await this.#end()
  }

  get #pending(): number {
    for (const call of this.#calls) if (call.device?.isGone) this.#calls.delete(call)
    return this.#calls.size
  }

  report(failure: string | null): SimulationReport {
    return {
      seed: this.#seed,
      hash: this.#trace.digest(),
      steps: this.#trace.count,
      records: this.#oracle.logLength,
      virtualMs: this.#seams.time.monotonic(),
      ahead: this.#oracle.ahead,
      halfway: this.#oracle.halfway,
      trouble: `${this.#world.report()}, ${this.#network.report()}`,
      failure,
      trace: this.#trace.lines,
    }
  }

  /** Nothing of this run may go on beside the next one. */
  abandon(): void {
    this.#isEnding = true
    for (const device of this.#devices) device.kill()
    for (const node of this.#nodes) if (node && !node.isOver) node.crash()
    for (const slot of this.#slots) slot.occupant = null
  }

  #operate(): void {
    const random = this.#random
    const chance = random.next()
    if (random.next() < this.#chances.processes) this.#troubleNode()
    if (random.next() < this.#chances.clocks) this.#jumpClock()
    const device = this.#devices[pick(random, this.#devices.length)]
    if (chance < 0.6) this.#try('send', () => this.#customer.send())
    else if (chance < 0.8 && device) this.#try(`${device.name} acts`, () => device.act(), device)
    else if (chance < 0.84) this.#changeDevices()
    else if (chance < 0.86) this.#try('delete object', () => this.#customer.deleteObject())
    else if (chance < 0.865) this.#try('erase actor', () => this.#customer.eraseActor())
    else if (chance < 0.88) this.#try('put user', () => this.#customer.putUser())
    else if (chance < 0.885 && this.#nodes.every((node) => (node?.seams.skewMs ?? 0) <= 0)) this.#revoke()
    else if (chance < 0.98) this.#waitMs = pick(random, 400)
    else if (chance < 0.985) this.#waitMs = pick(random, 30_000)
  }

  /** Not by a clock that is ahead: the user would get no token that is valid before that time. */
  #revoke(): void {
    const user = users[pick(this.#random, users.length)] as string
    this.#noneAheadUntil = Number.POSITIVE_INFINITY
    this.#try('revoke', () =>
      this.#customer.revoke(user).finally(() => {
        this.#noneAheadUntil = this.#seams.time.monotonic() + requestLingersMs
      }),
    )
  }

  /** Starts something that a client does. Nobody waits for it when its device is gone. */
  #try(what: string, work: () => Promise<void>, device?: Device): void {
    this.#trace.note(what)
    const call = { device }
    this.#calls.add(call)
    const end = () => void this.#calls.delete(call)
    void work()
      .catch((error) => {
        if (!isExpectedByClients(error)) this.#unexpected ??= error
      })
      .then(end)
  }

  #changeDevices(): void {
    const random = this.#random
    const chance = random.next()
    const device = this.#devices[pick(random, this.#devices.length)]
    if (this.#devices.length < devicesMax && (chance < 0.6 || !device)) this.#openDevice()
    else if (device) {
      if (random.next() < 0.5) device.close()
      else device.kill()
      this.#trace.note(`${device.name} is gone`)
      this.#devices = this.#devices.filter((other) => other !== device)
    }
  }

  #openDevice(): void {
    const user = users[pick(this.#random, users.length)] as string
    const name = `${user}/${++this.#devicesMade}`
    const device = new Device(name, this.#seed * 1_009 + this.#devicesMade, user, {
      ...this.#clientParts(),
      token: (owner, deviceId) => this.#customer.token(owner, deviceId),
    })
    this.#devices.push(device)
  }

  #troubleNode(): void {
    const node = this.#nodes[pick(this.#random, nodesCount)]
    const chance = this.#random.next()
    if (!node?.isRunning) return
    if (chance < 0.4) node.crash()
    else if (chance < 0.8) {
      node.freeze()
      this.#seams.time.after(1 + pick(this.#random, 8_000), () => node.thaw())
    } else void node.stop()
  }

  #jumpClock(): void {
    const node = this.#nodes[pick(this.#random, nodesCount)]
    const skewMs = [hourMs, -2 * hourMs, 0, 5_000][pick(this.#random, 4)] as number
    if (skewMs > 0 && this.#seams.time.monotonic() < this.#noneAheadUntil) return
    this.#trace.note(`${node?.name} has its clock set off by ${skewMs}`)
    if (node) node.seams.skewMs = skewMs
  }

  #startNode(index: number): void {
    const before = this.#nodes[index]
    const node = new ServerNode(`node-${index}.${++this.#lives}`, this.#seed * 2_003 + this.#lives, {
      storage: this.#storage,
      world: this.#world,
      network: this.#network,
      trace: this.#trace,
      slot: this.#slots[index] as AppSlot,
      config: simulatedConfig,
      unexpected: (error) => {
        if (!isTrouble(error)) this.#unexpected ??= error
      },
      ended: () => {
        if (this.#isEnding) return
        const againMs = this.#isCalm ? 100 : 1 + pick(this.#random, 1_500)
        this.#seams.time.after(againMs, () => this.#startNode(index))
      },
    })
    if (before && !this.#isCalm) node.seams.skewMs = before.seams.skewMs
    this.#nodes[index] = node
  }

  /** From here on nothing goes wrong any more, and everything must become right by itself. */
  async #settle(): Promise<void> {
    this.#trace.note('calm')
    this.#isCalm = true
    this.#world.calm()
    this.#network.calm()
    for (const node of this.#nodes) {
      if (node) node.seams.skewMs = 0
      if (node?.isRunning) node.thaw()
    }
    for (const device of this.#devices) device.show()
    this.#try('finish deletions', () => this.#customer.finishDeletions())
    const showing = new Set<Device>()
    let wrong: string | null = null
    const isRight = async () => {
      if (this.#unexpected) throw this.#unexpected
      wrong = this.#whatIsWrong()
      if (!wrong) return true
      for (const device of this.#devices) {
        if (showing.has(device)) continue
        showing.add(device)
        void device.showAll().finally(() => showing.delete(device))
      }
      return false
    }
    assert.ok(await this.#scheduler.until(isRight, 500, settleWithinMs), `it never became right: ${wrong}`)
  }

  #whatIsWrong(): string | null {
    if (this.#pending > 0) return `${this.#pending} calls are not answered`
    for (const node of this.#nodes) if (!node?.isRunning) return `${node?.name} does not run`
    for (const part of this.#storage.log.parts) {
      if (part.committed < endOf(part)) return `partition ${part.partition} is not folded`
    }
    return this.#compareDevices()
  }

  #compareDevices(): string | null {
    const plain = this.#oracle.fold()
    for (const { name, user, state } of this.#devices) {
      const difference = compareState(plain.user(user), state)
      if (difference) return `${name}: ${difference}`
    }
    return null
  }

  /** It stays right, every route says so too, and everything that was said on the way was true. */
  async #compare(): Promise<void> {
    await this.#scheduler.pass(65_000)
    if (this.#unexpected) throw this.#unexpected
    // A token may just have expired.
    const wrong = () => this.#whatIsWrong()
    assert.ok(await this.#scheduler.until(() => wrong() === null, 500, 60_000), `it did not stay right: ${wrong()}`)
    const plain = this.#oracle.fold()
    for (const user of users) await this.#during(compareRoutes(this.#customer, user, plain.user(user)))
    this.#oracle.check()
    const records = this.#oracle.records()
    this.#customer.check(records)
    checkDone(this.#done, records)
  }

  /** Everybody goes home, and nothing is left. */
  async #end(): Promise<void> {
    this.#isEnding = true
    for (const device of this.#devices) device.close()
    // A connection that broke without a word is found out by its silence.
    const nodes = this.#nodes.filter((node) => node !== null)
    await this.#scheduler.until(() => nodes.every(({ stats }) => stats?.users === 0), 1_000, 600_000)
    for (const device of this.#devices) assert.equal(device.pendingTimers, 0, `${device.name} left timers`)
    for (const node of nodes)
      assert.deepEqual(pickOf(node.stats), { sockets: 0, users: 0 }, `${node.name} holds sessions`)
    await this.#during(Promise.all(nodes.map((node) => node.stop())))
    for (const node of nodes) assert.equal(node.leftTimers, 0, `${node.name} left timers`)
    assert.equal(this.#storage.pubSub.listeners.size, 0, 'subscriptions are left')
    if (this.#unexpected) throw this.#unexpected
  }

  /** Time passes while it is under way; not for ever. */
  async #during<T>(work: Promise<T>): Promise<T> {
    let isOver = false
    const watched = work.finally(() => {
      isOver = true
    })
    watched.catch(() => {})
    assert.ok(await this.#scheduler.until(() => isOver, 5, 120_000), 'it never came to an end')
    return watched
  }

  #clientParts() {
    return {
      network: this.#network,
      oracle: this.#oracle,
      trace: this.#trace,
      random: this.#random,
      done: (what: Done) => this.#done.push(what),
      unexpected: (error: unknown) => {
        this.#unexpected ??= error
      },
    }
  }
}

const pickOf = (stats: ServerNode['stats']) => ({ sockets: stats?.sockets, users: stats?.users })

/** What a fault explains. */
const isTrouble = (error: unknown): boolean =>
  UnknownOutcome.is(error) ||
  (HeadwaterError.is(error) && error.retryable) ||
  // The gateway's own word for a store that lags behind; it tries again.
  (error instanceof Error && error.message.startsWith('The badge is at'))

/** What an honest client may be told: to come back later, or that somebody else was faster. */
const isExpectedByClients = (error: unknown): boolean =>
  ClientError.is(error) && (error.retryable || error.code === 'not_found' || error.code === 'unauthenticated')
