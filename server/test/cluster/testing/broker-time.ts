import { systemClock } from '../../../src/lib/system-seams.ts'
import { VirtualTime } from '../../../src/lib/virtual-seams.ts'
import type { EventLog, LogConsumer } from '../../../src/ports/event-log.ts'

interface Step {
  /** The broker's wall time at which the clock was moved. */
  readonly real: number
  /** What the clock showed from then on. */
  readonly shown: number
}

/**
 * A clock that stands still until it is moved, and remembers when that was: brokers on this machine date records by its
 * wall clock, and so what the test's clock showed at that moment is known of every record, each time it is read.
 */
export class BrokerTime extends VirtualTime {
  readonly #steps: Step[]

  constructor(now: number) {
    super(now)
    this.#steps = [{ real: 0, shown: now }]
  }

  override advance(ms: number): void {
    if (ms > 0) pass()
    super.advance(ms)
    if (ms > 0) this.#note()
  }

  override jump(ms: number): void {
    pass()
    super.jump(ms)
    this.#note()
  }

  /** What the clock showed when the broker's showed this. */
  shownAt(real: number): number {
    const step = this.#steps.findLast((each) => each.real <= real)
    return (step ?? (this.#steps[0] as Step)).shown
  }

  /** The broker's time from which on the clock showed at least this. */
  realAt(shown: number): number {
    return this.#steps.find((step) => step.shown >= shown)?.real ?? systemClock.now()
  }

  #note(): void {
    this.#steps.push({ real: systemClock.now(), shown: this.now() })
  }
}

/** No record of before a step and none of after it shares a millisecond with it. */
function pass(): void {
  const from = systemClock.now()
  while (systemClock.now() === from);
}

/** The log as a server sees it whose clock this is. */
export function datedBy(time: BrokerTime, log: EventLog, owned: Set<number>): EventLog {
  const dated = <T extends { readonly appendedAt: number }>(record: T): T => ({
    ...record,
    appendedAt: time.shownAt(record.appendedAt),
  })
  return {
    info: log.info,
    partitionOf: (user) => log.partitionOf(user),
    append: async (values) =>
      (await log.append(values)).map((outcome) => (outcome.stored === true ? dated(outcome) : outcome)),
    async read(partition, from, limit) {
      const { records, next } = await log.read(partition, from, limit)
      return { records: records.map(dated), next }
    },
    bounds: (partition) => log.bounds(partition),
    ...(log.allBounds ? { allBounds: () => (log.allBounds as NonNullable<typeof log.allBounds>)() } : {}),
    async join() {
      owned.clear()
      return consumerOf(await log.join())
    },
    trim: (before) => log.trim(time.realAt(before)),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }

  function consumerOf(consumer: LogConsumer): LogConsumer {
    return {
      async poll(maxRecords, maxWaitMs, signal) {
        const { assigned, revoked, records } = await consumer.poll(maxRecords, maxWaitMs, signal)
        for (const partition of revoked) owned.delete(partition)
        for (const { partition } of assigned) owned.add(partition)
        return { assigned, revoked, records: records.map(dated) }
      },
      commit: (offsets) => consumer.commit(offsets),
      release: (partition) => consumer.release(partition),
      [Symbol.asyncDispose]: () => consumer[Symbol.asyncDispose](),
    }
  }
}
