import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition, UserId } from '../../model/ids.ts'
import { encodeLogValues } from '../../model/log-codec.ts'
import { canBeRefused, type LogRecord, type LogValue, userOf } from '../../model/log-record.ts'
import { partitionOf } from '../../model/partition-of.ts'
import { toSeq } from '../../model/position.ts'
import type { AppendOutcome, EventLog, LogBounds, LogConsumer, LogInfo, LogPage } from '../../ports/event-log.ts'
import type { SqliteDatabase } from './database.ts'
import { SqliteLogConsumer } from './log-consumer.ts'
import { loadLog } from './log-info.ts'
import { LogState } from './log-state.ts'
import { insertRecords } from './log-table.ts'
import { trimPartition } from './log-trim.ts'
import { dropParked } from './parked-records.ts'

export interface SqliteLogSettings {
  /** Fixed with the first start; left out: what the database has, or 4. */
  readonly partitions?: number
  /** Appends are refused while more records than this are not committed, save for those of deletions alone. */
  readonly maxLag?: number
  /** A worker that is silent, or does not let go of a partition, for longer is passed over. */
  readonly patienceMs?: number
}

const states = new WeakMap<SqliteDatabase, { readonly state: Promise<LogState>; users: number }>()

/** The log of a database. Opened twice, both have the same records and share the partitions among their workers. */
export async function openSqliteEventLog(
  db: SqliteDatabase,
  seams: Seams,
  { partitions, maxLag = 1_000_000, patienceMs = 10_000 }: SqliteLogSettings = {},
): Promise<SqliteEventLog> {
  const load = async () => new LogState(db, await loadLog(db, partitions, seams), seams, patienceMs)
  const shared = states.get(db) ?? { state: load(), users: 0 }
  shared.users++
  states.set(db, shared)
  const close = async () => {
    const state = await shared.state
    if (--shared.users > 0) return await state.saveCommits()
    states.delete(db)
    await state.close()
  }
  try {
    return new SqliteEventLog(db, await shared.state, seams, maxLag, close)
  } catch (error) {
    states.delete(db)
    throw error
  }
}

/** The log in SQLite: appends of one tick share one fsync, and a worker at its end is handed records from memory. */
export class SqliteEventLog implements EventLog {
  readonly info: LogInfo
  readonly #db: SqliteDatabase
  readonly #state: LogState
  readonly #seams: Seams
  readonly #maxLag: number
  readonly #close: () => Promise<void>
  readonly #consumers = new Set<LogConsumer>()
  #closed = false

  constructor(db: SqliteDatabase, state: LogState, seams: Seams, maxLag: number, close: () => Promise<void>) {
    this.#db = db
    this.#state = state
    this.#seams = seams
    this.#maxLag = maxLag
    this.#close = close
    this.info = state.info
  }

  partitionOf(user: UserId): Partition {
    return partitionOf(user, this.info.partitions)
  }

  async append(values: readonly LogValue[]): Promise<readonly AppendOutcome[]> {
    if (values.length === 0) return []
    if (this.#closed) throw new HeadwaterError('ingest_unavailable', { retryAfterS: 1 })
    if (this.#state.lag > this.#maxLag && values.some(canBeRefused)) {
      throw new HeadwaterError('overloaded', { retryAfterS: 1, detail: 'Too many events wait to be worked off' })
    }
    // Before any offset is given: a value that cannot be encoded leaves no hole.
    const encoded = encodeLogValues(values)
    const records = this.#place(values)
    const byPart = partsOf(records, encoded)
    for (const [partition] of byPart) this.#state.part(partition).leave()
    try {
      await this.#db.write(insertRecords(records, encoded))
    } catch (error) {
      for (const [partition] of byPart) this.#state.part(partition).arrive([], 0)
      return failedAppend(values, error)
    }
    for (const [partition, own] of byPart) this.#state.part(partition).arrive(own.records, own.bytes)
    this.#state.wake()
    return records.map(({ seq, appendedAt }) => ({ stored: true, seq, appendedAt }))
  }

  async read(partition: Partition, from: Offset, limit: number): Promise<LogPage> {
    const { start, end } = this.#state.part(partition)
    const first = Math.max(from, start)
    const records = this.#state.read(partition, first, end, limit)
    const last = records.at(-1)
    if (records.length === limit && last) return { records, next: last.offset + 1 }
    return { records, next: limit > 0 ? Math.max(first, end) : first }
  }

  async bounds(partition: Partition): Promise<LogBounds> {
    const { start, end, committed } = this.#state.part(partition)
    return { start, end, committed }
  }

  async join(): Promise<LogConsumer> {
    if (this.#closed) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
    const consumer = new SqliteLogConsumer(this.#state, this.#seams, () => void this.#consumers.delete(consumer))
    this.#consumers.add(consumer)
    return consumer
  }

  async trim(time: number): Promise<void> {
    for (const part of this.#state.parts) await trimPartition(this.#db, part, time)
    await this.#db.write(dropParked(time))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const consumer of [...this.#consumers]) await consumer[Symbol.asyncDispose]()
    await this.#close()
  }

  #place(values: readonly LogValue[]): readonly LogRecord[] {
    const now = this.#seams.clock.now()
    return values.map((value) => {
      const partition = this.partitionOf(userOf(value))
      const { offset, appendedAt } = this.#state.part(partition).place(now)
      return { partition, offset, seq: toSeq(this.info.epoch, offset), appendedAt, value }
    })
  }
}

/** Beside the bytes that it is encoded in. */
const recordBytes = 512

function partsOf(records: readonly LogRecord[], encoded: readonly Uint8Array[]) {
  const parts = new Map<Partition, { readonly records: LogRecord[]; bytes: number }>()
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as LogRecord
    const part = parts.get(record.partition) ?? { records: [], bytes: 0 }
    if (part.records.push(record) === 1) parts.set(record.partition, part)
    part.bytes += recordBytes + (encoded[i] as Uint8Array).length
  }
  return parts
}

function failedAppend(values: readonly LogValue[], error: unknown): readonly AppendOutcome[] {
  if (UnknownOutcome.is(error)) return values.map(() => ({ stored: 'unknown' }))
  if (!HeadwaterError.is(error) || error.code !== 'store_unavailable') throw error
  throw new HeadwaterError('ingest_unavailable', { retryAfterS: 1, cause: error })
}
