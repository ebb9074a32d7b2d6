import type { Seams } from '../lib/seams.ts'
import type { Partition, UserId } from '../model/ids.ts'
import type { Due } from './due.ts'
import type { createFlush } from './flush.ts'
import type { FlushJob } from './flush-job.ts'
import type { PartitionState } from './partition-state.ts'
import type { Poison } from './poison.ts'
import { RefusedWrite } from './refused-write.ts'
import type { UserFold } from './user-fold.ts'

/** A flush that is under way, or has just ended. */
interface Writing {
  readonly jobs: FlushJob[]
  readonly users: readonly UserFold[]
  readonly states: readonly PartitionState[]
  outcome: { readonly ok: true } | { readonly ok: false; readonly error: unknown } | null
  ended: Promise<void>
}

/**
 * Has flushes written one after the other beside the fold. What is folded while one is written waits for the next, so that
 * the larger the load is, the more is folded into one write. A flush of many users is several jobs, written together: what
 * is folded of one user is always in one of them.
 */
export class Flusher {
  readonly #states: ReadonlyMap<Partition, PartitionState>
  readonly #flush: ReturnType<typeof createFlush>
  readonly #due: Due
  readonly #poison: Poison
  readonly #seams: Pick<Seams, 'clock' | 'scheduler'>
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
    poison: Poison,
    seams: Pick<Seams, 'clock' | 'scheduler'>,
    onEnd: () => void,
  ) {
    this.#states = states
    this.#flush = flush
    this.#due = due
    this.#poison = poison
    this.#seams = seams
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
  async start(due: (user: UserFold, now: number) => boolean): Promise<void> {
    if (this.#writing) return
    const now = this.#seams.clock.monotonic()
    const users: UserFold[] = []
    for (const state of this.#states.values()) {
      for (const user of state.dirty) if (due(user, now)) users.push(user)
    }
    if (users.length > 0) await this.#begin(users)
    this.folded = 0
  }

  /** Writes what is folded of a user, after all that is on its way, and waits for it. */
  async flushNow(user: UserFold): Promise<void> {
    await this.drain()
    if (!user.isDirty) return
    await this.#begin([user])
    await this.drain()
  }

  async #begin(users: readonly UserFold[]): Promise<void> {
    const states = [...this.#states.values()]
    const writing: Writing = { jobs: [], users, states, outcome: null, ended: Promise.resolve() }
    this.#writing = writing
    const failures: unknown[] = []
    for (const part of partsOf(users, this.#flush.takenAtOnce)) {
      if (writing.jobs.length > 0) await this.#seams.scheduler.breathe?.()
      const job = this.#take(part, states)
      writing.jobs.push(job)
      const written = this.#flush.flush(job).catch((error: unknown) => void failures.push(error))
      writing.ended = Promise.all([writing.ended, written]).then(() => {})
    }
    writing.ended = writing.ended
      .then(() => {
        writing.outcome = failures.length === 0 ? { ok: true } : { ok: false, error: failures[0] }
      })
      .finally(this.#onEnd)
  }

  #take(users: readonly UserFold[], states: readonly PartitionState[]): FlushJob {
    for (const state of states) {
      for (const user of users) {
        if (!state.dirty.delete(user)) continue
        state.writingFrom = Math.min(state.writingFrom ?? Number.POSITIVE_INFINITY, user.firstDirty ?? state.folded)
      }
    }
    const now = this.#seams.clock.monotonic()
    for (const user of users) this.#due.taken(user, now)
    return this.#flush.take(users, now)
  }

  /** Takes note of what was written. In the loop alone: registers must not go away under a fold. */
  reap(): void {
    const { jobs, users, states, outcome } = this.#writing ?? {}
    if (!outcome) return
    this.#writing = null
    if (!outcome.ok) {
      if (outcome.error instanceof RefusedWrite) this.#accuse(outcome.error.user, states ?? [])
      throw outcome.error
    }
    this.#poison.written()
    for (const job of jobs ?? []) job.done()
    for (const state of states ?? []) state.writingFrom = null
    if (users) this.#written.push(...users)
  }

  #accuse(user: UserId, states: readonly PartitionState[]): void {
    for (const { users, folded } of states) if (users.has(user)) this.#poison.suspect(user, folded)
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

/** `most`: rows and traces of a part; one user may have more. */
function partsOf(users: readonly UserFold[], most: number): UserFold[][] {
  const parts: UserFold[][] = []
  let room = 0
  for (const user of users) {
    if (room <= 0) {
      parts.push([])
      room = most
    }
    parts.at(-1)?.push(user)
    room -= 1 + user.dirty.size + user.traces.length
  }
  return parts
}
