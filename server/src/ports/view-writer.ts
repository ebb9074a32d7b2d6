import type { GroupRow } from '../model/activity-group.ts'
import type { Seq, UserId } from '../model/ids.ts'
import type { MarkChange } from '../model/marks.ts'
import type { MemberBatch } from './member-store.ts'
import type { ObjectEntry } from './object-index.ts'

/**
 * Writes everything that one flush changes in one step. Only engines have it whose group store, member store, read marks
 * and object index share a database; with the others each store is written by itself, in an order that a crash may cut.
 *
 * What it keeps, each a case beside the engine that has it:
 * - All of it is stored, durably, or nothing.
 * - It takes effect after all writes of those stores that were issued before.
 * - Each part keeps the promises of its store: no row, register, mark or head goes back.
 */
export interface ViewWriter {
  write(views: Views): Promise<void>
}

export interface Views {
  readonly openings: readonly ObjectEntry[]
  readonly rows: readonly GroupRow[]
  readonly members: readonly MemberBatch[]
  /** Registers that changed, in `members` or in `pending` of their row alone: groups are found by their actors. */
  readonly changed: readonly MemberBatch[]
  readonly marks: readonly { readonly user: UserId; readonly change: MarkChange }[]
  readonly heads: readonly { readonly user: UserId; readonly head: Seq }[]
}
