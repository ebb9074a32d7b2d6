import { coalescing } from '../../lib/coalesce.ts'
import type { DeviceId, UserId } from '../../model/ids.ts'
import type { DevicePosition, DeviceStore } from '../../ports/device-store.ts'
import { type PostgresDatabase, statement } from './database.ts'

type Row = DevicePosition & Record<string, unknown>

const columns = `user_id AS "user", device_id AS device, epoch, seq, seen_at AS "seenAt"`

const statementsOn = (schema: string) => ({
  ack: statement(`
    INSERT INTO ${schema}.devices AS d (user_id, device_id, epoch, seq, seen_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
    ON CONFLICT (user_id, device_id) DO UPDATE SET
      epoch = excluded.epoch,
      seq = CASE WHEN d.epoch = excluded.epoch THEN greatest(d.seq, excluded.seq) ELSE excluded.seq END,
      seen_at = greatest(d.seen_at, excluded.seen_at)`),
  get: statement(`SELECT ${columns} FROM ${schema}.devices WHERE user_id = $1 AND device_id = $2`),
  list: statement(`SELECT ${columns} FROM ${schema}.devices WHERE user_id = $1 ORDER BY device_id`),
  dropUser: statement(`DELETE FROM ${schema}.devices WHERE user_id = $1`),
  dropOne: statement(`DELETE FROM ${schema}.devices WHERE user_id = $1 AND device_id = $2`),
  // One step of a walk over all: it looks at the next $4 rows, and tells where it came to.
  dropUnseen: statement(`
    WITH step AS (
      SELECT user_id, device_id FROM ${schema}.devices WHERE (user_id, device_id) > ($1, $2)
      ORDER BY user_id, device_id LIMIT $4
    ),
    gone AS (
      DELETE FROM ${schema}.devices d USING step
      WHERE d.user_id = step.user_id AND d.device_id = step.device_id AND d.seen_at < $3
    )
    SELECT user_id AS "user", device_id AS device, count(*) OVER () AS looked
    FROM step ORDER BY user_id DESC, device_id DESC LIMIT 1`),
})

const limits = { lanes: 1, maxItems: 5_000, maxWaiting: 100_000 }
const walkStep = 10_000

/** How far each device has come, in PostgreSQL. Acks that come together are one statement. */
export class PostgresDeviceStore implements DeviceStore {
  readonly #db: PostgresDatabase
  readonly #sql: ReturnType<typeof statementsOn>
  readonly #ack: (acks: readonly DevicePosition[]) => Promise<unknown>

  constructor(db: PostgresDatabase) {
    this.#db = db
    this.#sql = statementsOn(db.schema)
    this.#ack = coalescing((acks) => this.#write(acks), limits)
  }

  async ack(acks: readonly DevicePosition[]): Promise<void> {
    await this.#ack(acks)
  }

  async #write(acks: readonly DevicePosition[]): Promise<readonly undefined[]> {
    const rows = newestOfEach(acks)
    await this.#db.write(this.#sql.ack, [
      rows.map(({ user }) => user),
      rows.map(({ device }) => device),
      rows.map(({ epoch }) => epoch),
      rows.map(({ seq }) => seq),
      rows.map(({ seenAt }) => seenAt),
    ])
    return []
  }

  async get(user: UserId, device: DeviceId): Promise<DevicePosition | undefined> {
    const [row] = await this.#db.read<Row>(this.#sql.get, [user, device])
    return row
  }

  list(user: UserId): Promise<readonly DevicePosition[]> {
    return this.#db.read<Row>(this.#sql.list, [user])
  }

  async purge(
    what: { readonly seenBefore: number } | { readonly user: UserId; readonly device?: DeviceId },
  ): Promise<void> {
    if ('seenBefore' in what) await this.#purgeUnseen(what.seenBefore)
    else if (what.device === undefined) await this.#db.write(this.#sql.dropUser, [what.user])
    else await this.#db.write(this.#sql.dropOne, [what.user, what.device])
  }

  /** A walk by the key in short statements: there is no index on the time, and one statement over all has no bound. */
  async #purgeUnseen(seenBefore: number): Promise<void> {
    for (let after: readonly [string, string] = ['', '']; ; ) {
      const values = [...after, seenBefore, walkStep]
      const [last] = await this.#db.write<{ user: string; device: string; looked: number }>(
        this.#sql.dropUnseen,
        values,
      )
      if (last === undefined || last.looked < walkStep) return
      after = [last.user, last.device]
    }
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

/**
 * One row for each device, as if they came one after the other: a statement may not touch a row twice. In the order of
 * the key, so that two statements never wait for each other.
 */
function newestOfEach(acks: readonly DevicePosition[]): readonly DevicePosition[] {
  const rows = new Map<string, DevicePosition>()
  for (const ack of acks) {
    const key = `${ack.user}\n${ack.device}`
    const known = rows.get(key)
    rows.set(key, known ? later(known, ack) : ack)
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

const later = (known: DevicePosition, ack: DevicePosition): DevicePosition => ({
  ...ack,
  seq: known.epoch === ack.epoch ? Math.max(known.seq, ack.seq) : ack.seq,
  seenAt: Math.max(known.seenAt, ack.seenAt),
})
