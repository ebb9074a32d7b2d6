import type { Offset, Partition } from '../../model/ids.ts'
import { decodeLogValue } from '../../model/log-codec.ts'
import { type LogRecord, userOf } from '../../model/log-record.ts'
import { toSeq } from '../../model/position.ts'
import type { Row, Step } from './commands.ts'
import type { Reader } from './reader.ts'

/**
 * The log's table. Its key is partition and offset in one number, so a partition is one range and an append goes to the
 * end of it; a rowid table keeps long values in one piece where a table without rowid would cut them up.
 */
const partitionSpan = 2 ** 40

const positionOf = (partition: Partition, offset: Offset): number => partition * partitionSpan + offset

const insert = 'INSERT INTO log (position, user_id, appended_at, value) VALUES (?, ?, ?, ?)'

const range = `
SELECT position, user_id, appended_at, value FROM log WHERE position >= ? AND position < ? ORDER BY position LIMIT ? + 0`

const first = 'SELECT position, appended_at FROM log WHERE position >= ? AND position < ? ORDER BY position LIMIT 1'

const last = `
SELECT position, appended_at FROM log WHERE position >= ? AND position < ? ORDER BY position DESC LIMIT 1`

const drop = 'DELETE FROM log WHERE position >= ? AND position < ?'

const bounds = `
INSERT INTO log_partitions (partition, start, committed) VALUES (?, ?, ?)
ON CONFLICT (partition) DO UPDATE SET start = max(start, excluded.start), committed = max(committed, excluded.committed)`

export const insertRecords = (records: readonly LogRecord[], encoded: readonly Uint8Array[]): Step => ({
  sql: insert,
  rows: records.map(({ partition, offset, appendedAt, value }, i) => [
    positionOf(partition, offset),
    userOf(value),
    appendedAt,
    encoded[i] as Uint8Array,
  ]),
})

export function readRecords(
  read: Reader,
  epoch: number,
  partition: Partition,
  from: Offset,
  end: Offset,
  limit: number,
): LogRecord[] {
  const rows = read.all(range, positionOf(partition, from), positionOf(partition, end), limit)
  return rows.map(([position, user, appendedAt, value]) => {
    const offset = (position as number) - positionOf(partition, 0)
    return {
      partition,
      offset,
      seq: toSeq(epoch, offset),
      appendedAt: appendedAt as number,
      value: decodeLogValue(value as Uint8Array, user as string),
    }
  })
}

export interface Stamp {
  readonly offset: Offset
  readonly appendedAt: number
}

/** The first record at or above `from` and below `end`. */
export const firstStamp = (read: Reader, partition: Partition, from: Offset, end: Offset): Stamp | undefined =>
  stampOf(partition, read.get(first, positionOf(partition, from), positionOf(partition, end)))

export const newestStamp = (read: Reader, partition: Partition): Stamp | undefined =>
  stampOf(partition, read.get(last, positionOf(partition, 0), positionOf(partition + 1, 0)))

const stampOf = (partition: Partition, row: Row | undefined): Stamp | undefined =>
  row && { offset: (row[0] as number) - positionOf(partition, 0), appendedAt: row[1] as number }

export const dropRecords = (partition: Partition, from: Offset, below: Offset): Step => ({
  sql: drop,
  rows: [[positionOf(partition, from), positionOf(partition, below)]],
})

/** Neither ever goes back. */
export const raiseBounds = (
  of: readonly { readonly partition: Partition; readonly start: Offset; readonly committed: Offset }[],
): Step => ({ sql: bounds, rows: of.map(({ partition, start, committed }) => [partition, start, committed]) })
