import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import { decodeLogValue } from '../../model/log-codec.ts'
import type { LogRecord } from '../../model/log-record.ts'
import { toSeq } from '../../model/position.ts'
import type { LogConsumer, LogPoll } from '../../ports/event-log.ts'
import type { FetchedRecord, FetchSink, KafkaFetcher, KafkaMember } from './client.ts'
import { LogCommits } from './log-commits.ts'
import { groupOf } from './log-epoch.ts'
import { FetchedRecords, newShare, type Share } from './log-shares.ts'
import type { Kafka } from './open.ts'

export interface ConsumerSettings {
  /** A worker that is silent, or does not let go of a partition, for longer is passed over. */
  readonly patienceMs: number
  readonly heartbeatMs: number
  /** Between two commits. */
  readonly commitMs: number
  readonly bufferBytes: number
  readonly bufferRecords: number
}

/** Heartbeats that may be missing before a poll asks whether this is still a member. */
const missing = 3
/** For so long nobody asks again after the group could not be reached. */
const graceMs = 5_000
const retryMs = 100
const nothing = new Uint8Array()

/** One worker's share of the log: a member of the group, and a fetch of what the group gave it. */
export class KafkaLogConsumer implements LogConsumer, FetchSink {
  readonly #kafka: Kafka
  readonly #seams: Seams
  readonly #settings: ConsumerSettings
  readonly #left: () => void
  readonly #member: KafkaMember
  readonly #fetcher: KafkaFetcher
  readonly #shares = new Map<Partition, Share>()
  readonly #buffer: FetchedRecords
  readonly #commits: LogCommits
  /** Lost, and the worker is not told yet. */
  #losses: Partition[] = []
  #term = 0
  #calledAt: number
  #polls = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #waiting = new Set<() => void>()
  #watch: Disposable
  #lostRecords = false
  /** Not told by a poll yet. */
  #dropped = 0
  #closed = false

  constructor(kafka: Kafka, settings: ConsumerSettings, seams: Seams, left: () => void) {
    this.#kafka = kafka
    this.#settings = settings
    this.#seams = seams
    this.#left = left
    this.#calledAt = this.#now()
    this.#buffer = new FetchedRecords(settings.bufferBytes, settings.bufferRecords)
    this.#commits = new LogCommits((offsets) => this.#commit(offsets), settings.commitMs, seams)
    this.#fetcher = kafka.client.fetcher(kafka.topic, this)
    const membership = { rebalanceTimeoutMs: settings.patienceMs, heartbeatMs: settings.heartbeatMs }
    this.#member = kafka.client.member(groupOf(kafka.topic, kafka.epoch), kafka.topic, membership, () => this.#deal())
    this.#watch = seams.scheduler.every(settings.patienceMs / 4, () => this.#lookForSilence())
  }

  async poll(maxRecords: number, maxWaitMs: number, signal?: AbortSignal): Promise<LogPoll> {
    const until = this.#now() + maxWaitMs
    this.#member.rejoin()
    this.#polls++
    try {
      for (;;) {
        const most = (await this.#isSure()) ? maxRecords : 0
        // Not an empty answer: whoever polls in a loop would never let go of the thread.
        if (this.#closed || this.#lostRecords) throw this.#unavailable()
        const poll = this.#look(most)
        const something = poll.assigned.length + poll.revoked.length + poll.records.length > 0
        const waitMs = until - this.#now()
        if (something || waitMs <= 0 || signal?.aborted) return poll
        await this.#change(waitMs, signal)
      }
    } finally {
      this.#polls--
      this.#calledAt = this.#now()
    }
  }

  async commit(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    this.#calledAt = this.#now()
    await this.#commits.add(new Map([...offsets].filter(([partition, offset]) => this.#mayCommit(partition, offset))))
  }

  async release(partition: Partition): Promise<void> {
    this.#calledAt = this.#now()
    const share = this.#shares.get(partition)
    if (share?.state !== 'leaving') return
    // The next owner begins at what is committed. If that fails it begins earlier.
    if (this.#commits.has(partition)) await this.#commits.flush().catch(() => {})
    if (this.#shares.get(partition) !== share) return
    this.#shares.delete(partition)
    this.#member.release([partition])
    this.#deal()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watch[Symbol.dispose]()
    this.#wake()
    this.#fetcher.stop([...this.#shares.keys()])
    await this.#commits.flush().catch(() => {})
    this.#shares.clear()
    await Promise.all([this.#member[Symbol.asyncDispose](), this.#fetcher[Symbol.asyncDispose]()])
    this.#left()
  }

  room(): number {
    return this.#buffer.room
  }

  take(partition: Partition, records: readonly FetchedRecord[]): void {
    const share = this.#shares.get(partition)
    if (!share || share.state === 'leaving') return
    this.#buffer.add(share, records)
    this.#wake()
  }

  dropped(records: number): void {
    this.#dropped += records
  }

  lost(): void {
    this.#lostRecords = true
    this.#wake()
  }

  #look(maxRecords: number): LogPoll {
    const revoked = this.#losses
    this.#losses = []
    const assigned: { partition: Partition; from: Offset }[] = []
    for (const share of this.#shares.values()) {
      if (share.state !== 'ready') continue
      share.state = 'owned'
      assigned.push({ partition: share.partition, from: share.from })
    }
    const records: LogRecord[] = []
    if (this.#buffer.take(maxRecords, (partition, record) => records.push(this.#read(partition, record))) > 0) {
      if (this.#buffer.room > 0) this.#fetcher.resume()
    }
    const dropped = this.#dropped
    this.#dropped = 0
    return { assigned, revoked, records, ...(dropped > 0 && { dropped }) }
  }

  #read(partition: Partition, { offset, appendedAt, key, value }: FetchedRecord): LogRecord {
    return {
      partition,
      offset,
      seq: toSeq(this.#kafka.epoch, offset),
      appendedAt,
      value: decodeLogValue(value ?? nothing, key),
    }
  }

  /** What the group wants against what is here. */
  #deal(): void {
    if (this.#closed) return
    const { target, term } = this.#member
    if (term !== this.#term) {
      this.#term = term
      this.#giveUp([...this.#shares.values()], false)
    }
    this.#giveUp(
      [...this.#shares.values()].filter(({ partition, state }) => !target.has(partition) && state !== 'leaving'),
      true,
    )
    const gained = [...target].filter((partition) => !this.#shares.has(partition))
    if (gained.length > 0) {
      this.#member.hold(gained)
      void this.#begin(gained.map((partition) => this.#share(partition)))
    }
    this.#wake()
  }

  #share(partition: Partition): Share {
    const share = newShare(partition)
    this.#shares.set(partition, share)
    return share
  }

  /** `held`: the group waits until they are let go. */
  #giveUp(shares: readonly Share[], held: boolean): void {
    if (shares.length === 0) return
    this.#fetcher.stop(shares.map(({ partition }) => partition))
    const untold: Partition[] = []
    for (const share of shares) {
      const told = share.state === 'owned'
      this.#buffer.drop(share)
      if (told) this.#losses.push(share.partition)
      if (told && held) {
        share.state = 'leaving'
        continue
      }
      if (!told && held) untold.push(share.partition)
      this.#commits.forget(share.partition)
      this.#shares.delete(share.partition)
    }
    if (untold.length > 0) this.#member.release(untold)
    this.#fetcher.resume()
  }

  /** Where to begin: at what is committed, or where the log starts by now. */
  async #begin(shares: readonly Share[]): Promise<void> {
    const { client, topic, epoch } = this.#kafka
    const partitions = shares.map(({ partition }) => partition)
    const here = () => shares.filter((share) => this.#shares.get(share.partition) === share && !this.#closed)
    while (here().length > 0) {
      try {
        const [committed, starts] = await Promise.all([
          client.committed(groupOf(topic, epoch), topic, partitions),
          client.offsets(topic, 'start', partitions),
        ])
        const ready = here()
        for (const share of ready) {
          const known = committed.get(share.partition)
          share.committed = known ?? 0
          share.from = Math.max(share.committed, starts.get(share.partition) ?? 0)
          // Where nothing is committed nobody knows what was folded.
          if (known !== undefined) this.dropped(share.from - known)
          share.state = 'ready'
        }
        this.#fetcher.start(new Map(ready.map(({ partition, from }) => [partition, from])))
        this.#wake()
        return
      } catch {
        await this.#seams.scheduler.sleep(retryMs)
      }
    }
  }

  /**
   * After a long pause, as of a process that was stopped, this may not be a member any more: the group is asked before
   * anything is given that was fetched before. A group that cannot be reached holds nobody up: then the fence of the views
   * is what is left.
   */
  async #isSure(): Promise<boolean> {
    const now = this.#now()
    if (now - this.#member.heardAt < missing * this.#settings.heartbeatMs || now - this.#askedAt < graceMs) return true
    if (!(await this.#member.beat())) return false
    this.#askedAt = this.#now()
    return true
  }

  #mayCommit(partition: Partition, offset: Offset): boolean {
    const share = this.#shares.get(partition)
    return share !== undefined && (share.state === 'owned' || share.state === 'leaving') && offset > share.committed
  }

  async #commit(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    const mine = new Map([...offsets].filter(([partition, offset]) => this.#mayCommit(partition, offset)))
    const shares = [...mine].map(([partition, offset]) => [this.#shares.get(partition) as Share, offset] as const)
    if (mine.size === 0) return
    try {
      if (!(await this.#member.commit(mine))) return
    } catch (error) {
      throw this.#unavailable(error)
    }
    for (const [share, offset] of shares) share.committed = Math.max(share.committed, offset)
  }

  /** Heartbeats go on by themselves: a worker that does not come back for its records leaves the group. */
  #lookForSilence(): void {
    if (this.#polls > 0 || this.#now() - this.#calledAt <= this.#settings.patienceMs) return
    void this.#member.leave()
  }

  async #change(ms: number, signal?: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const wake = () => stop.abort()
    this.#waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await this.#seams.scheduler.sleep(Math.min(ms, 2 ** 30), stop.signal)
    this.#waiting.delete(wake)
    signal?.removeEventListener('abort', wake)
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #unavailable(cause?: unknown): HeadwaterError {
    return new HeadwaterError('store_unavailable', {
      retryAfterS: 1,
      cause,
      ...(this.#lostRecords ? { detail: 'The log lost records; a restart begins a new epoch' } : {}),
    })
  }

  #now(): number {
    return this.#seams.clock.monotonic()
  }
}
