import type { Seams } from '../lib/seams.ts'
import type { Offset, Partition } from '../model/ids.ts'
import type { LogConsumer, LogPoll } from '../ports/event-log.ts'
import { createDue, type Due } from './due.ts'
import { createFlush, type FlushMetrics, type FlushPorts } from './flush.ts'
import { Flusher } from './flusher.ts'
import { type FoldMetrics, RecordFold } from './fold-records.ts'
import { PartitionState } from './partition-state.ts'
import { createPersist } from './persist.ts'
import { Poison } from './poison.ts'
import { oldest } from './polled.ts'
import type { ActivitySettings } from './settings.ts'
import { Settling } from './settling.ts'

export interface AggregatorMetrics extends FlushMetrics, FoldMetrics {
  openWindows(windows: number): void
  /** The log dropped records that were not folded: what they say is missing from the views for good. */
  dropped(records: number): void
}

export const silentMetrics: AggregatorMetrics = {
  applied: () => {},
  openWindows: () => {},
  groupWrites: () => {},
  degraded: () => {},
  parked: () => {},
  dropped: () => {},
}

const askAgainMs = 100

/**
 * The worker that turns the log into groups. One loop owns all partitions of this process: take records, bring what they
 * need into memory, fold them, have what is due written, commit. While a flush is written, folding goes on, up to a
 * bound. Folding is a function of the log alone; when a worker dies, the next one folds again what was not committed, and
 * the positions in the rows tell it what is done.
 *
 * A lost partition's state is dropped unwritten: the new owner starts at the committed offset. A worker that does not know
 * yet that it lost one does no harm, since the stores refuse rows with an older position.
 */
export class Aggregator implements AsyncDisposable {
  readonly #ports: FlushPorts
  readonly #settings: ActivitySettings
  readonly #seams: Seams
  readonly #metrics: AggregatorMetrics
  readonly #states = new Map<Partition, PartitionState>()
  readonly #flusher: Flusher
  readonly #fold: RecordFold
  readonly #due: Due
  readonly #stop = new AbortController()
  #wake = new AbortController()
  readonly #settling: Settling
  #running: Promise<void> | null = null
  /** When the oldest record was appended that is being worked on; nothing while there is none to wait for. */
  #workingOn: number | null = null

  /** `poison` outlives this worker: it knows at which records earlier ones failed. */
  constructor(
    ports: FlushPorts,
    settings: ActivitySettings,
    seams: Seams,
    metrics: AggregatorMetrics,
    poison = new Poison(),
  ) {
    this.#ports = ports
    this.#settings = settings
    this.#seams = seams
    this.#metrics = metrics
    this.#settling = new Settling(ports.log)
    const persist = createPersist(settings.retryBudgetMs, seams, this.#stop.signal, (part, error) =>
      metrics.degraded(part, error),
    )
    const flush = createFlush(ports, settings, seams, metrics, persist)
    this.#due = createDue(settings.flushMs, ports.pubSub, metrics)
    this.#flusher = new Flusher(this.#states, flush, this.#due, poison, seams, () => this.#wake.abort())
    this.#fold = new RecordFold(ports, settings, seams, metrics, {
      states: this.#states,
      flusher: this.#flusher,
      due: this.#due,
      persist,
      poison,
      stop: this.#stop.signal,
    })
  }

  /** Works until disposed of. Rejects when a store fails for good; the caller starts a new worker. */
  run(): Promise<void> {
    this.#running ??= this.#work()
    return this.#running
  }

  /**
   * Resolves when everything that is in the log by now is folded and written, without waiting for `flushMs`; or when the
   * signal says that nobody waits any more.
   */
  settle(signal?: AbortSignal): Promise<void> {
    const settled = this.#settling.wait(signal)
    this.#wake.abort()
    return settled
  }

  get openWindows(): number {
    let windows = 0
    for (const state of this.#states.values()) windows += state.windows.size
    return windows
  }

  /** How long the record that is folded next has been waiting. */
  get behindMs(): number {
    return this.#workingOn === null ? 0 : Math.max(0, this.#seams.clock.now() - this.#workingOn)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wake.abort()
    await this.#running?.catch(() => {})
  }

  async #work(): Promise<void> {
    await using consumer = await this.#ports.log.join()
    try {
      while (!this.#stop.signal.aborted) await this.#turn(consumer)
      await this.#flusher.drain()
      await this.#flusher.start(() => true)
      await this.#flusher.drain()
      await this.#commit(consumer)
    } finally {
      await this.#flusher.ended
      this.#states.clear()
      this.#settling.releaseAll()
    }
  }

  async #turn(consumer: LogConsumer): Promise<void> {
    const waitMs = this.#settling.isWanted ? 0 : this.#waitMs()
    const poll = await consumer.poll(this.#settings.pollRecords, waitMs, this.#wake.signal)
    if (this.#wake.signal.aborted) this.#wake = new AbortController()
    if (poll.dropped) this.#metrics.dropped(poll.dropped)
    this.#workingOn = oldest(poll.records)
    await this.#reassign(consumer, poll)
    const settling = this.#settling.isWanted
    await this.#lookForEnd()
    await this.#seams.failpoint('aggregate.polled')
    await this.#fold.fold(poll.records)
    await this.#seams.failpoint('aggregate.folded')
    if (settling || this.#flusher.folded >= this.#settings.foldAheadMax) await this.#flusher.drain()
    this.#flusher.reap()
    await this.#flusher.start((user, now) => settling || this.#due.dueIn(user, now) <= 0)
    if (settling) await this.#flusher.drain()
    await this.#commit(consumer)
    this.#flusher.letGo()
    // More than was asked for may wait behind a poll that was full.
    if (poll.records.length < this.#settings.pollRecords) this.#workingOn = null
    this.#release()
    this.#settling.release(this.#states)
  }

  async #reassign(consumer: LogConsumer, poll: LogPoll): Promise<void> {
    if (poll.revoked.length > 0) {
      await this.#flusher.drain()
      // What was written need not be folded again by who comes next. A partition that is lost for good is not committed.
      await this.#commit(consumer)
    }
    for (const partition of poll.revoked) {
      this.#states.delete(partition)
      await consumer.release(partition)
    }
    for (const { partition, from } of poll.assigned) this.#states.set(partition, new PartitionState(partition, from))
  }

  /** Who waits is not served before the log can be asked. */
  async #lookForEnd(): Promise<void> {
    try {
      await this.#settling.look(this.#states)
    } catch (error) {
      this.#metrics.degraded('log', error)
      await this.#seams.scheduler.sleep(askAgainMs, this.#stop.signal)
    }
  }

  async #commit(consumer: LogConsumer): Promise<void> {
    const offsets = new Map<Partition, Offset>()
    for (const state of this.#states.values()) {
      const { safe } = state
      if (safe <= state.committed) continue
      offsets.set(state.partition, safe)
      state.committed = safe
    }
    if (offsets.size === 0) return
    await consumer.commit(offsets)
    await this.#seams.failpoint('aggregate.committed')
  }

  #release(): void {
    const now = this.#seams.clock.monotonic()
    const most = Math.ceil(this.#settings.openWindowsMax / Math.max(1, this.#states.size))
    for (const state of this.#states.values()) state.release(now, most)
    this.#metrics.openWindows(this.openWindows)
  }

  /** Until the next flush is due; a while otherwise, so that windows end and lag is told. */
  #waitMs(): number {
    // The end of a flush wakes the loop; what is due waits for it.
    if (this.#flusher.isWriting) return 1_000
    const now = this.#seams.clock.monotonic()
    let wait = 1_000
    for (const state of this.#states.values()) {
      for (const user of state.dirty) wait = Math.min(wait, this.#due.dueIn(user, now))
    }
    return Math.max(0, wait)
  }
}
