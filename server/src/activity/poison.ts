import { HeadwaterError, UnknownOutcome } from '../lib/error.ts'
import type { Offset, Partition } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import { StaleView } from './stale-view.ts'

/** How often folding a record may fail before the record is set aside. */
const triesMax = 5

interface Failures {
  readonly offset: Offset
  readonly times: number
  readonly reason: string
}

/**
 * The record of each partition at which the worker failed last, over its lives: one that fails again and again is not
 * tried for ever, since everything behind it would wait as long.
 */
export class Poison {
  readonly #failures = new Map<Partition, Failures>()

  /** A record of the partition failed, and none from there on was folded since. */
  isIn(partition: Partition): boolean {
    return this.#failures.has(partition)
  }

  /** Why the record is not tried any more; undefined = it is. */
  reasonOf({ partition, offset }: LogRecord): string | undefined {
    const known = this.#failures.get(partition)
    return known?.offset === offset && known.times >= triesMax ? known.reason : undefined
  }

  /** Folding it failed with this error. What a store says of itself, or of another worker, is not the record's fault. */
  blame({ partition, offset }: LogRecord, error: unknown): void {
    if (isOfStore(error) || error instanceof StaleView) return
    const known = this.#failures.get(partition)
    const times = known?.offset === offset ? known.times + 1 : 1
    this.#failures.set(partition, { offset, times, reason: reasonIn(error) })
  }

  /** It was folded, or set aside. */
  forget({ partition, offset }: LogRecord): void {
    const known = this.#failures.get(partition)
    if (known && known.offset <= offset) this.#failures.delete(partition)
  }
}

/** A store is down or slow. One that refuses a request for good (`internal`) may do so for what is in the record. */
export const isOfStore = (error: unknown): boolean =>
  UnknownOutcome.is(error) || (HeadwaterError.is(error) && error.code !== 'internal')

const reasonIn = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)
