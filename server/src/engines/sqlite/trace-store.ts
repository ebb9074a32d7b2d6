import type { EventId } from '../../model/ids.ts'
import type { EventTrace, TraceStore } from '../../ports/trace-store.ts'
import type { Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

const put = `
INSERT INTO traces (event_id, user_id, state, accepted_at, data) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (event_id, user_id) DO UPDATE SET state = excluded.state, accepted_at = excluded.accepted_at, data = excluded.data
WHERE traces.state = 'pending'`

const ofEvent = 'SELECT data FROM traces WHERE event_id = ? ORDER BY user_id'

const dropOld = 'DELETE FROM traces WHERE accepted_at < ?'

/** What became of each event, in SQLite. */
export class SqliteTraceStore implements TraceStore {
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  async put(traces: readonly EventTrace[]): Promise<void> {
    await this.#db.write({ sql: put, rows: traces.map(toCells) })
  }

  async get(eventId: EventId): Promise<readonly EventTrace[]> {
    return this.#db.read.all(ofEvent, eventId).map(([data]) => JSON.parse(data as string) as EventTrace)
  }

  async purge(before: number): Promise<void> {
    await this.#db.write({ sql: dropOld, rows: [[before]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const toCells = (trace: EventTrace): Row => [
  trace.event.eventId,
  trace.user,
  trace.state,
  trace.acceptedAt,
  JSON.stringify(trace),
]
