import type { Offset } from '../../model/ids.ts'
import type { SqliteDatabase } from './database.ts'
import type { LogPartition } from './log-partition.ts'
import { dropRecords, firstStamp, raiseBounds } from './log-table.ts'
import type { Reader } from './reader.ts'

/** Offsets that one command drops: other writes get their turn in between. */
const dropped = 5_000

/** Drops the committed records of a partition that were appended before `time`. */
export async function trimPartition(db: SqliteDatabase, part: LogPartition, time: number): Promise<void> {
  const from = part.start
  const below = firstSince(db.read, part, time)
  if (below <= from) return
  part.start = below
  for (let offset = from; offset < below; offset += dropped) {
    await db.write(dropRecords(part.partition, Math.min(offset + dropped, below)))
  }
  await db.write(raiseBounds([part]))
}

/** Times never fall within a partition, so the first record at or after `time` is found by halving. */
function firstSince(read: Reader, part: LogPartition, time: number): Offset {
  let low = part.start
  let high = part.committed
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const stamp = firstStamp(read, part.partition, middle, high)
    if (!stamp || stamp.appendedAt >= time) high = middle
    else low = stamp.offset + 1
  }
  return low
}
