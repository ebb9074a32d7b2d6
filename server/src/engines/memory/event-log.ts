import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Partition, UserId } from '../../model/ids.ts'
import { canBeRefused, type LogRecord, type LogValue, userOf } from '../../model/log-record.ts'
import { partitionOf } from '../../model/partition-of.ts'
import { toSeq } from '../../model/position.ts'
import type { AppendOutcome, EventLog, LogConsumer } from '../../ports/event-log.ts'
import { MemoryLogConsumer } from './event-log-consumer.ts'
import { endOf, type LogPart, type LogState, wake } from './event-log-state.ts'

export interface MemoryLogSettings {
  /** Appends are refused while more records than this are not committed, save for those of deletions alone. */
  readonly maxLag?: number
  /** A worker that is silent, or that does not let go of a partition, for longer loses what it has. */
  readonly patienceMs?: number
}

/** The log in one process: its records and owners are in the state, which any number of logs may share. */
export function memoryEventLog(state: LogState, seams: Seams, settings: MemoryLogSettings = {}): EventLog {
  const { maxLag = 1_000_000, patienceMs = 10_000 } = settings
  const { epoch } = state
  const partitions = state.parts.length
  const consumers = new Set<LogConsumer>()
  let closed = false

  const partOf = (partition: Partition): LogPart => {
    const part = state.parts[partition]
    if (!part) throw new RangeError(`there is no partition ${partition}`)
    return part
  }
  const partitionFor = (user: UserId) => partitionOf(user, partitions)

  function appendOne(value: LogValue): AppendOutcome {
    const part = partOf(partitionFor(userOf(value)))
    const offset = endOf(part)
    const appendedAt = seams.clock.now()
    const record: LogRecord = { partition: part.partition, offset, seq: toSeq(epoch, offset), appendedAt, value }
    part.records.push(record)
    return { stored: true, seq: record.seq, appendedAt }
  }

  return {
    info: { epoch, epochName: `m${epoch}`, partitions },
    partitionOf: partitionFor,

    async append(values) {
      if (closed) throw new HeadwaterError('ingest_unavailable', { retryAfterS: 1 })
      const lag = state.parts.reduce((sum, part) => sum + endOf(part) - part.committed, 0)
      if (lag > maxLag && values.some(canBeRefused)) throw new HeadwaterError('overloaded', { retryAfterS: 1 })
      const outcomes = values.map(appendOne)
      wake(state)
      return outcomes
    },

    async read(partition, from, limit) {
      const part = partOf(partition)
      const first = Math.max(from, part.start)
      const records = part.records.slice(first - part.start, first - part.start + limit)
      return { records, next: first + records.length }
    },

    async bounds(partition) {
      const part = partOf(partition)
      return { start: part.start, end: endOf(part), committed: part.committed }
    },

    async join() {
      const consumer = new MemoryLogConsumer(state, seams, patienceMs, () => consumers.delete(consumer))
      consumers.add(consumer)
      return consumer
    },

    async trim(time) {
      for (const part of state.parts) {
        const kept = part.records.findIndex((record) => record.appendedAt >= time || record.offset >= part.committed)
        const dropped = kept < 0 ? part.records.length : kept
        part.records.splice(0, dropped)
        part.start += dropped
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true
      for (const consumer of [...consumers]) await consumer[Symbol.asyncDispose]()
    },
  }
}
