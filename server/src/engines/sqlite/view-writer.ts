import type { Views, ViewWriter } from '../../ports/view-writer.ts'
import type { SqliteDatabase } from './database.ts'
import { groupSteps, headStep } from './group-store.ts'
import type { SqliteMemberStore } from './member-store.ts'
import { openingStep } from './object-index.ts'
import { markStep } from './read-marks.ts'

/** One command, so one transaction. */
export class SqliteViewWriter implements ViewWriter {
  readonly #db: SqliteDatabase
  readonly #members: SqliteMemberStore

  constructor(db: SqliteDatabase, members: SqliteMemberStore) {
    this.#db = db
    this.#members = members
  }

  async write({ openings, rows, members, changed, marks, heads }: Views): Promise<void> {
    await this.#db.write(
      openingStep(openings),
      ...groupSteps(rows, new Set(openings.map(({ groupId }) => groupId))),
      ...this.#members.steps(members, changed),
      markStep(marks),
      headStep(heads),
    )
    void this.#members.tidy()
  }
}
