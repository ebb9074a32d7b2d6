import type { CassandraDatabase } from './database.ts'

/**
 * The epochs of the log that rows were made from. A log that has forgotten its epochs, its brokers' disks with it, would
 * begin at the first again: its positions would be below those of the rows, which would take every event for an old one.
 */
const numbers = `SELECT number FROM ledger WHERE part = 'epoch'`
const enter = `INSERT INTO ledger (part, number, name) VALUES ('epoch', ?, ?) IF NOT EXISTS`

/** The highest epoch that was noted; undefined while there is none. */
export async function highestEpoch(db: CassandraDatabase): Promise<number | undefined> {
  const epochs = (await db.read(numbers)).map((row) => row.number as number)
  return epochs.length === 0 ? undefined : Math.max(...epochs)
}

/** Before anything is written from a log of this epoch. */
export async function noteEpoch(db: CassandraDatabase, epoch: number, name: string): Promise<void> {
  await db.writeIf([{ query: enter, params: [epoch, name] }])
}
