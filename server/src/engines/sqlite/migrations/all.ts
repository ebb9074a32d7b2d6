import { activity } from './0001-activity.ts'
import { logBatches } from './0002-log-batches.ts'
import { erasurePositions } from './0003-erasure-positions.ts'
import { parkedRecords } from './0004-parked-records.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

/** In order, without gaps. One that was released never changes; what is new comes behind it. */
export const migrations: readonly Migration[] = [activity, logBatches, erasurePositions, parkedRecords]
