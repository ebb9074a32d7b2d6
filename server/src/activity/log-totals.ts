import type { EventLog, LogTotals } from '../ports/event-log.ts'

/** How many records the log has had, and how many of them are in the views: their difference is the lag. */
export async function totalsOf(log: EventLog): Promise<LogTotals> {
  if (log.totals) return log.totals()
  let end = 0
  let committed = 0
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const bounds = await log.bounds(partition)
    end += bounds.end
    committed += bounds.committed
  }
  return { end, committed }
}
