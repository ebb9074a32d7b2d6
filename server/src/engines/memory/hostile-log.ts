import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Offset, Partition } from '../../model/ids.ts'
import { type LogRecord, type LogValue, userOf } from '../../model/log-record.ts'
import type { AppendOutcome, EventLog, LogConsumer, LogPoll } from '../../ports/event-log.ts'
import { deepFrozen } from './deep-frozen.ts'
import { type MemoryLogSettings, memoryEventLog } from './event-log.ts'
import type { MemoryLogConsumer } from './event-log-consumer.ts'
import { dealAnew, type LogState } from './event-log-state.ts'
import type { HostileProcess } from './hostile-process.ts'
import type { HostileWorld } from './hostile-world.ts'

export interface HostileContext {
  readonly world: HostileWorld
  readonly process: HostileProcess
  readonly seams: Seams
}

/** The log as one process sees it. */
export function hostileEventLog(state: LogState, context: HostileContext, settings: MemoryLogSettings): EventLog {
  const { world, process, seams } = context
  const log = memoryEventLog(state, seams, settings)

  /** What goes to one partition in one call has one fate. */
  async function appendPart(values: readonly LogValue[]): Promise<readonly AppendOutcome[]> {
    const unknown = values.map((): AppendOutcome => ({ stored: 'unknown' }))
    if (world.strikes('append.unknown_lost')) return unknown
    if (world.strikes('append.unknown_late')) {
      world.later('log', () => void log.append(values).catch(() => {}))
      return unknown
    }
    const outcomes = await log.append(values)
    return world.strikes('append.unknown_stored') ? unknown : outcomes
  }

  return {
    info: log.info,
    partitionOf: (user) => log.partitionOf(user),

    append: (values) =>
      process.call('log.append', async () => {
        if (world.strikes('refused')) throw new HeadwaterError('ingest_unavailable', { retryAfterS: 1 })
        const parts = Map.groupBy(values.map(deepFrozen).entries(), ([, value]) => log.partitionOf(userOf(value)))
        const outcomes: AppendOutcome[] = []
        for (const part of world.shuffled([...parts.values()])) {
          const answers = await appendPart(part.map(([, value]) => value))
          for (const [i, [index]] of part.entries()) outcomes[index] = answers[i] as AppendOutcome
        }
        return outcomes
      }),

    read: (partition, from, limit) => process.call('log.read', () => log.read(partition, from, limit)),
    bounds: (partition) => process.call('log.bounds', () => log.bounds(partition)),
    trim: (time) => process.call('log.trim', () => log.trim(time)),

    join: () =>
      process.call('log.join', async () => {
        const consumer = (await log.join()) as MemoryLogConsumer
        return new HostileConsumer(consumer, log, state, context)
      }),

    async [Symbol.asyncDispose]() {
      if (!process.isOver(process.life)) await log[Symbol.asyncDispose]()
    },
  }
}

class HostileConsumer implements LogConsumer {
  readonly #consumer: MemoryLogConsumer
  readonly #log: EventLog
  readonly #state: LogState
  readonly #context: HostileContext
  readonly #life: number
  readonly #death: AbortSignal
  /** What the worker believes it owns, and which offset it expects next. */
  readonly #next = new Map<Partition, Offset>()
  /** For so many polls it reads on by itself and hears nothing. */
  #deafPolls = 0

  constructor(consumer: MemoryLogConsumer, log: EventLog, state: LogState, context: HostileContext) {
    this.#consumer = consumer
    this.#log = log
    this.#state = state
    this.#context = context
    this.#life = context.process.life
    this.#death = context.process.death
  }

  poll(maxRecords: number, maxWaitMs: number, signal?: AbortSignal): Promise<LogPoll> {
    const { world } = this.#context
    return this.#call('log.poll', async () => {
      if (this.#deafPolls === 0) this.#disturb()
      if (this.#deafPolls > 0 && !world.isCalm) {
        this.#deafPolls--
        return this.#pollAlone(maxRecords, maxWaitMs, signal)
      }
      this.#deafPolls = 0
      const ends = signal ? AbortSignal.any([signal, this.#death]) : this.#death
      const most = world.strikes('log.short_poll') ? Math.min(maxRecords, 1 + world.pick(8)) : maxRecords
      const poll = await this.#consumer.poll(most, maxWaitMs, ends)
      for (const partition of poll.revoked) this.#next.delete(partition)
      for (const { partition, from } of poll.assigned) this.#next.set(partition, from)
      for (const record of poll.records) this.#next.set(record.partition, record.offset + 1)
      return poll
    })
  }

  commit(offsets: ReadonlyMap<Partition, Offset>): Promise<void> {
    const { world } = this.#context
    return this.#call('log.commit', async () => {
      if (world.strikes('log.commit_failed')) throw new HeadwaterError('store_unavailable', { retryAfterS: 1 })
      await this.#consumer.commit(offsets)
    })
  }

  release(partition: Partition): Promise<void> {
    return this.#call('log.release', () => this.#consumer.release(partition))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#context.process.isOver(this.#life)) await this.#consumer[Symbol.asyncDispose]()
  }

  #call<Answer>(what: string, run: () => Promise<Answer>): Promise<Answer> {
    return this.#context.process.call(what, run, this.#life)
  }

  #disturb(): void {
    const { world, seams } = this.#context
    if (world.strikes('log.moved')) dealAnew(this.#state, seams.clock.monotonic(), (items) => world.shuffled(items))
    if (world.strikes('log.expelled')) this.#consumer.fallSilent()
    if (this.#next.size > 0 && world.strikes('log.zombie')) {
      this.#consumer.fallSilent()
      this.#deafPolls = 1 + world.pick(6)
    }
  }

  /** Another has the partitions by now; this one goes on where it was. */
  async #pollAlone(maxRecords: number, maxWaitMs: number, signal?: AbortSignal): Promise<LogPoll> {
    const records: LogRecord[] = []
    for (const [partition, next] of this.#next) {
      const page = await this.#log.read(partition, next, maxRecords - records.length)
      records.push(...page.records)
      this.#next.set(partition, page.next)
    }
    if (records.length === 0) await this.#context.seams.scheduler.sleep(Math.min(maxWaitMs, 20), signal)
    return { assigned: [], revoked: [], records }
  }
}
