import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Pool, PoolClient, QueryResultRow } from 'pg'
import { type Breaker, createBreaker } from '../../lib/breaker.ts'
import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import { within } from '../../lib/within.ts'
import { errorOf, isStatementLost, kindOf, type Moment } from './postgres-errors.ts'

/** A statement, with a name by which a connection remembers its plan. Made once, from constant text. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** The name follows from the text, so that two servers behind one pooler never mean different statements by one name. */
export const statement = (text: string): Statement => ({
  name: `hw_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`,
  text,
})

export interface DatabaseParts {
  readonly pool: Pool
  /** Of the connections that are not closed on both sides. */
  readonly streams: ReadonlySet<Duplex>
  /** Quoted, to be put before the names of tables: a pooler in transaction mode keeps no search path. */
  readonly schema: string
  readonly namedStatements: boolean
  /** Statements that may wait for a connection before callers are told `overloaded`. */
  readonly maxWaiting: number
}

/** Tries of a statement that PostgreSQL rolled back because of another one. */
const tries = 4
const failuresBeforePause = 3
/** A server that is well closes its side within milliseconds. */
const goodbyeMs = 1_000
const [firstPauseMs, longestPauseMs] = [100, 2_000]

/**
 * A pool of connections to one PostgreSQL. Each statement is a transaction of its own, so nothing is ever half done; a
 * connection that fails is dropped and the next statement makes another, so all heals by itself.
 */
export class PostgresDatabase implements AsyncDisposable {
  readonly schema: string
  readonly #pool: Pool
  readonly #streams: ReadonlySet<Duplex>
  readonly #seams: Seams
  readonly #maxWaiting: number
  readonly #breaker: Breaker
  #namedStatements: boolean
  #closed: Promise<void> | undefined

  constructor({ pool, streams, schema, namedStatements, maxWaiting }: DatabaseParts, seams: Seams) {
    this.schema = schema
    this.#pool = pool
    this.#streams = streams
    this.#seams = seams
    this.#maxWaiting = maxWaiting
    this.#namedStatements = namedStatements
    this.#breaker = createBreaker(
      {
        failures: failuresBeforePause,
        firstMs: firstPauseMs,
        longestMs: longestPauseMs,
        isFailure: isConnectionFailure,
      },
      seams,
    )
  }

  /** A failed read is never `UnknownOutcome`. */
  read<Row extends QueryResultRow>(what: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#run<Row>(what, values, 'reading')
  }

  /** Rejects with `UnknownOutcome` when the answer is missing. */
  write<Row extends QueryResultRow>(what: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#run<Row>(what, values, 'writing')
  }

  /** What is wrong with it now; undefined when all is well. */
  async check(): Promise<string | undefined> {
    try {
      await this.read(probe, [])
      return undefined
    } catch (error) {
      if (HeadwaterError.is(error) && error.code === 'overloaded')
        return 'PostgreSQL is slower than what is asked of it'
      return 'PostgreSQL cannot be reached'
    }
  }

  get connections(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    return { open: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount }
  }

  /** Waits for statements under way; each has a deadline. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** The driver closes its own side alone: a server that says nothing would keep the connections, and the process. */
  async #close(): Promise<void> {
    await this.#pool.end()
    const gone = Promise.allSettled([...this.#streams].map((stream) => once(stream, 'close')))
    await within(gone, goodbyeMs, this.#seams.scheduler)
    for (const stream of this.#streams) stream.destroy()
  }

  async #run<Row extends QueryResultRow>(
    what: Statement,
    values: readonly unknown[],
    moment: Moment,
  ): Promise<readonly Row[]> {
    if (this.#pool.waitingCount >= this.#maxWaiting) throw new HeadwaterError('overloaded', { retryAfterS: 1 })
    return this.#breaker.run(async () => {
      for (let tried = 1; ; tried++) {
        const outcome = await this.#try<Row>(what, values, moment)
        if ('rows' in outcome) return outcome.rows
        if (!outcome.again || tried === tries) throw outcome.error
        await this.#seams.scheduler.sleep(5 * tried * (1 + this.#seams.random.next()))
      }
    })
  }

  async #try<Row extends QueryResultRow>(
    what: Statement,
    values: readonly unknown[],
    moment: Moment,
  ): Promise<{ readonly rows: readonly Row[] } | { readonly error: Error; readonly again: boolean }> {
    let client: PoolClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      return { error: errorOf(kindOf(error, 'connecting'), error), again: false }
    }
    const named = this.#namedStatements
    try {
      const { rows } = await client.query<Row>({
        ...(named && { name: what.name }),
        text: what.text,
        values: [...values],
      })
      client.release()
      return { rows }
    } catch (error) {
      const kind = kindOf(error, moment)
      // After a deadlock the connection is as good as before; everything else may have its cause in it.
      client.release(kind !== 'again')
      if (named && isStatementLost(error)) {
        this.#namedStatements = false
        return { error: errorOf('down', error), again: true }
      }
      return { error: errorOf(kind, error), again: kind === 'again' }
    }
  }
}

const probe = statement('SELECT 1')

const isConnectionFailure = (error: unknown): boolean =>
  UnknownOutcome.is(error) || (HeadwaterError.is(error) && error.code === 'store_unavailable')
