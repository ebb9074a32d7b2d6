import type { Offset, Partition } from '../model/ids.ts'
import type { EventLog, LogBounds } from '../ports/event-log.ts'
import { boundsNow } from './log-bounds.ts'

/** How far the log goes in each partition, and how much of that is in the views. */
export async function positionsOf(log: EventLog): Promise<ReadonlyMap<Partition, LogPosition>> {
  const all = log.allBounds ? await log.allBounds() : (await boundsNow(log)).entries()
  // What was dropped before anyone committed it waits for nobody.
  return new Map(
    [...all].map(([partition, { start, end, committed }]) => [
      partition,
      { end, committed: Math.max(start, committed) },
    ]),
  )
}

export type LogPosition = Pick<LogBounds, 'end' | 'committed'>

/** How many records the log has had, and how many of them are in the views: their difference is the lag. */
export async function totalsOf(log: EventLog): Promise<{ readonly end: Offset; readonly committed: Offset }> {
  const totals = { end: 0, committed: 0 }
  for (const { end, committed } of (await positionsOf(log)).values()) {
    totals.end += end
    totals.committed += committed
  }
  return totals
}
