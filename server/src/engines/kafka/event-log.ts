import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition, UserId } from '../../model/ids.ts'
import { decodeLogValue, encodeLogValues } from '../../model/log-codec.ts'
import { type LogValue, userOf } from '../../model/log-record.ts'
import { partitionOf } from '../../model/partition-of.ts'
import { toSeq } from '../../model/position.ts'
import type { AppendOutcome, EventLog, LogBounds, LogConsumer, LogInfo, LogPage } from '../../ports/event-log.ts'
import { LogAppender } from './log-appender.ts'
import { BoundsReader } from './log-bounds.ts'
import { KafkaLogConsumer } from './log-consumer.ts'
import { groupOf } from './log-epoch.ts'
import type { Kafka } from './open.ts'

export interface KafkaLogSettings {
  /** An append that is not answered by then is unknown, or refused when nothing was sent. */
  readonly appendDeadlineMs?: number
  /** Appends that wait or are under way: what is more is refused as overloaded. */
  readonly maxHeldBytes?: number
  readonly maxHeldRecords?: number
  /** A worker that is silent, or does not let go of a partition, for longer is passed over. */
  readonly patienceMs?: number
  readonly heartbeatMs?: number
  /** What a worker commits goes to the brokers at most so often; it is no more than a place to begin again. */
  readonly commitMs?: number
  /** Records that are fetched and not yet asked for, of one worker. */
  readonly bufferBytes?: number
  readonly bufferRecords?: number
}

/** Bytes that a record is taken to have when a page of records is asked for. */
const recordBytes = 512
const pageBytes = 4 << 20
const nothing = new Uint8Array()

/** The log in a Kafka topic. */
export class KafkaEventLog implements EventLog {
  readonly info: LogInfo
  readonly #kafka: Kafka
  readonly #seams: Seams
  readonly #settings: KafkaLogSettings
  readonly #appender: LogAppender
  readonly #bounds: BoundsReader
  readonly #consumers = new Set<LogConsumer>()
  #closed = false

  constructor(kafka: Kafka, seams: Seams, settings: KafkaLogSettings = {}) {
    const { client, topic, topicId, partitions, epoch } = kafka
    this.#kafka = kafka
    this.#seams = seams
    this.#settings = settings
    this.info = { epoch, epochName: `${topicId.replaceAll('-', '').slice(0, 12)}-${epoch}`, partitions }
    const { appendDeadlineMs = 5_000, maxHeldBytes = 64 << 20, maxHeldRecords = 200_000 } = settings
    const bounds = { deadlineMs: appendDeadlineMs, maxHeldBytes, maxHeldRecords }
    this.#appender = new LogAppender(client, topic, epoch, bounds, seams)
    this.#bounds = new BoundsReader(client, topic, groupOf(topic, epoch), partitions, seams)
  }

  partitionOf(user: UserId): Partition {
    return partitionOf(user, this.info.partitions)
  }

  async append(values: readonly LogValue[]): Promise<readonly AppendOutcome[]> {
    if (values.length === 0) return []
    // All before any is sent: a value that cannot be encoded is an error of the caller.
    const encoded = encodeLogValues(values)
    const records = values.map((value, i) => ({ key: userOf(value), value: encoded[i] as Uint8Array }))
    return await this.#appender.append(
      records,
      records.map(({ key }) => this.partitionOf(key)),
    )
  }

  async read(partition: Partition, from: Offset, limit: number): Promise<LogPage> {
    if (limit <= 0) return { records: [], next: from }
    const { client, topic } = this.#kafka
    const bytes = Math.min(Math.max(limit * recordBytes, recordBytes * 16), pageBytes)
    let fetched = await asked(client.read(topic, partition, from, bytes))
    if (fetched.start !== undefined) fetched = await asked(client.read(topic, partition, fetched.next, bytes))
    const taken = fetched.records.length > limit ? fetched.records.slice(0, limit) : fetched.records
    const records = taken.map(({ offset, appendedAt, key, value }) => ({
      partition,
      offset,
      seq: toSeq(this.info.epoch, offset),
      appendedAt,
      value: decodeLogValue(value ?? nothing, key),
    }))
    const last = records.at(-1)
    return { records, next: taken !== fetched.records && last ? last.offset + 1 : fetched.next }
  }

  bounds(partition: Partition): Promise<LogBounds> {
    return asked(this.#bounds.of(partition))
  }

  allBounds(): Promise<ReadonlyMap<Partition, LogBounds>> {
    return asked(this.#bounds.all())
  }

  /** How many records of each partition are not in the views; a second old at most. */
  async lags(): Promise<ReadonlyMap<Partition, number>> {
    const all = await this.allBounds()
    return new Map(
      [...all].map(([partition, { start, end, committed }]) => [partition, end - Math.max(start, committed)]),
    )
  }

  async join(): Promise<LogConsumer> {
    if (this.#closed) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
    const { patienceMs = 30_000, heartbeatMs = 500, commitMs = 200 } = this.#settings
    const { bufferBytes = 32 << 20, bufferRecords = 50_000 } = this.#settings
    const settings = { patienceMs, heartbeatMs, commitMs, bufferBytes, bufferRecords }
    const consumer = new KafkaLogConsumer(this.#kafka, settings, this.#seams, () => this.#consumers.delete(consumer))
    this.#consumers.add(consumer)
    return consumer
  }

  /** Kafka drops by itself what is older than the topic's retention; this drops what is committed before. */
  async trim(time: number): Promise<void> {
    const { client, topic, epoch } = this.#kafka
    const all = Array.from({ length: this.info.partitions }, (_, i) => i)
    const committed = await asked(client.committed(groupOf(topic, epoch), topic, all))
    const since = await asked(client.offsets(topic, time, [...committed.keys()]))
    const starts = await asked(client.offsets(topic, 'start', [...committed.keys()]))
    const below = new Map<Partition, Offset>()
    for (const [partition, offset] of committed) {
      const to = Math.min(offset, since.get(partition) ?? offset)
      if (to > (starts.get(partition) ?? 0)) below.set(partition, to)
    }
    if (below.size > 0) await asked(client.deleteRecords(topic, below))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#consumers].map((consumer) => consumer[Symbol.asyncDispose]()))
    await this.#appender[Symbol.asyncDispose]()
  }
}

async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    if (HeadwaterError.is(error) || error instanceof RangeError) throw error
    throw new HeadwaterError('store_unavailable', { retryAfterS: 1, cause: error })
  }
}
