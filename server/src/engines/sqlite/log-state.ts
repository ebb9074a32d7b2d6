import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import type { LogRecord } from '../../model/log-record.ts'
import type { LogInfo } from '../../ports/event-log.ts'
import type { Command } from './commands.ts'
import type { SqliteDatabase } from './database.ts'
import type { LoadedLog } from './log-info.ts'
import type { LogPartition } from './log-partition.ts'
import { LogShares, type Share, type Worker } from './log-shares.ts'
import { raiseBounds, readRecords } from './log-table.ts'

/** A commit that no other write takes along is written after this long; what a crash forgets is folded again. */
const commitMs = 500

/** One log in one process: what its ports and workers share. */
export class LogState {
  readonly info: LogInfo
  readonly parts: readonly LogPartition[]
  readonly #db: SqliteDatabase
  readonly #seams: Seams
  readonly #shares: LogShares
  readonly #waiting = new Set<() => void>()
  readonly #unsaved = new Set<LogPartition>()
  readonly #companion: Disposable
  #saving: Disposable | undefined

  constructor(db: SqliteDatabase, { info, parts }: LoadedLog, seams: Seams, patienceMs: number) {
    this.#db = db
    this.info = info
    this.parts = parts
    this.#seams = seams
    this.#shares = new LogShares(info.partitions, patienceMs)
    this.#companion = db.writer.accompany(() => this.#takeCommits())
  }

  get lag(): number {
    return this.parts.reduce((sum, part) => sum + part.lag, 0)
  }

  get shares(): readonly Share[] {
    return this.#shares.shares
  }

  part(partition: Partition): LogPartition {
    const part = this.parts[partition]
    if (!part) throw new RangeError(`there is no partition ${partition}`)
    return part
  }

  has(worker: Worker): boolean {
    return this.#shares.has(worker)
  }

  join(worker: Worker, now: number): void {
    this.#shares.join(worker, now)
    this.settle(now)
    this.wake()
  }

  leave(worker: Worker, now: number): void {
    this.#shares.leave(worker, now)
    this.settle(now)
    this.wake()
  }

  letGo(share: Share, now: number): void {
    this.#shares.letGo(share)
    this.settle(now)
  }

  settle(now: number): void {
    if (this.#shares.settle(now).length > 0) this.wake()
  }

  read(partition: Partition, from: Offset, end: Offset, limit: number): LogRecord[] {
    return readRecords(this.#db.read, this.info.epoch, partition, from, end, limit)
  }

  take(partition: Partition, limit: number): readonly LogRecord[] {
    return this.part(partition).take(limit, (from, end) => this.read(partition, from, end, limit))
  }

  commit(partition: Partition, offset: Offset): void {
    const part = this.part(partition)
    const committed = Math.min(offset, part.end)
    if (committed <= part.committed) return
    part.committed = committed
    this.#unsaved.add(part)
    this.#saving ??= this.#seams.scheduler.after(commitMs, () => {
      this.#saving = undefined
      this.saveCommits().catch(() => {
        // The next commit tries again, and a restart folds from the older one.
      })
    })
  }

  async saveCommits(): Promise<void> {
    const command = this.#takeCommits()
    if (command) await this.#db.write(...command)
  }

  /** Resolves when something happened that a poll should look at, at the latest after `ms`. */
  async change(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const stop = new AbortController()
    const wake = () => stop.abort()
    this.#waiting.add(wake)
    signal?.addEventListener('abort', wake, { once: true })
    await this.#seams.scheduler.sleep(ms, stop.signal)
    this.#waiting.delete(wake)
    signal?.removeEventListener('abort', wake)
  }

  wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Saves what is committed. */
  async close(): Promise<void> {
    this.#saving?.[Symbol.dispose]()
    this.#companion[Symbol.dispose]()
    await this.saveCommits().catch(() => {
      // Nothing is lost: the next start folds again what was not saved.
    })
  }

  #takeCommits(): Command | undefined {
    if (this.#unsaved.size === 0) return undefined
    const command = [raiseBounds([...this.#unsaved])]
    this.#unsaved.clear()
    this.#saving?.[Symbol.dispose]()
    this.#saving = undefined
    return command
  }
}
