import type { Partition } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'

/** When the one was appended that waited longest. */
export function oldest(records: readonly LogRecord[]): number | null {
  let at: number | null = null
  for (const { appendedAt } of records) if (at === null || appendedAt < at) at = appendedAt
  return at
}

export function byPartition(records: readonly LogRecord[]): Map<Partition, LogRecord[]> {
  const batches = new Map<Partition, LogRecord[]>()
  for (const record of records) {
    const batch = batches.get(record.partition)
    if (batch) batch.push(record)
    else batches.set(record.partition, [record])
  }
  return batches
}
