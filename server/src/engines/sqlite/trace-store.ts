import type { JsonObject } from '@headwater/protocol'
import type { EventTrace } from '../../model/event-trace.ts'
import type { EventId, UserId } from '../../model/ids.ts'
import { type PackedTrace, packTrace, unpackTrace } from '../../model/packed-trace.ts'
import type { TraceStore } from '../../ports/trace-store.ts'
import type { Row } from './commands.ts'
import type { SqliteDatabase } from './database.ts'

/**
 * Every event leaves a trace, so a row must be small and come to lie beside the one before it: rows are sorted by the ten
 * minutes in which the event was accepted, then by its id, which begins with a time as well. A day has 144 such spans; to
 * find an event each of them is asked.
 */
const spanMs = 600_000

const put = `
INSERT INTO traces (span, event_id, user_id, accepted_at, is_pending, data) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (span, event_id, user_id) DO UPDATE SET
  accepted_at = excluded.accepted_at, is_pending = excluded.is_pending, data = excluded.data
WHERE traces.is_pending = 1`

const ofEvent = `
WITH RECURSIVE spans (span) AS (
  SELECT min(span) FROM traces
  UNION ALL
  SELECT (SELECT min(span) FROM traces WHERE span > spans.span) FROM spans WHERE spans.span IS NOT NULL
)
SELECT user_id, accepted_at, data FROM spans CROSS JOIN traces USING (span) WHERE event_id = ? ORDER BY span, user_id`

const dropOldSpans = 'DELETE FROM traces WHERE span < ?'
const dropOld = 'DELETE FROM traces WHERE span = ? AND accepted_at < ?'

/** What became of each event, in SQLite. */
export class SqliteTraceStore implements TraceStore {
  readonly #db: SqliteDatabase

  constructor(db: SqliteDatabase) {
    this.#db = db
  }

  async put(traces: readonly EventTrace[]): Promise<void> {
    await this.#db.write({ sql: put, rows: traces.map(traceCells) })
  }

  /** An event may have been accepted more than once, in several spans: what became of it first stands. */
  async get(eventId: EventId): Promise<readonly EventTrace[]> {
    const found = new Map<UserId, EventTrace>()
    for (const [user, acceptedAt, data] of this.#db.read.all(ofEvent, eventId)) {
      const packed = JSON.parse(data as string) as PackedTrace
      const trace = unpackTrace(eventId, user as UserId, acceptedAt as number, packed)
      const earlier = found.get(trace.user)
      if (!earlier || earlier.state === 'pending') found.set(trace.user, trace)
    }
    return [...found.values()]
  }

  async purge(before: number): Promise<void> {
    const span = spanOf(before)
    await this.#db.write({ sql: dropOldSpans, rows: [[span]] }, { sql: dropOld, rows: [[span, before]] })
  }

  /** The database outlives the port. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

const spanOf = (time: number): number => Math.floor(time / spanMs)

const traceCells = (trace: EventTrace): Row => [
  spanOf(trace.acceptedAt),
  trace.event.eventId,
  trace.user,
  trace.acceptedAt,
  trace.state === 'pending' ? 1 : 0,
  JSON.stringify(packTrace(trace, isEmpty(trace.event.metadata) ? 0 : trace.event.metadata)),
]

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false
  return true
}
