import type { API, Broker, Connection, ConnectionPool } from '@platformatic/kafka'
import type { Seams } from '../../lib/seams.ts'
import type { Partition } from '../../model/ids.ts'
import { codeOf, KafkaFailure, kafkaErrors } from './failure.ts'

export type Driver = typeof import('@platformatic/kafka')

export interface ConnectionSettings {
  /** `host:port` of some brokers; the others are asked of them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** A request that is not answered within this time has failed, and its connection is closed. */
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  /** As the driver has them. */
  readonly tls?: object | undefined
  readonly sasl?: object | undefined
}

export interface TopicView {
  readonly id: string
  /** The leader of each partition, by node id; negative while there is none. */
  readonly leaders: readonly number[]
  readonly replication: number
}

/** The brokers: who they are, who leads what, and requests to them. */
export class Cluster implements AsyncDisposable {
  readonly driver: Driver
  readonly seams: Seams
  readonly settings: ConnectionSettings
  readonly #bootstrap: readonly Broker[]
  readonly #pools = new Set<ConnectionPool>()
  readonly #control: ConnectionPool
  readonly #views = new Map<string, TopicView>()
  readonly #asked = new Map<string, { at: number; running: boolean; readonly answer: Promise<TopicView | undefined> }>()
  readonly #coordinators = new Map<string, number>()
  /** Monotonic milliseconds, by host and port. */
  readonly #failedAt = new Map<string, number>()
  #brokers = new Map<number, Broker>()

  constructor(driver: Driver, settings: ConnectionSettings, seams: Seams) {
    this.driver = driver
    this.settings = settings
    this.seams = seams
    this.#bootstrap = settings.brokers.map(brokerOf)
    this.#control = this.newPool()
  }

  /**
   * Connections of their own: a broker answers the requests of one connection one after the other, so that a fetch that
   * waits holds up what comes behind it.
   */
  newPool(): ConnectionPool {
    const { requestTimeoutMs, connectTimeoutMs, tls, sasl } = this.settings
    const pool = new this.driver.ConnectionPool(this.settings.clientId, {
      requestTimeout: requestTimeoutMs,
      connectTimeout: connectTimeoutMs,
      maxInflights: 1_000,
      ...(tls ? { tls } : {}),
      ...(sasl ? { sasl: sasl as never } : {}),
    })
    // The driver listens once; a second failure of the same connection would end the process.
    pool.on('connecting', ({ connection }) => void connection.on('error', () => {}))
    this.#pools.add(pool)
    return pool
  }

  async closePool(pool: ConnectionPool): Promise<void> {
    this.#pools.delete(pool)
    await pool.close().catch(() => {})
  }

  /** What is known of a topic; asks when nothing is. */
  async view(topic: string): Promise<TopicView> {
    const view = this.#views.get(topic) ?? (await this.refresh(topic))
    if (!view) throw new KafkaFailure(kafkaErrors.unknownTopic, `there is no topic ${topic}`)
    return view
  }

  known(topic: string): TopicView | undefined {
    return this.#views.get(topic)
  }

  /** Whether there is another topic of the name now, or other partitions. */
  isOther(topic: string, was: TopicView): boolean {
    const view = this.#views.get(topic)
    return view !== undefined && (view.id !== was.id || view.leaders.length !== was.leaders.length)
  }

  /** Asks who leads what, unless that was told less than `youngerMs` ago. Questions at the same time are one. */
  refresh(topic: string, youngerMs = 0): Promise<TopicView | undefined> {
    const now = this.seams.clock.monotonic()
    const last = this.#asked.get(topic)
    if (last && (last.running || now - last.at < youngerMs)) return last.answer
    const asked = { at: now, running: true, answer: this.#askView(topic) }
    this.#asked.set(topic, asked)
    const ended = () => {
      asked.running = false
      asked.at = this.seams.clock.monotonic()
    }
    asked.answer.then(ended, ended)
    return asked.answer
  }

  async #askView(topic: string): Promise<TopicView | undefined> {
    const answer = await this.ask(this.driver.metadataV12.api, [topic], false, false)
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    const found = answer.topics.find(({ name }) => name === topic)
    if (!found || found.errorCode === kafkaErrors.unknownTopic) {
      this.#views.delete(topic)
      return undefined
    }
    if (found.errorCode !== 0 && found.errorCode !== kafkaErrors.leaderNotAvailable) {
      throw new KafkaFailure(found.errorCode, `the topic ${topic}`)
    }
    const leaders: number[] = []
    for (const { partitionIndex, leaderId } of found.partitions) leaders[partitionIndex] = leaderId
    const replication = Math.min(...found.partitions.map(({ replicaNodes }) => replicaNodes.length))
    const view = { id: found.topicId, leaders, replication }
    this.#views.set(topic, view)
    return view
  }

  broker(node: number): Broker | undefined {
    return this.#brokers.get(node)
  }

  /** A request to any broker that can be reached. */
  async ask<Request extends unknown[], Answer>(api: API<Request, Answer>, ...request: Request): Promise<Answer> {
    let failure: unknown
    for (const broker of this.#likely()) {
      try {
        return await send(await this.#control.get(broker), api, request)
      } catch (error) {
        failure = error
        this.#failedAt.set(nameOf(broker), this.seams.clock.monotonic())
      }
    }
    throw failureOf(failure)
  }

  /** Each broker once; who has failed lately comes last, since one that stands still costs a timeout every time. */
  #likely(): Broker[] {
    const brokers = new Map([...this.#brokers.values(), ...this.#bootstrap].map((broker) => [nameOf(broker), broker]))
    const failedAt = (broker: Broker) => this.#failedAt.get(nameOf(broker)) ?? 0
    return [...brokers.values()].sort((a, b) => failedAt(a) - failedAt(b))
  }

  /** A request to one broker. The answer also comes when it holds errors of single partitions. */
  async request<Request extends unknown[], Answer>(
    node: number,
    api: API<Request, Answer>,
    request: Request,
    pool: ConnectionPool = this.#control,
  ): Promise<Answer> {
    const broker = this.#brokers.get(node)
    if (!broker) throw new KafkaFailure(kafkaErrors.leaderNotAvailable, `broker ${node} is not there`)
    try {
      return await send(await pool.get(broker), api, request)
    } catch (error) {
      throw failureOf(error)
    }
  }

  /** Who keeps a group. */
  async coordinator(group: string): Promise<number> {
    const known = this.#coordinators.get(group)
    if (known !== undefined && this.#brokers.has(known)) return known
    const { coordinators } = await this.ask(this.driver.findCoordinatorV6.api, 0, [group])
    const found = coordinators.find(({ key }) => key === group)
    if (found?.errorCode !== 0) {
      throw new KafkaFailure(found?.errorCode ?? kafkaErrors.coordinatorNotAvailable, `the group ${group}`)
    }
    this.#brokers.set(found.nodeId, { host: found.host, port: found.port })
    this.#coordinators.set(group, found.nodeId)
    return found.nodeId
  }

  forgetCoordinator(group: string): void {
    this.#coordinators.delete(group)
  }

  /** A request to who keeps the group; asked anew who that is when it was the wrong one. */
  async requestCoordinator<Request extends unknown[], Answer>(
    group: string,
    api: API<Request, Answer>,
    request: Request,
    pool?: ConnectionPool,
  ): Promise<Answer> {
    try {
      return await this.request(await this.coordinator(group), api, request, pool)
    } catch (error) {
      this.forgetCoordinator(group)
      throw error
    }
  }

  /** Which partitions each broker leads. */
  async byLeader(topic: string, partitions: readonly Partition[]): Promise<Map<number, Partition[]>> {
    const { leaders } = await this.view(topic)
    return Map.groupBy(partitions, (partition) => leaders[partition] ?? -1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pool of [...this.#pools]) await this.closePool(pool)
  }
}

const nameOf = ({ host, port }: Broker): string => `${host}:${port}`

function brokerOf(text: string): Broker {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

/** The driver throws when any part of an answer holds an error; the answer itself says which. */
export function send<Request extends unknown[], Answer>(
  connection: Connection,
  api: API<Request, Answer>,
  request: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answered = (error: (Error & { response?: Answer }) | null, answer?: Answer) => {
      const read = error ? error.response : answer
      if (read === undefined || read === null) reject(error)
      else resolve(read)
    }
    ;(api as unknown as (connection: Connection, ...args: unknown[]) => void)(connection, ...request, answered)
  })
}

function failureOf(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  return new KafkaFailure(codeOf(error), 'the request', { cause: error })
}
