import type { Seams } from '../lib/seams.ts'
import type { FlushPorts } from './flush.ts'
import { foldToEnd } from './fold-to-end.ts'
import type { ActivitySettings } from './settings.ts'

export interface FoldRestReport {
  readonly events: number
  /** Records that could not be read, and were passed over. */
  readonly unreadable: number
}

/** Folds what is in the log and not in the views yet; rejects where a store fails. Nobody else may work on the log. */
export async function foldRest(ports: FlushPorts, settings: ActivitySettings, seams: Seams): Promise<FoldRestReport> {
  const report = { events: 0, unreadable: 0 }
  await foldToEnd(ports, settings, seams, {
    applied: (events) => {
      report.events += events
    },
    parked: () => {
      report.unreadable++
    },
  })
  return report
}
