import type { UserId } from '../../model/ids.ts'
import { type LogRecord, userOf } from '../../model/log-record.ts'
import type { Cell } from './commands.ts'

/** A row of the log: one record, or some of one partition that were appended together and have offsets without gaps. */

/** The cells `user_id`, `value` and `batch`. */
export type PackedRecords = readonly [user: UserId, value: Uint8Array, batch: string | null]

/** More are several rows: to read one record its whole row is read. */
const maxInRow = 256

type Batch = readonly (readonly [user: UserId, bytes: number])[]

/** The records of one append by rows: `pack` gets the places in `records` of those that are to be one row. */
export function rowsOf<T>(records: readonly LogRecord[], pack: (places: readonly number[]) => T): T[] {
  const byPart = Map.groupBy(records.keys(), (i) => (records[i] as LogRecord).partition)
  const rows: T[] = []
  for (const places of byPart.values()) {
    for (let i = 0; i < places.length; i += maxInRow) rows.push(pack(places.slice(i, i + maxInRow)))
  }
  return rows
}

export function packRecords(
  records: readonly LogRecord[],
  encoded: readonly Uint8Array[],
  places: readonly number[],
): PackedRecords {
  const userAt = (place: number) => userOf((records[place] as LogRecord).value)
  const bytesAt = (place: number) => encoded[place] as Uint8Array
  const first = places[0] as number
  if (places.length === 1) return [userAt(first), bytesAt(first), null]
  const batch: Batch = places.map((place) => [userAt(place), bytesAt(place).length])
  // Memory of its own: on its way to the other thread the whole piece that it is in is copied.
  const value = new Uint8Array(batch.reduce((sum, [, bytes]) => sum + bytes, 0))
  let end = 0
  for (const place of places) {
    value.set(bytesAt(place), end)
    end += bytesAt(place).length
  }
  return [userAt(first), value, JSON.stringify(batch)]
}

export function unpackRecords(
  user: Cell | undefined,
  value: Cell | undefined,
  batch: Cell | undefined,
): { readonly user: UserId; readonly value: Uint8Array }[] {
  const bytes = value as Uint8Array
  if (batch === null) return [{ user: user as UserId, value: bytes }]
  let end = 0
  return (JSON.parse(batch as string) as Batch).map(([owner, length]) => {
    end += length
    return { user: owner, value: bytes.subarray(end - length, end) }
  })
}
