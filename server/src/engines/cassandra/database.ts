import type { Client, types } from 'cassandra-driver'
import { HeadwaterError } from '../../lib/error.ts'
import { errorOf, failureOf, type RequestKind } from './cassandra-errors.ts'
import type { DriverClient } from './control-connection.ts'
import { define } from './migrate.ts'
import { inRequests } from './requests.ts'
import type { Fence, Timing } from './settings.ts'
import { Turns } from './turns.ts'

export type Cell = string | number | boolean | Buffer | readonly string[] | undefined

export interface Statement {
  readonly query: string
  readonly params: readonly Cell[]
}

export type Row = types.Row

export interface DatabaseSettings {
  readonly keyspace: string
  readonly fence: Fence
  readonly requestTimeoutMs: number
  readonly maxInFlight: number
  readonly maxWaiting: number
}

export interface Conditional {
  readonly applied: boolean
  /** Of what kept it from being applied: the key and the columns of the condition, of each row that exists. */
  readonly rows: readonly Row[]
}

/** As many rows come with one answer; a query that asks for fewer is answered from one moment. */
export const pageRows = 5_000

/**
 * One keyspace of a cluster. Nothing is repeated by the driver. Plain writes and reads are repeated here, once and in time:
 * a plain write gives the same state however often it is made. A conditional write never is: whoever asked for it knows
 * what its outcome may have been.
 */
export class CassandraDatabase implements AsyncDisposable {
  readonly keyspace: string
  readonly fence: Fence
  /** What an operator should know of the cluster. */
  readonly warnings: readonly string[]
  readonly #opened: DriverClient
  readonly #client: Client
  readonly #timing: Timing
  readonly #settings: DatabaseSettings
  readonly #timeoutMs: number
  readonly #turns: Turns

  constructor(opened: DriverClient, settings: DatabaseSettings, timing: Timing, warnings: readonly string[]) {
    this.keyspace = settings.keyspace
    this.fence = settings.fence
    this.warnings = warnings
    this.#opened = opened
    this.#client = opened.client
    this.#settings = settings
    this.#timing = timing
    this.#timeoutMs = settings.requestTimeoutMs
    this.#turns = new Turns(timing, {
      inFlight: settings.maxInFlight,
      waiting: settings.maxWaiting,
      waitMs: settings.requestTimeoutMs,
    })
  }

  async read(query: string, ...params: readonly Cell[]): Promise<readonly Row[]> {
    return (await this.#repeatable('read', () => this.#execute(query, params))).rows
  }

  async readOne(query: string, ...params: readonly Cell[]): Promise<Row | undefined> {
    return (await this.read(query, ...params))[0]
  }

  /** All rows of a query, `fetchSize` at a time. */
  async *readPages(query: string, params: readonly Cell[], fetchSize = pageRows): AsyncGenerator<readonly Row[]> {
    let pageState: string | undefined
    do {
      const options = pageState === undefined ? { fetchSize } : { fetchSize, pageState }
      const page = await this.#repeatable('read', () => this.#execute(query, params, options))
      pageState = page.pageState ?? undefined
      if (page.rows.length > 0) yield page.rows
    } while (pageState !== undefined)
  }

  async write(query: string, ...params: readonly Cell[]): Promise<void> {
    await this.#repeatable('write', () => this.#execute(query, params))
  }

  /** Plain writes in one request; those in one partition are stored together or not at all. */
  async writeTogether(statements: readonly Statement[]): Promise<void> {
    const [first, ...more] = statements
    if (!first) return
    if (more.length === 0) return this.write(first.query, ...first.params)
    await this.#repeatable('write', () => this.#batch(statements))
  }

  /** Plain writes in several partitions: those of each one all or none. */
  async writeAll(partitions: readonly (readonly Statement[])[]): Promise<void> {
    await this.each(inRequests(partitions), (statements) => this.writeTogether(statements))
  }

  /** Conditional writes in one partition: all of them, if all conditions hold, or none. */
  async writeIf(statements: readonly Statement[]): Promise<Conditional> {
    const [first] = statements
    if (!first) return { applied: true, rows: [] }
    const result = await this.#translated('conditional', () =>
      statements.length === 1 ? this.#execute(first.query, first.params) : this.#batch(statements),
    )
    const applied = result.wasApplied()
    return { applied, rows: applied ? [] : result.rows }
  }

  /** Runs jobs so that a long list does not keep all turns to itself. */
  async each<Item, T>(items: readonly Item[], run: (item: Item) => Promise<T>): Promise<T[]> {
    const results: T[] = new Array(items.length)
    let next = 0
    const work = async () => {
      while (next < items.length) {
        const index = next++
        results[index] = await run(items[index] as Item)
      }
    }
    const outcomes = await Promise.allSettled(Array.from({ length: Math.min(items.length, 128) }, work))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
    return results
  }

  /** The same connections, with less patience. */
  withTimeout(requestTimeoutMs: number): CassandraDatabase {
    return new CassandraDatabase(this.#opened, { ...this.#settings, requestTimeoutMs }, this.#timing, this.warnings)
  }

  /** Removes the keyspace and all that is in it. */
  async drop(): Promise<void> {
    await this.#translated('write', () => define(this.#client, `DROP KEYSPACE ${this.keyspace}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.close()
  }

  #execute(query: string, params: readonly Cell[], options: { fetchSize?: number; pageState?: string } = {}) {
    return this.#client.execute(query, params as unknown[], { prepare: true, readTimeout: this.#timeoutMs, ...options })
  }

  #batch(statements: readonly Statement[]) {
    const queries = statements.map(({ query, params }) => ({ query, params: params as unknown[] }))
    return this.#client.batch(queries, { prepare: true, readTimeout: this.#timeoutMs, logged: false })
  }

  async #repeatable<T>(request: RequestKind, run: () => Promise<T>): Promise<T> {
    const started = this.#timing.clock.monotonic()
    try {
      return await this.#turns.take(run)
    } catch (error) {
      const late = this.#timing.clock.monotonic() - started > this.#timeoutMs / 2
      if (late || HeadwaterError.is(error) || failureOf(error, request) === 'refused') throw errorOf(error, request)
    }
    return this.#translated(request, run)
  }

  async #translated<T>(request: RequestKind, run: () => Promise<T>): Promise<T> {
    try {
      return await this.#turns.take(run)
    } catch (error) {
      throw errorOf(error, request)
    }
  }
}
