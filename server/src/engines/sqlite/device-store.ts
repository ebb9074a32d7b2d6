import type { DeviceId, UserId } from '../../model/ids.ts'
import type { DevicePosition, DeviceStore } from '../../ports/device-store.ts'
import type { Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const columns = 'user_id, device_id, epoch, seq, seen_at'

const raise = `
INSERT INTO devices (${columns}) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (user_id, device_id) DO UPDATE SET
  epoch = excluded.epoch,
  seq = CASE WHEN epoch = excluded.epoch THEN max(seq, excluded.seq) ELSE excluded.seq END,
  seen_at = max(seen_at, excluded.seen_at)`

const one = `SELECT ${columns} FROM devices WHERE user_id = ? AND device_id = ?`
const ofUser = `SELECT ${columns} FROM devices WHERE user_id = ? ORDER BY device_id`

const dropUnseen = 'DELETE FROM devices WHERE seen_at < ?'
const dropUser = 'DELETE FROM devices WHERE user_id = ?'
const dropOne = 'DELETE FROM devices WHERE user_id = ? AND device_id = ?'

/** How far each device has come, in SQLite. No index on `seen_at`: each ack would move it, and a purge is rare. */
export class SqliteDeviceStore implements DeviceStore {
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  async ack(acks: readonly DevicePosition[]): Promise<void> {
    const rows = acks.map(({ user, device, epoch, seq, seenAt }) => [user, device, epoch, seq, seenAt])
    await this.#db.write({ sql: raise, rows })
  }

  async get(user: UserId, device: DeviceId): Promise<DevicePosition | undefined> {
    const cells = this.#db.read.get(one, user, device)
    return cells && fromCells(cells)
  }

  async list(user: UserId): Promise<readonly DevicePosition[]> {
    return this.#db.read.all(ofUser, user).map(fromCells)
  }

  async purge(
    what: { readonly seenBefore: number } | { readonly user: UserId; readonly device?: DeviceId },
  ): Promise<void> {
    if ('seenBefore' in what) await this.#db.write({ sql: dropUnseen, rows: [[what.seenBefore]] })
    else if (what.device === undefined) await this.#db.write({ sql: dropUser, rows: [[what.user]] })
    else await this.#db.write({ sql: dropOne, rows: [[what.user, what.device]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const fromCells = ([user, device, epoch, seq, seenAt]: Row): DevicePosition => ({
  user: user as string,
  device: device as string,
  epoch: epoch as string,
  seq: seq as number,
  seenAt: seenAt as number,
})
