import type { Seams } from '../../lib/seams.ts'
import { maxEpoch } from '../../model/position.ts'
import type { LogInfo } from '../../ports/event-log.ts'
import type { SqliteDatabase } from './database.ts'
import { LogPartition } from './log-partition.ts'
import { newestStamp } from './log-table.ts'
import { refusal } from './sqlite-errors.ts'

/** Of all partitions together: the records of some seconds, for a worker that is behind. */
const maxTailBytes = 64 * 2 ** 20

const readInfo = 'SELECT log_id, epoch, partitions FROM log_info'
const writeInfo = 'INSERT INTO log_info (one, log_id, epoch, partitions) VALUES (1, ?, ?, ?)'
const raiseEpoch = 'UPDATE log_info SET epoch = epoch + 1'
const beginAnew = 'UPDATE log_info SET log_id = ?, epoch = epoch + 1, partitions = ?'
const dropRecords = 'DELETE FROM log'
const dropBounds = 'DELETE FROM log_partitions'
const readBounds = 'SELECT start, committed FROM log_partitions WHERE partition = ?'

export interface LoadedLog {
  readonly info: LogInfo
  readonly parts: readonly LogPartition[]
}

const newPartitions = 4

/** The log as the database has it; a new one when there is none. Without a number of partitions any will do. */
export async function loadLog(db: SqliteDatabase, wanted: number | undefined, seams: Seams): Promise<LoadedLog> {
  const found = db.read.get(readInfo)
  const logId = (found?.[0] as string | undefined) ?? newLogId(seams.random)
  const partitions = wanted ?? (found?.[2] as number | undefined) ?? newPartitions
  if (!found) await db.write({ sql: writeInfo, rows: [[logId, 0, partitions]] })
  else if (found[2] !== partitions) {
    throw refusal(
      `The log in the data directory has ${found[2]} partitions and the configuration asks for ${partitions}. ` +
        `A user's records would be looked for in another one: set it back to ${found[2]}, or restore a backup with the ` +
        'new number',
    )
  }
  let epoch = (found?.[1] as number | undefined) ?? 0
  const parts = Array.from({ length: partitions }, (_, partition) =>
    loadPartition(db, partition, maxTailBytes / partitions),
  )
  if (parts.some((part) => part.lostRecords)) {
    epoch++
    await db.write({ sql: raiseEpoch, rows: [[]] })
  }
  return { info: { epoch, epochName: `${logId}-${epoch}`, partitions }, parts }
}

/**
 * Begins the log anew, with any number of partitions: for a restored backup, or to deal users over other partitions. The
 * epoch grows, and the log gets another name: of two restores of one backup each has an epoch of its own. Records
 * that no worker has folded are gone. The log must not be open.
 */
export async function restartLog(
  db: SqliteDatabase,
  partitions: number,
  { random }: Pick<Seams, 'random'>,
): Promise<void> {
  if (((db.read.get(readInfo)?.[1] as number | undefined) ?? 0) >= maxEpoch) throw refusal('The log has no epochs left')
  await db.write(
    { sql: dropRecords, rows: [[]] },
    { sql: dropBounds, rows: [[]] },
    { sql: beginAnew, rows: [[newLogId(random), partitions]] },
  )
}

const newLogId = (random: Seams['random']): string => Buffer.from(random.bytes(6)).toString('hex')

function loadPartition(db: SqliteDatabase, partition: number, tailBytes: number): LogPartition {
  const bounds = db.read.get(readBounds, partition)
  const start = (bounds?.[0] as number | undefined) ?? 0
  const committed = (bounds?.[1] as number | undefined) ?? 0
  const newest = newestStamp(db.read, partition)
  return new LogPartition(partition, { start, committed, newest }, tailBytes)
}
