import type { Connection, ConnectionPool } from '@platformatic/kafka'
import { within } from '../../lib/within.ts'
import type { Partition } from '../../model/ids.ts'
import type { Batch, BatchSource, KafkaProducer } from './client.ts'
import { type Cluster, send, type TopicView } from './cluster.ts'
import { KafkaFailure, kafkaErrors } from './failure.ts'
import { type ProduceApi, type ProducedPartition, produceApi } from './produce-api.ts'
import { type BatchStamp, encodeBatch } from './record-batch.ts'

/** Requests to one broker that are under way at a time: the next one is on its way while the last is written. */
const underWay = 2
const requestBytes = 4 << 20
const retryMs = 75
const retryMaxMs = 1_000
/** Many partitions find at the same time that they moved. */
const viewMs = 100

interface Lane {
  readonly partition: Partition
  /** Written once at least, and not known to be stored or not. */
  sent: Sent | undefined
  /** Certainly not stored under the producer id that it was sent with; goes out again under another one. */
  redo: Batch | undefined
  /** The source has something for it. */
  offered: boolean
  /** Its request is under way, or it waits before the next try. */
  busy: boolean
  producer: ProducerId | undefined
  sequence: number
}

interface Sent {
  readonly batch: Batch
  readonly bytes: Buffer
  readonly stamp: BatchStamp
  tries: number
}

interface Leader {
  readonly node: number
  /** Of its own: one that failed to connect is replaced, since it may hold on to what it has and never answer again. */
  pool: ConnectionPool
  readonly ready: Set<Lane>
  connection: Connection | undefined
  connecting: boolean
  requests: number
  downSince: number | undefined
}

interface ProducerId {
  readonly id: bigint
  readonly epoch: number
}

/**
 * The idempotent producer. A batch keeps its producer id and sequence through all its tries, so that the broker stores it
 * once; the next one of its partition waits for it. The driver's own producer tries a whole request again at the leader
 * of its first message, and forgets its sequences when it fails: here each partition has its own outcome.
 */
export class Producer implements KafkaProducer {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #was: TopicView
  readonly #source: BatchSource
  readonly #api: ProduceApi
  readonly #lanes = new Map<Partition, Lane>()
  readonly #leaders = new Map<number, Leader>()
  readonly #homeless = new Set<Lane>()
  #producer: ProducerId | undefined
  #enlisting = false
  #looking = false
  #lostSince: number | undefined
  #closed = false

  constructor(cluster: Cluster, topic: string, was: TopicView, source: BatchSource) {
    this.#cluster = cluster
    this.#topic = topic
    this.#was = was
    this.#source = source
    this.#api = produceApi(cluster.driver)
  }

  offer(partition: Partition): void {
    const lane = this.#lane(partition)
    if (lane.offered || this.#closed) return
    lane.offered = true
    if (!lane.busy) this.#place(lane)
  }

  unreachableSince(partition: Partition): number | undefined {
    const node = this.#leaderOf(partition)
    if (node === undefined) return this.#lostSince
    const leader = this.#leaders.get(node)
    // Who is told so sends nothing, and what was on its way has moved to other leaders: nobody would find out that this one
    // is back, or that the partition has another.
    if (leader?.downSince !== undefined && leader.ready.size === 0 && leader.requests === 0) void this.#connect(leader)
    return leader?.downSince
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#leaders.values()].map(({ pool }) => this.#cluster.closePool(pool)))
    for (const { sent, redo } of this.#lanes.values()) {
      const batch = sent?.batch ?? redo
      if (batch) this.#source.unknown(batch)
    }
    this.#lanes.clear()
    this.#leaders.clear()
  }

  #lane(partition: Partition): Lane {
    let lane = this.#lanes.get(partition)
    if (!lane) {
      lane = {
        partition,
        sent: undefined,
        redo: undefined,
        offered: false,
        busy: false,
        producer: undefined,
        sequence: 0,
      }
      this.#lanes.set(partition, lane)
    }
    return lane
  }

  #leaderOf(partition: Partition): number | undefined {
    if (this.#cluster.isOther(this.#topic, this.#was)) return undefined
    const node = this.#cluster.known(this.#topic)?.leaders[partition]
    return node === undefined || node < 0 ? undefined : node
  }

  #place(lane: Lane): void {
    const node = this.#leaderOf(lane.partition)
    if (node === undefined) {
      this.#homeless.add(lane)
      void this.#look()
      return
    }
    const leader = this.#leader(node)
    leader.ready.add(lane)
    // In a microtask: what is offered in one go leaves in one request.
    if (leader.ready.size === 1) queueMicrotask(() => this.#pump(leader))
  }

  #leader(node: number): Leader {
    let leader = this.#leaders.get(node)
    if (!leader) {
      leader = {
        node,
        pool: this.#cluster.newPool(),
        ready: new Set(),
        connection: undefined,
        connecting: false,
        requests: 0,
        downSince: undefined,
      }
      this.#leaders.set(node, leader)
    }
    return leader
  }

  #pump(leader: Leader): void {
    while (!this.#closed && leader.ready.size > 0 && leader.requests < underWay) {
      if (!leader.connection?.isConnected()) {
        void this.#connect(leader)
        return
      }
      const producer = this.#producer
      if (!producer) {
        void this.#enlist()
        return
      }
      const lanes = this.#fill(leader, producer)
      if (lanes.length > 0) void this.#send(leader, leader.connection, lanes)
    }
  }

  /** Asks for a producer id; one for all partitions. */
  async #enlist(): Promise<void> {
    if (this.#enlisting) return
    this.#enlisting = true
    while (!this.#closed && !this.#producer) {
      try {
        this.#producer = await this.#askProducer()
      } catch {
        await this.#cluster.seams.scheduler.sleep(retryMs)
      }
    }
    this.#enlisting = false
    for (const leader of this.#leaders.values()) this.#pump(leader)
  }

  async #askProducer(): Promise<ProducerId> {
    const answer = await this.#cluster.ask(this.#cluster.driver.initProducerIdV5.api, null, 0, -1n, -1)
    if (answer.errorCode !== 0) throw new KafkaFailure(answer.errorCode, 'a producer id')
    return { id: answer.producerId, epoch: answer.producerEpoch }
  }

  async #connect(leader: Leader): Promise<void> {
    if (leader.connecting) return
    leader.connecting = true
    const { settings, seams } = this.#cluster
    try {
      const broker = this.#cluster.broker(leader.node)
      if (!broker) throw new KafkaFailure(kafkaErrors.leaderNotAvailable, `broker ${leader.node}`)
      leader.connection = await within(leader.pool.get(broker), settings.connectTimeoutMs * 2, seams.scheduler)
      if (!leader.connection) throw new KafkaFailure(kafkaErrors.network, `broker ${leader.node}`)
      // The kernel of a broker that stands still takes connections: back is who answers.
      if (leader.downSince !== undefined) await this.#probe(leader.connection)
      leader.downSince = undefined
    } catch {
      leader.connection = undefined
      leader.downSince ??= this.#now()
      void this.#cluster.closePool(leader.pool)
      if (this.#closed) return
      leader.pool = this.#cluster.newPool()
      await this.#cluster.seams.scheduler.sleep(retryMs * (0.7 + 0.6 * this.#cluster.seams.random.next()))
      await this.#cluster.refresh(this.#topic, viewMs).catch(() => {})
    } finally {
      leader.connecting = false
    }
    if (this.#closed) return
    if (!leader.connection) this.#moveAll(leader)
    this.#pump(leader)
  }

  async #probe(connection: Connection): Promise<void> {
    await send(connection, this.#cluster.driver.metadataV12.api, [[this.#topic], false, false])
  }

  /** Puts the waiting partitions where their leader is now. */
  #moveAll(leader: Leader): void {
    for (const lane of [...leader.ready]) {
      if (this.#leaderOf(lane.partition) === leader.node) continue
      leader.ready.delete(lane)
      this.#place(lane)
    }
  }

  /** Takes what is ready, as much as fits in one request. */
  #fill(leader: Leader, producer: ProducerId): (Lane & { sent: Sent })[] {
    const lanes: (Lane & { sent: Sent })[] = []
    let size = 0
    for (const lane of leader.ready) {
      if (size >= requestBytes) break
      leader.ready.delete(lane)
      // It was placed twice, once by who looked for its leader: its batch is on its way.
      if (lane.busy) continue
      if (this.#leaderOf(lane.partition) !== leader.node) {
        this.#place(lane)
        continue
      }
      lane.sent ??= this.#take(lane, producer)
      if (!lane.sent) continue
      lane.busy = true
      size += lane.sent.bytes.length
      lanes.push(lane as Lane & { sent: Sent })
    }
    return lanes
  }

  #take(lane: Lane, producer: ProducerId): Sent | undefined {
    if (!lane.redo) lane.offered = false
    const batch = lane.redo ?? this.#source.take(lane.partition)
    lane.redo = undefined
    if (!batch) return undefined
    if (lane.producer !== producer) {
      lane.producer = producer
      lane.sequence = 0
    }
    const stamp = { producerId: producer.id, producerEpoch: producer.epoch, sequence: lane.sequence }
    const { clock } = this.#cluster.seams
    return {
      batch,
      bytes: encodeBatch(batch.records, stamp, clock.now(), this.#cluster.driver.crc32c),
      stamp,
      tries: 0,
    }
  }

  async #send(leader: Leader, connection: Connection, lanes: readonly (Lane & { sent: Sent })[]): Promise<void> {
    leader.requests++
    const batches = lanes.map(({ partition, sent }) => ({ partition, bytes: sent.bytes }))
    let answers: ReadonlyMap<Partition, ProducedPartition> | undefined
    try {
      const timeout = Math.floor(this.#cluster.settings.requestTimeoutMs * 0.8)
      answers = await send(connection, this.#api, [this.#topic, timeout, batches])
      leader.downSince = undefined
    } catch {
      leader.downSince ??= this.#now()
    }
    leader.requests--
    if (this.#closed) return
    for (const lane of lanes) this.#settle(lane, answers?.get(lane.partition))
    this.#pump(leader)
  }

  #settle(lane: Lane & { sent: Sent | undefined }, answer: ProducedPartition | undefined): void {
    const sent = lane.sent as Sent
    const { batch } = sent
    const code = answer?.code ?? kafkaErrors.network
    if (answer && code === 0 && answer.offset >= 0) {
      this.#free(lane, sent, true)
      this.#source.stored(batch, { offset: answer.offset, appendedAt: answer.appendedAt })
    } else if (code === 0 || code === kafkaErrors.duplicateSequence) {
      this.#free(lane, sent, true)
      this.#source.unknown(batch)
    } else if (refusals.has(code)) {
      // Of an earlier try nobody knows whether it is stored, nor which sequence comes next.
      const isUnknown = sent.tries > 0
      if (isUnknown) this.#leaveProducer(lane, sent)
      this.#free(lane, sent, false)
      if (isUnknown) this.#source.unknown(batch)
      else this.#source.refused(batch, new KafkaFailure(code, `a batch of partition ${lane.partition}`))
    } else {
      if (forgotten.has(code)) this.#restamp(lane, sent)
      void this.#again(lane, code)
    }
  }

  #free(lane: Lane, sent: Sent, stored: boolean): void {
    lane.sent = undefined
    lane.busy = false
    if (stored) lane.sequence = nextSequence(sent)
    if (lane.offered) this.#place(lane)
  }

  /**
   * The broker has not what this producer wrote before: records were lost with their replicas, or it was away for days. The
   * batch is not there either, and goes out again under a new producer id. Other partitions follow with their next batch.
   */
  #restamp(lane: Lane, sent: Sent): void {
    this.#leaveProducer(lane, sent)
    lane.sent = undefined
    lane.redo = sent.batch
  }

  #leaveProducer(lane: Lane, { stamp }: Sent): void {
    if (this.#producer?.id === stamp.producerId) this.#producer = undefined
    lane.producer = undefined
  }

  async #again(lane: Lane, code: number): Promise<void> {
    const tries = lane.sent ? ++lane.sent.tries : 1
    const { scheduler, random } = this.#cluster.seams
    await scheduler.sleep(Math.min(retryMs * 2 ** Math.min(tries - 1, 4), retryMaxMs) * (0.7 + 0.6 * random.next()))
    if (code !== kafkaErrors.requestTimedOut) await this.#cluster.refresh(this.#topic, viewMs).catch(() => {})
    if (this.#closed) return
    lane.busy = false
    this.#place(lane)
  }

  /** Asks for leaders until everyone has one. */
  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    this.#lostSince ??= this.#now()
    while (!this.#closed && this.#homeless.size > 0) {
      const waiting = [...this.#homeless]
      this.#homeless.clear()
      await this.#cluster.refresh(this.#topic, viewMs).catch(() => {})
      for (const lane of waiting) {
        if (this.#leaderOf(lane.partition) === undefined) this.#homeless.add(lane)
        else this.#place(lane)
      }
      if (this.#homeless.size > 0) await this.#cluster.seams.scheduler.sleep(retryMs)
    }
    this.#lostSince = undefined
    this.#looking = false
  }

  #now(): number {
    return this.#cluster.seams.clock.monotonic()
  }
}

const nextSequence = ({ stamp, batch }: Sent): number => (stamp.sequence + batch.records.length) % 2 ** 31

/** Nothing was stored, and trying again would change nothing. */
const refusals: ReadonlySet<number> = new Set([
  kafkaErrors.messageTooLarge,
  kafkaErrors.recordListTooLarge,
  kafkaErrors.invalidRecord,
  kafkaErrors.invalidTimestamp,
  kafkaErrors.policyViolation,
  kafkaErrors.topicAuthorization,
  kafkaErrors.clusterAuthorization,
])

const forgotten: ReadonlySet<number> = new Set([
  kafkaErrors.outOfOrderSequence,
  kafkaErrors.unknownProducer,
  kafkaErrors.invalidProducerEpoch,
])
