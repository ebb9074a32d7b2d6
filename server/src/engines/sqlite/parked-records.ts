import type { Clock } from '../../lib/seams.ts'
import type { LogInfo } from '../../ports/event-log.ts'
import type { ParkedRecord, ParkedRecords, RecordPlace } from '../../ports/parked-records.ts'
import type { Row, Step } from './commands.ts'
import type { SqliteDatabase } from './database.ts'
import { placeOf, positionOf, readStored } from './log-table.ts'

const columns = 'epoch, position, user_id, appended_at, reason, parked_at, value'

/** Past it the oldest are dropped: a log full of what nobody can read must not fill the disk a second time. */
const keptMax = 10_000

const insert = `INSERT INTO parked_records (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
const dropOldest = 'DELETE FROM parked_records WHERE id <= (SELECT max(id) FROM parked_records) - ?'
const all = `SELECT ${columns} FROM parked_records ORDER BY id`
const remove = 'DELETE FROM parked_records WHERE epoch = ? AND position = ?'
const dropBefore = 'DELETE FROM parked_records WHERE appended_at < ?'

/** Parked records of the log in a table beside it; they go when the log is trimmed. */
export class SqliteParkedRecords implements ParkedRecords {
  readonly #db: SqliteDatabase
  readonly #log: Pick<LogInfo, 'epoch'>
  readonly #clock: Clock

  constructor(db: SqliteDatabase, log: Pick<LogInfo, 'epoch'>, clock: Clock) {
    this.#db = db
    this.#log = log
    this.#clock = clock
  }

  async park({ partition, offset }: Pick<RecordPlace, 'partition' | 'offset'>, reason: string): Promise<void> {
    const [found] = readStored(this.#db.read, partition, offset, offset + 1, 1)
    // The log keeps it no longer: there is nothing to set aside.
    if (!found) return
    const { user, appendedAt, value } = found
    const position = positionOf(partition, offset)
    const row = [this.#log.epoch, position, user, appendedAt, reason, this.#clock.now(), value]
    await this.#db.write({ sql: insert, rows: [row] }, { sql: dropOldest, rows: [[keptMax]] })
  }

  async list(): Promise<readonly ParkedRecord[]> {
    return this.#db.read.all(all).map(fromCells)
  }

  async remove(places: readonly RecordPlace[]): Promise<void> {
    const rows = places.map(({ epoch, partition, offset }) => [epoch, positionOf(partition, offset)])
    await this.#db.write({ sql: remove, rows })
  }
}

/** Those that the log took before `time`. */
export const dropParked = (time: number): Step => ({ sql: dropBefore, rows: [[time]] })

const fromCells = ([epoch, position, user, appendedAt, reason, parkedAt, value]: Row): ParkedRecord => ({
  epoch: epoch as number,
  ...placeOf(position as number),
  user: user as string,
  appendedAt: appendedAt as number,
  reason: reason as string,
  parkedAt: parkedAt as number,
  bytes: value as Uint8Array,
})
