import type { ConnectionPool } from '@platformatic/kafka'
import type { Offset, Partition } from '../../model/ids.ts'
import type { FetchSink, KafkaFetcher } from './client.ts'
import type { Cluster, TopicView } from './cluster.ts'
import { kafkaErrors } from './failure.ts'
import { type FetchAnswer, type FetchApi, type FetchedPartition, fetchApi } from './fetch-api.ts'
import { type Decompress, decodeBatches } from './record-batch.ts'

/** A partition that is gained while a fetch waits is asked for with the next one. */
const maxWaitMs = 200
const answerBytes = 4 << 20
const partitionBytes = 512 << 10
const retryMs = 75

interface Reading {
  readonly partition: Partition
  next: Offset
}

/** What the broker remembers of the last fetch, so that only what changed is sent. */
interface Session {
  id: number
  epoch: number
  readonly sent: Map<Partition, Offset>
}

/**
 * Reads the given partitions on and on. A request per broker asks for all that it leads; with the broker's fetch sessions
 * it names only those whose position changed, so that 512 quiet partitions cost next to nothing.
 */
export class Fetcher implements KafkaFetcher {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #was: TopicView
  readonly #sink: FetchSink
  readonly #pool: ConnectionPool
  readonly #api: FetchApi
  readonly #decompress: Decompress
  readonly #starts: (partitions: readonly Partition[]) => Promise<ReadonlyMap<Partition, Offset>>
  readonly #readings = new Map<Partition, Reading>()
  readonly #running = new Set<number>()
  readonly #resumed = new Set<() => void>()
  #closed = false

  /** `starts` tells the oldest offsets that are kept. */
  constructor(
    cluster: Cluster,
    topic: string,
    was: TopicView,
    sink: FetchSink,
    starts: (partitions: readonly Partition[]) => Promise<ReadonlyMap<Partition, Offset>>,
  ) {
    this.#cluster = cluster
    this.#starts = starts
    this.#topic = topic
    this.#was = was
    this.#sink = sink
    this.#pool = cluster.newPool()
    this.#api = fetchApi(cluster.driver)
    this.#decompress = decompressor(cluster.driver)
  }

  start(positions: ReadonlyMap<Partition, Offset>): void {
    for (const [partition, next] of positions) this.#readings.set(partition, { partition, next })
    this.#run()
  }

  stop(partitions: readonly Partition[]): void {
    for (const partition of partitions) this.#readings.delete(partition)
  }

  resume(): void {
    for (const wake of this.#resumed) wake()
    this.#resumed.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#readings.clear()
    this.resume()
    await this.#cluster.closePool(this.#pool)
  }

  /** A loop for each broker that leads something. */
  #run(): void {
    for (const node of this.#leaders().keys()) {
      if (this.#running.has(node) || this.#closed) continue
      this.#running.add(node)
      void this.#loop(node).finally(() => {
        this.#running.delete(node)
        if (this.#leaders().has(node)) this.#run()
      })
    }
  }

  #leaders(): Map<number, Reading[]> {
    const other = this.#cluster.isOther(this.#topic, this.#was)
    const leaders = other ? [] : (this.#cluster.known(this.#topic)?.leaders ?? [])
    return Map.groupBy(this.#readings.values(), ({ partition }) => leaders[partition] ?? -1)
  }

  async #loop(node: number): Promise<void> {
    let session: Session = newSession()
    for (;;) {
      const readings = this.#leaders().get(node)
      if (this.#closed || !readings) return
      const room = this.#sink.room()
      if (room <= 0) {
        await new Promise<void>((resolve) => this.#resumed.add(resolve))
        continue
      }
      // One answer may go past the room by what one request brings.
      const answer = node < 0 ? undefined : await this.#ask(node, session, readings, Math.min(room, answerBytes))
      if (answer?.code !== 0) {
        session = newSession()
        if (!answer || !sessionFaults.has(answer.code)) await this.#lookAgain()
        continue
      }
      session.id = answer.sessionId
      session.epoch = answer.sessionId === 0 ? 0 : (session.epoch % 0x7fffffff) + 1
      if (answer.sessionId === 0) session.sent.clear()
      const faults = this.#take(answer, new Map(readings.map((reading) => [reading.partition, reading])))
      if (faults.outside.length > 0) await this.#moveIn(faults.outside)
      if (faults.elsewhere) await this.#lookAgain()
    }
  }

  async #lookAgain(): Promise<void> {
    await this.#cluster.seams.scheduler.sleep(retryMs)
    await this.#cluster.refresh(this.#topic).catch(() => {})
    if (this.#cluster.isOther(this.#topic, this.#was)) this.#sink.lost()
    this.#run()
  }

  async #ask(
    node: number,
    session: Session,
    readings: readonly Reading[],
    maxBytes: number,
  ): Promise<FetchAnswer | undefined> {
    const wanted = new Set(readings.map(({ partition }) => partition))
    const changed = readings.filter(({ partition, next }) => session.sent.get(partition) !== next)
    const forgotten = [...session.sent.keys()].filter((partition) => !wanted.has(partition))
    const asked = {
      topicId: this.#was.id,
      maxWaitMs,
      maxBytes,
      partitionMaxBytes: Math.min(partitionBytes, maxBytes),
      sessionId: session.id,
      sessionEpoch: session.epoch,
      partitions: changed.map(({ partition, next }) => [partition, next] as const),
      forgotten,
    }
    for (const partition of forgotten) session.sent.delete(partition)
    for (const { partition, next } of changed) session.sent.set(partition, next)
    try {
      return await this.#cluster.request(node, this.#api, [asked], this.#pool)
    } catch {
      return undefined
    }
  }

  #take({ partitions }: FetchAnswer, asked: ReadonlyMap<Partition, Reading>) {
    const outside: Reading[] = []
    let elsewhere = false
    for (const fetched of partitions) {
      const reading = asked.get(fetched.partition)
      // Given up while it was asked for, and perhaps begun again elsewhere.
      if (!reading || this.#readings.get(fetched.partition) !== reading) continue
      if (fetched.code === 0) this.#deliver(reading, fetched)
      else if (fetched.code === kafkaErrors.offsetOutOfRange) outside.push(reading)
      else elsewhere = true
    }
    return { outside, elsewhere }
  }

  /** What was to be read next was dropped meanwhile; or the log ends before it, and then records are lost. */
  async #moveIn(readings: readonly Reading[]): Promise<void> {
    const starts = await this.#starts(readings.map(({ partition }) => partition)).catch(() => undefined)
    for (const reading of readings) {
      const start = starts?.get(reading.partition)
      if (start === undefined) continue
      if (start > reading.next) {
        this.#sink.dropped(start - reading.next)
        reading.next = start
      } else this.#sink.lost()
    }
    await this.#cluster.seams.scheduler.sleep(retryMs)
  }

  #deliver(reading: Reading, { bytes }: FetchedPartition): void {
    if (bytes.length === 0) return
    const { records, next } = decodeBatches(bytes, reading.next, this.#decompress)
    reading.next = next
    if (records.length > 0) this.#sink.take(reading.partition, records)
  }
}

const sessionFaults: ReadonlySet<number> = new Set([
  kafkaErrors.fetchSessionNotFound,
  kafkaErrors.invalidFetchSessionEpoch,
  kafkaErrors.fetchSessionTopicId,
])

const newSession = (): Session => ({ id: 0, epoch: 0, sent: new Map() })

export function decompressor({ compressionsAlgorithmsByBitmask }: Cluster['driver']): Decompress {
  return (compression, bytes) => {
    const algorithm = compressionsAlgorithmsByBitmask[compression]
    if (!algorithm) throw new Error(`records are compressed in a way that is not known (${compression})`)
    return algorithm.decompressSync(bytes)
  }
}
