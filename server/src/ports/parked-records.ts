import type { Offset, Partition, UserId } from '../model/ids.ts'

/** Where a record lies in the log. */
export interface RecordPlace {
  readonly epoch: number
  readonly partition: Partition
  readonly offset: Offset
}

export interface ParkedRecord extends RecordPlace {
  readonly user: UserId
  /** When the log took it. */
  readonly appendedAt: number
  /** Why it could not be folded. */
  readonly reason: string
  readonly parkedAt: number
  /** As it lies in the log. */
  readonly bytes: Uint8Array
}

/**
 * Records that the workers cannot fold are set aside, with the reason, so that they hold nobody up and somebody can look
 * at them. They are kept for as long as the log keeps its records, up to a bound; past it the oldest are dropped.
 *
 * Promises, each a case in conformance/parked-records.ts:
 * - A record that is parked is there as it lies in the log, also for another server and after a restart.
 * - A record that is parked twice is there once, as it was parked first.
 * - Records are listed in the order in which they were parked.
 * - What is removed is gone, and may be parked again.
 * - To remove what was never parked does nothing.
 * - A record that the log does not have is not parked.
 */
export interface ParkedRecords {
  /** Copies it from the log; when this resolves it is there until it is removed. */
  park(place: Pick<RecordPlace, 'partition' | 'offset'>, reason: string): Promise<void>
  list(): Promise<readonly ParkedRecord[]>
  remove(places: readonly RecordPlace[]): Promise<void>
}
