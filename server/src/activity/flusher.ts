import type { Clock } from '../lib/seams.ts'
import type { Partition } from '../model/ids.ts'
import type { Due } from './due.ts'
import type { createFlush } from './flush.ts'
import type { FlushJob } from './flush-job.ts'
import type { PartitionState } from './partition-state.ts'
import type { UserFold } from './user-fold.ts'

/** A flush that is under way, or has just ended. */
interface Writing {
  readonly job: FlushJob
  readonly users: readonly UserFold[]
  readonly states: readonly PartitionState[]
  outcome: { readonly ok: true } | { readonly ok: false; readonly error: unknown } | null
  ended: Promise<void>
}

/**
 * Has flushes written one after the other beside the fold. A job is taken whole at one moment; what is folded meanwhile
 * waits for the next, so that the larger the load is, the more is folded into one write.
 */
export class Flusher {
  readonly #states: ReadonlyMap<Partition, PartitionState>
  readonly #flush: ReturnType<typeof createFlush>
  readonly #due: Due
  readonly #clock: Clock
  readonly #onEnd: () => void
  #writing: Writing | null = null
  /** Users of whom something was written since `letGo`. */
  readonly #written: UserFold[] = []
  /** Records folded since the last flush began. */
  folded = 0

  constructor(
    states: ReadonlyMap<Partition, PartitionState>,
    flush: ReturnType<typeof createFlush>,
    due: Due,
    clock: Clock,
    onEnd: () => void,
  ) {
    this.#states = states
    this.#flush = flush
    this.#due = due
    this.#clock = clock
    this.#onEnd = onEnd
  }

  get isWriting(): boolean {
    return this.#writing !== null && !this.#writing.outcome
  }

  /** Resolves, whatever came of it, when the flush under way has ended. */
  get ended(): Promise<void> {
    return this.#writing?.ended ?? Promise.resolve()
  }

  /** Takes what is due and begins to write it. While something is being written, what is due waits for it. */
  start(due: (user: UserFold, now: number) => boolean): void {
    if (this.#writing) return
    const now = this.#clock.monotonic()
    const users: UserFold[] = []
    for (const state of this.#states.values()) {
      for (const user of state.dirty) if (due(user, now)) users.push(user)
    }
    if (users.length > 0) this.#begin(users)
    this.folded = 0
  }

  /** Writes what is folded of a user, after all that is on its way, and waits for it. */
  async flushNow(user: UserFold): Promise<void> {
    await this.drain()
    if (!user.isDirty) return
    this.#begin([user])
    await this.drain()
  }

  #begin(users: readonly UserFold[]): void {
    const states = [...this.#states.values()]
    const taken = new Set(users)
    for (const state of states) {
      for (const user of state.dirty) {
        if (!taken.has(user)) continue
        state.writingFrom = Math.min(state.writingFrom ?? Number.POSITIVE_INFINITY, user.firstDirty ?? state.folded)
        state.dirty.delete(user)
      }
    }
    const now = this.#clock.monotonic()
    for (const user of users) this.#due.taken(user, now)
    const job = this.#flush.take(users, now)
    const writing: Writing = { job, users, states, outcome: null, ended: Promise.resolve() }
    this.#writing = writing
    writing.ended = this.#flush
      .flush(job)
      .then(
        () => {
          writing.outcome = { ok: true }
        },
        (error: unknown) => {
          writing.outcome = { ok: false, error }
        },
      )
      .finally(this.#onEnd)
  }

  /** Takes note of what was written. In the loop alone: registers must not go away under a fold. */
  reap(): void {
    const { job, users, states, outcome } = this.#writing ?? {}
    if (!outcome) return
    this.#writing = null
    if (!outcome.ok) throw outcome.error
    job?.done()
    for (const state of states ?? []) state.writingFrom = null
    if (users) this.#written.push(...users)
  }

  /** Forgets the users of whom nothing is left in memory. Between two folds: a fold may hold on to one. */
  letGo(): void {
    for (const user of this.#written.splice(0)) {
      for (const state of this.#states.values()) if (state.users.get(user.user) === user) state.releaseUser(user)
    }
  }

  /** Waits for what is being written. */
  async drain(): Promise<void> {
    await this.#writing?.ended
    this.reap()
  }
}
