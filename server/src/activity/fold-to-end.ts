import type { Seams } from '../lib/seams.ts'
import { Aggregator, type AggregatorMetrics, silentMetrics } from './aggregate.ts'
import type { FlushPorts } from './flush.ts'
import { isFolded } from './log-bounds.ts'
import type { ActivitySettings } from './settings.ts'

/** One for what is there, one for what a worker appends itself, and some more before somebody is told. */
const roundsMax = 1_000

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
  await using aggregator = new Aggregator(ports, settings, seams, { ...silentMetrics, ...metrics })
  const running = aggregator.run()
  for (let rounds = 1; ; rounds++) {
    await Promise.race([running, aggregator.settle()])
    if (await isFolded(ports.log)) break
    if (rounds >= roundsMax) throw new Error('The log cannot be folded to its end')
  }
  await aggregator[Symbol.asyncDispose]()
  await running
}
