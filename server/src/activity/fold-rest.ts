import type { Seams } from '../lib/seams.ts'
import { Aggregator } from './aggregate.ts'
import type { FlushPorts } from './flush.ts'
import type { ActivitySettings } from './settings.ts'

export interface FoldRestReport {
  readonly events: number
  /** Records that could not be read, and were passed over. */
  readonly unreadable: number
}

/** Folds what is in the log and not in the views yet; rejects where a store fails. Nobody else may work on the log. */
export async function foldRest(ports: FlushPorts, settings: ActivitySettings, seams: Seams): Promise<FoldRestReport> {
  const report = { events: 0, unreadable: 0 }
  await using aggregator = new Aggregator(ports, settings, seams, {
    applied: (events) => {
      report.events += events
    },
    openWindows: () => {},
    groupWrites: () => {},
    degraded: () => {},
    parked: () => {
      report.unreadable++
    },
    dropped: () => {},
  })
  const running = aggregator.run()
  await Promise.race([running, aggregator.settle()])
  await aggregator[Symbol.asyncDispose]()
  await running
  for (let partition = 0; partition < ports.log.info.partitions; partition++) {
    const { committed, end } = await ports.log.bounds(partition)
    if (committed < end) throw new Error(`partition ${partition} is folded up to ${committed} of ${end}`)
  }
  return report
}
