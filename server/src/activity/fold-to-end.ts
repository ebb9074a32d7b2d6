import type { Seams } from '../lib/seams.ts'
import { Aggregator, type AggregatorMetrics } from './aggregate.ts'
import type { FlushPorts } from './flush.ts'
import { boundsNow } from './log-bounds.ts'
import type { ActivitySettings } from './settings.ts'

const nobodyListens: AggregatorMetrics = {
  applied: () => {},
  openWindows: () => {},
  groupWrites: () => {},
  degraded: () => {},
  parked: () => {},
  dropped: () => {},
}

/**
 * Folds the log to its end, with what a worker appends itself meanwhile. Rejects where a store fails. Nobody else may work
 * on the log.
 */
export async function foldToEnd(
  ports: FlushPorts,
  settings: ActivitySettings,
  seams: Seams,
  metrics: Partial<AggregatorMetrics>,
): Promise<void> {
  await using aggregator = new Aggregator(ports, settings, seams, { ...nobodyListens, ...metrics })
  const running = aggregator.run()
  do await Promise.race([running, aggregator.settle()])
  while ((await boundsNow(ports.log)).some(({ start, end, committed }) => Math.max(start, committed) < end))
  await aggregator[Symbol.asyncDispose]()
  await running
}
