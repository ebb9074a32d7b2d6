import type { ObjectRef } from '../../ports/object-index.ts'
import type { SqliteDatabase } from './database.ts'

const all = 'SELECT object_type, object_id, deleted_at FROM object_tombstones LIMIT ? + 0'
const one = 'SELECT deleted_at FROM object_tombstones WHERE object_type = ? AND object_id = ?'

/** With more the table is asked: a page asks for twenty objects, and nearly all of them were never deleted. */
const keptMax = 10_000

/** When objects were deleted. As long as they are few all of them are in memory. */
export class Tombstones {
  readonly #db: SqliteDatabase
  /** By object; `null` = too many. */
  #kept: Map<string, number> | null | undefined

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  times(objects: readonly ObjectRef[]): readonly (number | undefined)[] {
    if (this.#kept === undefined) this.#kept = this.#readAll()
    const kept = this.#kept
    if (kept === null) return objects.map((object) => this.#read(object))
    if (kept.size === 0) return objects.map(() => undefined)
    return objects.map((object) => kept.get(keyOf(object)))
  }

  /** A write of this object's tombstone came to its end, whatever it was. */
  changed(objectType: ObjectRef['objectType'], objectId: string): void {
    if (!this.#kept) return
    const object = { objectType, objectId }
    try {
      const time = this.#read(object)
      if (time !== undefined) this.#kept.set(keyOf(object), time)
      if (this.#kept.size > keptMax) this.#kept = null
    } catch {
      // The database was closed meanwhile, or cannot be read: whoever asks next hears of it.
      this.#kept = undefined
    }
  }

  /** Some are gone: whoever asks next reads what is left. */
  forget(): void {
    this.#kept = undefined
  }

  #read({ objectType, objectId }: ObjectRef): number | undefined {
    return this.#db.read.get(one, objectType, objectId)?.[0] as number | undefined
  }

  #readAll(): Map<string, number> | null {
    const rows = this.#db.read.all(all, keptMax + 1)
    if (rows.length > keptMax) return null
    return new Map(
      rows.map(([objectType, objectId, time]) => [
        keyOf({ objectType: objectType as ObjectRef['objectType'], objectId: objectId as string }),
        time as number,
      ]),
    )
  }
}

const keyOf = ({ objectType, objectId }: ObjectRef): string => `${objectType}/${objectId}`
