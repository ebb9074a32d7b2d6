import { LRUCache } from 'lru-cache'
import type { Offset, Partition, UserId } from '../model/ids.ts'
import { type LogRecord, userOf } from '../model/log-record.ts'
import { isOfStore } from './persist.ts'
import { RefusedWrite } from './refused-write.ts'
import { StaleView } from './stale-view.ts'

/** How often a record may fail before it is set aside. */
const triesMax = 5
/** More than that, and it is hardly the records. */
const inARowMax = 10
/** Far more than lie between what is folded and what is committed. */
const asideMax = 10_000

interface Failures {
  readonly offset: Offset
  readonly times: number
  readonly reason: string
}

/**
 * The record of each partition at which the worker failed last, over its lives: one that fails again and again is not
 * tried for ever, since everything behind it would wait as long. Records are written together: of whom a write is refused,
 * each record is written alone the next time, and so it is known which of them it is.
 */
export class Poison {
  readonly #failures = new Map<Partition, Failures>()
  /** Up to where the records of a user were folded when a write of theirs was refused. */
  readonly #suspects = new Map<UserId, Offset>()
  /** Those that were set aside: what is folded once more, since the worker failed before it got so far, is not tried again. */
  readonly #aside = new LRUCache<string, true>({ max: asideMax })
  /** How many were set aside since anything was written. */
  #asideInARow = 0
  /**
   * Failures that lie in the records. There is an end to them soon: each is a step to a record that is set aside. Where one
   * record after the other is at fault, and nothing is written in between, it is not the records: those do not count here.
   */
  found = 0

  /** A record of the partition failed, and none from there on was folded since. */
  isIn(partition: Partition): boolean {
    return this.#failures.has(partition)
  }

  /** Why the record is not tried any more; undefined = it is. */
  reasonOf({ partition, offset }: LogRecord): string | undefined {
    const known = this.#failures.get(partition)
    return known?.offset === offset && known.times >= triesMax ? known.reason : undefined
  }

  /** A write of the user's was refused for good; records up to `folded` are in it. */
  suspect(user: UserId, folded: Offset): void {
    this.#suspects.set(user, Math.max(folded, this.#suspects.get(user) ?? 0))
    this.#find()
  }

  /** Whether it is to be written alone. */
  isSuspect({ offset, value }: LogRecord): boolean {
    if (this.#suspects.size === 0) return false
    const folded = this.#suspects.get(userOf(value))
    if (folded !== undefined && offset >= folded) this.#suspects.delete(userOf(value))
    return folded !== undefined && offset < folded
  }

  /** Folding it, or writing it alone, failed with this error. What a store says of itself, or of another worker, is not the record's fault. */
  blame(record: LogRecord, error: unknown): void {
    if (isOfStore(error) || error instanceof StaleView) return
    // Of what was on its way before: it is looked for among the suspects.
    if (error instanceof RefusedWrite && !this.isSuspect(record)) return
    const { partition, offset } = record
    const known = this.#failures.get(partition)
    const times = known?.offset === offset ? known.times + 1 : 1
    this.#failures.set(partition, { offset, times, reason: reasonIn(error) })
    this.#find()
  }

  #find(): void {
    if (this.#asideInARow < inARowMax) this.found++
  }

  /** Something was written. */
  written(): void {
    this.#asideInARow = 0
  }

  setAside({ partition, seq }: LogRecord): void {
    this.#aside.set(`${partition} ${seq}`, true)
    this.#asideInARow++
  }

  isAside({ partition, seq }: LogRecord): boolean {
    return this.#aside.size > 0 && this.#aside.has(`${partition} ${seq}`)
  }

  /** It was folded, or set aside. */
  forget({ partition, offset }: LogRecord): void {
    const known = this.#failures.get(partition)
    if (known && known.offset <= offset) this.#failures.delete(partition)
  }
}

/** For people: what lies behind it says more than what was made of it. */
function reasonIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonIn(error.cause) : `${error.name}: ${error.message}`
}
