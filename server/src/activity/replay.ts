import type { Seams } from '../lib/seams.ts'
import type { Offset, Partition } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { EventLog, LogConsumer } from '../ports/event-log.ts'
import type { FlushPorts } from './flush.ts'
import { foldToEnd } from './fold-to-end.ts'
import type { ActivitySettings } from './settings.ts'

export interface ReplayReport {
  readonly records: number
  readonly groupWrites: number
  readonly unreadable: number
}

export interface ReplayProgress {
  readonly done: number
  readonly total: number
}

/**
 * Folds everything that the log still has into these stores, from its start. Over the live stores it changes nothing,
 * unless something was missing there; over empty ones it makes the views anew.
 */
export async function replay(
  ports: FlushPorts,
  settings: ActivitySettings,
  seams: Seams,
  onProgress: (progress: ReplayProgress) => void = () => {},
): Promise<ReplayReport> {
  const total = await countRecords(ports.log)
  let records = 0
  let groupWrites = 0
  let unreadable = 0
  const log = rereading(ports.log, (read) => {
    records += read
    onProgress({ done: records, total })
  })
  // What cannot be read was set aside when it came first.
  await foldToEnd({ ...ports, log, parked: undefined }, settings, seams, {
    groupWrites: (rows) => {
      groupWrites += rows
    },
    parked: () => {
      unreadable++
    },
  })
  return { records, groupWrites, unreadable }
}

async function countRecords(log: EventLog): Promise<number> {
  let total = 0
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { start, end } = await log.bounds(partition)
    total += end - start
  }
  return total
}

/** The log as one worker sees it who owns all of it and starts at its beginning. Nothing is appended or committed. */
function rereading(log: EventLog, onRead: (records: number) => void): EventLog {
  const folded = new Map<Partition, Offset>()
  return {
    info: log.info,
    partitionOf: (user) => log.partitionOf(user),
    // What the fold appends of its own was appended when the records were folded first: it is among them.
    append: async (values) => values.map(() => ({ stored: true, seq: 0, appendedAt: 0 })),
    read: (partition, from, limit) => log.read(partition, from, limit),
    async bounds(partition) {
      const { start, end } = await log.bounds(partition)
      return { start, end, committed: folded.get(partition) ?? start }
    },
    join: async () => rereadingConsumer(log, folded, onRead),
    trim: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

async function rereadingConsumer(
  log: EventLog,
  folded: Map<Partition, Offset>,
  onRead: (records: number) => void,
): Promise<LogConsumer> {
  const next: { partition: Partition; from: Offset }[] = []
  for (let partition = 0; partition < log.info.partitions; partition++) {
    next.push({ partition, from: (await log.bounds(partition)).start })
  }
  let isFirst = true
  return {
    async poll(maxRecords) {
      const assigned = isFirst ? next.map((entry) => ({ ...entry })) : []
      isFirst = false
      const records: LogRecord[] = []
      for (const entry of next) {
        const page = await log.read(entry.partition, entry.from, maxRecords)
        entry.from = page.next
        records.push(...page.records)
        if (records.length > 0) break
      }
      onRead(records.length)
      return { assigned, revoked: [], records }
    },
    async commit(offsets) {
      for (const [partition, offset] of offsets) folded.set(partition, offset)
    },
    release: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
