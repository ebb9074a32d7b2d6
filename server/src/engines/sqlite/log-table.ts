import type { Offset, Partition, UserId } from '../../model/ids.ts'
import { decodeLogValue } from '../../model/log-codec.ts'
import type { LogRecord } from '../../model/log-record.ts'
import { toSeq } from '../../model/position.ts'
import type { Row, Step } from './commands.ts'
import { packRecords, rowsOf, unpackRecords } from './log-rows.ts'
import type { Reader } from './reader.ts'

/**
 * The log's table. Its key is partition and offset in one number, so a partition is one range and an append goes to the
 * end of it; a rowid table keeps long values in one piece where a table without rowid would cut them up.
 */
const partitionSpan = 2 ** 40

export const positionOf = (partition: Partition, offset: Offset): number => partition * partitionSpan + offset

export const placeOf = (position: number): { readonly partition: Partition; readonly offset: Offset } => ({
  partition: Math.floor(position / partitionSpan),
  offset: position % partitionSpan,
})

const insert = 'INSERT INTO log (position, user_id, appended_at, value, batch) VALUES (?, ?, ?, ?, ?)'

/** Of a row; a row without a list is one record. */
const count = 'coalesce(json_array_length(batch), 1)'

/** From the row that has `?2`, or would have it, on. `?1` = where the partition begins. */
const fromRowOf = `
FROM log WHERE position >= coalesce((SELECT max(position) FROM log WHERE position >= ?1 AND position <= ?2), ?2)
AND position < ?3 ORDER BY position`

const rowsRead = 32
const range = `SELECT position, user_id, appended_at, value, batch ${fromRowOf} LIMIT ${rowsRead}`

const first = `SELECT position, appended_at, ${count} ${fromRowOf} LIMIT 2`

const last = `
SELECT position + ${count} - 1, appended_at FROM log WHERE position >= ? AND position < ?
ORDER BY position DESC LIMIT 1`

/** Only whole rows: of one whose last records stay, all stay. */
const drop = `DELETE FROM log WHERE position >= ?1 AND position < ?2 AND position + ${count} <= ?2`

const bounds = `
INSERT INTO log_partitions (partition, start, committed) VALUES (?, ?, ?)
ON CONFLICT (partition) DO UPDATE SET start = max(start, excluded.start), committed = max(committed, excluded.committed)`

export const insertRecords = (records: readonly LogRecord[], encoded: readonly Uint8Array[]): Step => ({
  sql: insert,
  rows: rowsOf(records, (places) => {
    const { partition, offset, appendedAt } = records[places[0] as number] as LogRecord
    const [user, value, batch] = packRecords(records, encoded, places)
    return [positionOf(partition, offset), user, appendedAt, value, batch]
  }),
})

export function readRecords(
  read: Reader,
  epoch: number,
  partition: Partition,
  from: Offset,
  end: Offset,
  limit: number,
): LogRecord[] {
  return readStored(read, partition, from, end, limit).map(({ offset, user, appendedAt, value }) => ({
    partition,
    offset,
    seq: toSeq(epoch, offset),
    appendedAt,
    value: decodeLogValue(value, user),
  }))
}

/** A record as it lies in the table. */
export interface StoredRecord extends Stamp {
  readonly user: UserId
  readonly value: Uint8Array
}

export function readStored(
  read: Reader,
  partition: Partition,
  from: Offset,
  end: Offset,
  limit: number,
): StoredRecord[] {
  const base = positionOf(partition, 0)
  const records: StoredRecord[] = []
  for (let next = from; next < end && records.length < limit; ) {
    const rows = read.all(range, base, base + next, base + end)
    for (const [position, firstUser, appendedAt, values, batch] of rows) {
      let offset = (position as number) - base
      for (const { user, value } of unpackRecords(firstUser, values, batch)) {
        if (offset >= next && offset < end && records.length < limit) {
          records.push({ offset, user, appendedAt: appendedAt as number, value })
          next = offset + 1
        }
        offset++
      }
    }
    if (rows.length < rowsRead) break
  }
  return records
}

export interface Stamp {
  readonly offset: Offset
  readonly appendedAt: number
}

/** The first record at or above `from` and below `end`. */
export function firstStamp(read: Reader, partition: Partition, from: Offset, end: Offset): Stamp | undefined {
  const wanted = positionOf(partition, from)
  const rows = read.all(first, positionOf(partition, 0), wanted, positionOf(partition, end))
  const [position, ...rest] = rows.find(([at, , records]) => (at as number) + (records as number) > wanted) ?? []
  return stampOf(partition, position === undefined ? undefined : [Math.max(position as number, wanted), ...rest])
}

export const newestStamp = (read: Reader, partition: Partition): Stamp | undefined =>
  stampOf(partition, read.get(last, positionOf(partition, 0), positionOf(partition + 1, 0)))

const stampOf = (partition: Partition, row: Row | undefined): Stamp | undefined =>
  row && { offset: (row[0] as number) - positionOf(partition, 0), appendedAt: row[1] as number }

export const dropRecords = (partition: Partition, below: Offset): Step => ({
  sql: drop,
  rows: [[positionOf(partition, 0), positionOf(partition, below)]],
})

/** Neither ever goes back. */
export const raiseBounds = (
  of: readonly { readonly partition: Partition; readonly start: Offset; readonly committed: Offset }[],
): Step => ({ sql: bounds, rows: of.map(({ partition, start, committed }) => [partition, start, committed]) })
