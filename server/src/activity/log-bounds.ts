import type { Seq } from '../model/ids.ts'
import { toSeq } from '../model/position.ts'
import type { EventLog, LogBounds } from '../ports/event-log.ts'

// Together: a log behind a network answers many questions in one request.
export const boundsNow = (log: EventLog): Promise<readonly LogBounds[]> =>
  Promise.all(Array.from({ length: log.info.partitions }, (_, partition) => log.bounds(partition)))

/** Whether everything in the log is in the views. */
export const isFolded = async (log: EventLog): Promise<boolean> =>
  (await boundsNow(log)).every(({ start, end, committed }) => Math.max(start, committed) >= end)

/** By partition, the position of the next record: what the log has now lies below. */
export const nextSeqs = (log: EventLog, bounds: readonly LogBounds[]): readonly Seq[] =>
  bounds.map(({ end }) => toSeq(log.info.epoch, end))
