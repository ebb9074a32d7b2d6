import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import { toSeq } from '../../model/position.ts'
import type { AppendOutcome } from '../../ports/event-log.ts'
import type { Batch, BatchSource, KafkaClient, KafkaProducer, NewRecord } from './client.ts'

export interface AppendSettings {
  /** An append that is not answered by then ends: as unknown, or as refused when nothing was sent. */
  readonly deadlineMs: number
  readonly maxHeldBytes: number
  readonly maxHeldRecords: number
}

const batchBytes = 512 << 10
const batchRecords = 5_000
const sweepMs = 100
/** For how long a leader may be away before appends to it are refused at once. */
const awayMs = 2_000

interface Entry extends NewRecord {
  readonly call: Call
  readonly index: number
}

interface Line {
  readonly waiting: Entry[]
  /** Entries of `waiting` before it are taken. */
  first: number
}

interface EntryBatch extends Batch {
  readonly records: readonly Entry[]
}

/** One append and what became of its values. */
class Call {
  readonly outcomes: (AppendOutcome | undefined)[]
  readonly expiresAt: number
  readonly promise: Promise<readonly AppendOutcome[]>
  open: number
  /** Sent, and nothing heard of them yet. */
  underWay = 0
  ended = false
  /** Why values were refused. */
  refused: unknown
  readonly #resolve: (outcomes: readonly AppendOutcome[]) => void
  readonly #reject: (error: Error) => void

  constructor(count: number, expiresAt: number) {
    const { promise, resolve, reject } = Promise.withResolvers<readonly AppendOutcome[]>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    this.outcomes = new Array(count).fill(undefined)
    this.open = count
    this.expiresAt = expiresAt
  }

  settle(index: number, outcome: AppendOutcome | undefined): void {
    this.underWay--
    if (this.ended) return
    this.outcomes[index] = outcome
    if (--this.open === 0) this.end()
  }

  /** What is still open may have been stored if it was sent. */
  end(): void {
    if (this.ended) return
    this.ended = true
    const nothing = this.underWay === 0 && this.outcomes.every((outcome) => outcome === undefined)
    if (nothing) this.#reject(unavailable(this.refused))
    else this.#resolve(this.outcomes.map((outcome) => outcome ?? { stored: 'unknown' }))
  }
}

/**
 * Appends of many callers as batches of partitions: what comes while a batch of its partition is under way goes with the
 * next one, and one that comes alone goes at once.
 */
export class LogAppender implements BatchSource, AsyncDisposable {
  readonly #producer: KafkaProducer
  readonly #epoch: number
  readonly #settings: AppendSettings
  readonly #seams: Seams
  readonly #lines = new Map<Partition, Line>()
  readonly #calls = new Set<Call>()
  #heldBytes = 0
  #heldRecords = 0
  #sweep: Disposable | undefined
  #closed = false

  constructor(client: KafkaClient, topic: string, epoch: number, settings: AppendSettings, seams: Seams) {
    this.#epoch = epoch
    this.#settings = settings
    this.#seams = seams
    this.#producer = client.producer(topic, this)
  }

  /** Records in the order in which they are to be stored, each with its partition. */
  async append(records: readonly NewRecord[], partitions: readonly Partition[]): Promise<readonly AppendOutcome[]> {
    if (this.#closed) throw unavailable()
    const now = this.#seams.clock.monotonic()
    const bytes = records.reduce((sum, record) => sum + heldBytesOf(record), 0)
    this.#admit(records.length, bytes, new Set(partitions), now)
    const call = new Call(records.length, now + this.#settings.deadlineMs)
    this.#calls.add(call)
    this.#heldBytes += bytes
    this.#heldRecords += records.length
    for (let index = 0; index < records.length; index++) {
      const { key, value } = records[index] as NewRecord
      this.#line(partitions[index] as Partition).waiting.push({ key, value, call, index })
    }
    for (const partition of new Set(partitions)) this.#producer.offer(partition)
    this.#sweep ??= this.#seams.scheduler.after(sweepMs, () => this.#expire())
    try {
      return await call.promise
    } finally {
      this.#calls.delete(call)
    }
  }

  #admit(count: number, bytes: number, partitions: ReadonlySet<Partition>, now: number): void {
    const { maxHeldBytes, maxHeldRecords } = this.#settings
    const full = this.#heldBytes + bytes > maxHeldBytes || this.#heldRecords + count > maxHeldRecords
    // One alone is never too large, or it could never be stored.
    if (full && this.#heldRecords > 0) {
      throw new HeadwaterError('overloaded', { retryAfterS: 1, detail: 'Too many events wait to be stored' })
    }
    for (const partition of partitions) {
      const since = this.#producer.unreachableSince(partition)
      if (since !== undefined && now - since > awayMs) throw unavailable()
    }
  }

  take(partition: Partition): EntryBatch | undefined {
    const line = this.#line(partition)
    const records: Entry[] = []
    let bytes = 0
    while (line.first < line.waiting.length && records.length < batchRecords) {
      const entry = line.waiting[line.first] as Entry
      const size = heldBytesOf(entry)
      if (records.length > 0 && bytes + size > batchBytes) break
      line.first++
      if (entry.call.ended) {
        this.#letGo(entry)
        continue
      }
      entry.call.underWay++
      records.push(entry)
      bytes += size
    }
    tidy(line)
    if (records.length === 0) return undefined
    if (line.waiting.length > 0) this.#producer.offer(partition)
    return { partition, records }
  }

  stored(batch: EntryBatch, { offset, appendedAt }: { offset: Offset; appendedAt: number }): void {
    for (let i = 0; i < batch.records.length; i++) {
      const entry = batch.records[i] as Entry
      this.#letGo(entry)
      entry.call.settle(entry.index, { stored: true, seq: toSeq(this.#epoch, offset + i), appendedAt })
    }
  }

  unknown(batch: EntryBatch): void {
    for (const entry of batch.records) {
      this.#letGo(entry)
      entry.call.settle(entry.index, { stored: 'unknown' })
    }
  }

  refused(batch: EntryBatch, error: Error): void {
    for (const entry of batch.records) {
      this.#letGo(entry)
      entry.call.refused ??= error
      entry.call.settle(entry.index, undefined)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#sweep?.[Symbol.dispose]()
    // What is under way has its deadline's time to be answered; what waits is refused.
    for (const call of this.#calls) if (call.underWay === 0) call.end()
    const patience = new AbortController()
    await Promise.race([
      Promise.allSettled([...this.#calls].map((call) => call.promise)),
      this.#seams.scheduler.sleep(this.#settings.deadlineMs, patience.signal),
    ])
    patience.abort()
    await this.#producer[Symbol.asyncDispose]()
    for (const call of this.#calls) call.end()
  }

  #line(partition: Partition): Line {
    let line = this.#lines.get(partition)
    if (!line) {
      line = { waiting: [], first: 0 }
      this.#lines.set(partition, line)
    }
    return line
  }

  #letGo(entry: Entry): void {
    this.#heldBytes -= heldBytesOf(entry)
    this.#heldRecords--
  }

  #expire(): void {
    this.#sweep = undefined
    const now = this.#seams.clock.monotonic()
    // They stand in the order in which they expire.
    for (const call of this.#calls) {
      if (call.expiresAt > now) break
      call.end()
      this.#calls.delete(call)
    }
    this.#dropEnded()
    if (this.#calls.size > 0 && !this.#closed) {
      this.#sweep = this.#seams.scheduler.after(sweepMs, () => this.#expire())
    }
  }

  /** What waits behind a batch that cannot be stored is not kept longer than who asked for it waits. */
  #dropEnded(): void {
    for (const line of this.#lines.values()) {
      while (line.first < line.waiting.length && (line.waiting[line.first] as Entry).call.ended) {
        this.#letGo(line.waiting[line.first++] as Entry)
      }
      tidy(line)
    }
  }
}

function tidy(line: Line): void {
  if (line.first === line.waiting.length || line.first > batchRecords) {
    line.waiting.splice(0, line.first)
    line.first = 0
  }
}

const heldBytesOf = ({ key, value }: NewRecord): number => key.length + value.length + 64

const unavailable = (cause?: unknown): HeadwaterError =>
  new HeadwaterError('ingest_unavailable', { retryAfterS: 1, cause })
