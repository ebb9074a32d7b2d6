import type { Offset, Partition, Seq, UserId } from '../model/ids.ts'
import type { LogRecord, LogValue } from '../model/log-record.ts'

/**
 * The truth: every record that changes a user's stream, in the order in which it was accepted. A user's records lie in one
 * partition. Whoever owns a partition folds it into the views.
 *
 * Promises, each a case in conformance/event-log.ts:
 * - A record whose append returned as stored is still there after close and reopen.
 * - Records of one user are read in the order of their offsets, and an offset never changes its record.
 * - Once a reader has seen offset n of a partition, no record with a smaller offset appears later.
 * - Records appended in one call for one user keep their order.
 * - `appendedAt` is part of the record: every read gives the same.
 * - Two owners of one partition at a time are possible only while one of them has not yet heard of its loss.
 * - A new owner starts at the committed offset; a commit never goes back.
 * - A position says which epoch it belongs to; a log that lost or re-dealt its records has a higher epoch.
 * - Reading below what is kept says where the log starts.
 */
export interface EventLog extends AsyncDisposable {
  readonly info: LogInfo
  partitionOf(user: UserId): Partition
  /**
   * Stores the values; resolves when they are durable. A value whose outcome is unknown may be stored, now or later: the
   * same value again is safe. Rejects with a HeadwaterError (`overloaded`, `ingest_unavailable`, `storage_full`) when
   * nothing was stored.
   */
  append(values: readonly LogValue[]): Promise<readonly AppendOutcome[]>
  read(partition: Partition, from: Offset, limit: number): Promise<LogPage>
  bounds(partition: Partition): Promise<LogBounds>
  /** Of all partitions, perhaps a second old; left out where asking for each partition costs nothing. */
  allBounds?(): Promise<ReadonlyMap<Partition, LogBounds>>
  /** Joins the workers that share the partitions among them. */
  join(): Promise<LogConsumer>
  /** Drops records appended before `time` that are committed. */
  trim(time: number): Promise<void>
}

export interface LogInfo {
  /** The wire's `epoch`: changes when positions were lost. */
  readonly epochName: string
  readonly epoch: number
  readonly partitions: number
}

export type AppendOutcome =
  | { readonly stored: true; readonly seq: Seq; readonly appendedAt: number }
  | { readonly stored: 'unknown' }

export interface LogPage {
  readonly records: readonly LogRecord[]
  /** Read on from here. */
  readonly next: Offset
}

export interface LogBounds {
  /** The oldest offset that is kept. */
  readonly start: Offset
  /** One past the newest. */
  readonly end: Offset
  /** Below it everything is in the views. */
  readonly committed: Offset
}

/**
 * One worker's share of the log. `poll` tells of partitions gained and lost together with the records, so that a worker
 * learns of a loss before it is given anything that was read after it.
 */
export interface LogConsumer extends AsyncDisposable {
  /**
   * Up to `maxRecords` records of owned partitions, as soon as there are any or something changed, else after `maxWaitMs`.
   * Records of one partition come in order, each once, from the offset that `assigned` named. Rejects when it is closed,
   * also while it waits.
   */
  poll(maxRecords: number, maxWaitMs: number, signal?: AbortSignal): Promise<LogPoll>
  /** Everything below `offset` is in the views. Ignored for a partition that is no longer owned. */
  commit(offsets: ReadonlyMap<Partition, Offset>): Promise<void>
  /** The worker has let go of a revoked partition; another may have it from now on. */
  release(partition: Partition): Promise<void>
}

export interface LogPoll {
  readonly assigned: readonly { readonly partition: Partition; readonly from: Offset }[]
  readonly revoked: readonly Partition[]
  readonly records: readonly LogRecord[]
  /** How many records a log with a retention of its own dropped since the last poll before anybody folded them. */
  readonly dropped?: number
}
