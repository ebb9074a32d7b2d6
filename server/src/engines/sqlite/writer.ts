import { Worker } from 'node:worker_threads'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import { bytesIn, type Command, type CommandOutcome, type StepResult } from './commands.ts'
import { errorOf, refusal } from './sqlite-errors.ts'
import type { FromWriter, ToWriter, WriterSettings } from './writer-thread.ts'

interface Pending {
  readonly bytes: number
  resolve(results: readonly StepResult[]): void
  reject(error: Error): void
}

export interface QueueLimits {
  readonly maxCommands: number
  readonly maxBytes: number
}

/** Each changes something: SQLite leaves out a write that would not. */
const countProbe = 'INSERT INTO probes (one, count) VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET count = count + 1'

/** After this long without a write the write-ahead log is cut to nothing. */
const idleMs = 5_000

const startThread = () => new Worker(new URL('./writer-thread.ts', import.meta.url), { name: 'sqlite-writer' })

/**
 * The main thread's side of the writing thread: collects the commands of a tick and posts them as one message. A promise
 * resolves after the fsync that holds its command. The queue is bounded; past it callers are told `overloaded`.
 */
export class Writer implements AsyncDisposable {
  readonly #worker: Worker
  readonly #seams: Seams
  readonly #limits: QueueLimits
  #collected: Command[] = []
  /** Posted or collected, in order; answered from the front. */
  readonly #pending: Pending[] = []
  #answered = 0
  #bytes = 0
  #state: 'opening' | 'open' | 'closing' | 'dead' = 'opening'
  #idle: Disposable | undefined
  #wroteSinceIdle = false
  #opened: { resolve(): void; reject(error: Error): void } | undefined
  readonly #exited: Promise<void>
  readonly #companions = new Set<() => Command | undefined>()

  constructor(seams: Seams, limits: QueueLimits, worker = startThread()) {
    this.#seams = seams
    this.#limits = limits
    this.#worker = worker
    this.#worker.on('message', (message: FromWriter) => this.#take(message))
    this.#worker.on('error', (error) => this.#die(error as Error))
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#die(new Error('the writing thread ended'))
        resolve()
      })
    })
  }

  open(settings: WriterSettings): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'dead') return reject(refusal('The writing thread cannot be started'))
      this.#opened = { resolve, reject }
      this.#post({ kind: 'open', settings })
    })
  }

  get queuedCommands(): number {
    return this.#pending.length - this.#answered
  }

  get queuedBytes(): number {
    return this.#bytes
  }

  /** Stores the command: all steps or none. */
  run(command: Command): Promise<readonly StepResult[]> {
    if (this.#state !== 'open') return Promise.reject(new HeadwaterError('store_unavailable', { retryAfterS: 1 }))
    const bytes = bytesIn(command)
    const full = this.queuedCommands >= this.#limits.maxCommands || this.#bytes + bytes > this.#limits.maxBytes
    if (full && this.queuedCommands > 0) {
      return Promise.reject(new HeadwaterError('overloaded', { retryAfterS: 1, detail: 'Too many writes are waiting' }))
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ bytes, resolve, reject })
      this.#bytes += bytes
      this.#collected.push(command)
      if (this.#collected.length === 1) queueMicrotask(() => this.#postCollected())
    })
  }

  /** Writes and syncs something that nobody reads: rejects when nothing can be stored now. */
  async probe(): Promise<void> {
    await this.run([{ sql: countProbe, rows: [[]] }])
  }

  /** Something small that is not urgent: `take` is asked whenever commands are posted, and its command goes with them. */
  accompany(take: () => Command | undefined): Disposable {
    this.#companions.add(take)
    return { [Symbol.dispose]: () => void this.#companions.delete(take) }
  }

  /** Answers what was asked before, then ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle?.[Symbol.dispose]()
    if (this.#state === 'opening' || this.#state === 'open') {
      this.#postCollected()
      this.#state = 'closing'
      this.#post({ kind: 'close' })
    }
    await this.#exited
  }

  #postCollected(): void {
    if (this.#collected.length === 0 || this.#state !== 'open') return
    for (const take of this.#companions) {
      const command = take()
      if (!command) continue
      this.#collected.push(command)
      this.#pending.push({ bytes: 0, resolve() {}, reject() {} })
    }
    const commands = this.#collected
    try {
      this.#post({ kind: 'write', commands })
    } catch (error) {
      // A value that no thread can be given; nothing was posted.
      this.#refuse(commands.length, new HeadwaterError('internal', { cause: error }))
      return
    }
    this.#collected = []
    this.#wroteSinceIdle = true
    this.#idle ??= this.#seams.scheduler.after(idleMs, () => this.#tendIdle())
  }

  #tendIdle(): void {
    const idle = !this.#wroteSinceIdle && this.queuedCommands === 0
    this.#wroteSinceIdle = false
    if (idle) {
      this.#idle = undefined
      this.#post({ kind: 'truncate' })
    } else this.#idle = this.#seams.scheduler.after(idleMs, () => this.#tendIdle())
  }

  #take(message: FromWriter): void {
    if (message.kind === 'outcomes') for (const outcome of message.outcomes) this.#settle(outcome)
    else if (message.kind === 'opened') {
      this.#state = 'open'
      this.#opened?.resolve()
    } else {
      const { code, detail, cause } = message
      this.#opened?.reject(new HeadwaterError(code, { detail, cause: new Error(cause) }))
    }
  }

  #settle(outcome: CommandOutcome): void {
    const pending = this.#pending[this.#answered++]
    // Cut off in pieces: a shift per answer would move the whole queue each time.
    if (this.#answered === this.#pending.length || this.#answered > 10_000) {
      this.#pending.splice(0, this.#answered)
      this.#answered = 0
    }
    if (!pending) return
    this.#bytes -= pending.bytes
    if ('failure' in outcome) pending.reject(errorOf(outcome.failure))
    else pending.resolve(outcome.results)
  }

  #post(message: ToWriter): void {
    if (this.#state !== 'dead') this.#worker.postMessage(message)
  }

  /** What was posted may be stored; what was not is not. */
  #die(cause: Error): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#idle?.[Symbol.dispose]()
    this.#opened?.reject(refusal('The writing thread cannot be started', cause))
    this.#refuse(this.#collected.length, new HeadwaterError('store_unavailable', { cause, retryAfterS: 1 }))
    this.#refuse(this.queuedCommands, new UnknownOutcome('the writing thread ended', { cause }))
  }

  /** Rejects the last commands of the queue. */
  #refuse(count: number, error: Error): void {
    this.#collected = []
    for (const pending of this.#pending.splice(this.#pending.length - count)) {
      this.#bytes -= pending.bytes
      pending.reject(error)
    }
  }
}
