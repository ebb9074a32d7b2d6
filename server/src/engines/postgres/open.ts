import type { Duplex } from 'node:stream'
import type { Client, ClientConfig } from 'pg'
import packageJson from '../../../package.json' with { type: 'json' }
import { HeadwaterError } from '../../lib/error.ts'
import type { Seams } from '../../lib/seams.ts'
import { PostgresDatabase } from './database.ts'
import { migrate, quoted } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import { refusal, stateOf } from './postgres-errors.ts'

export interface PostgresSettings {
  /** `postgres://user:password@host:port/database?sslmode=verify-full`, of the server or of a pooler before it. */
  readonly url: string
  /** The schema that is Headwater's alone; made when missing. Default `headwater`. */
  readonly schema?: string
  /** Connections of this process. Default 10. */
  readonly maxConnections?: number
  /** Statements that may wait for a connection before callers are told `overloaded`. Default 1,000. */
  readonly maxWaiting?: number
  /** Until there is a connection, new or free. Default 2,000. */
  readonly connectTimeoutMs?: number
  /** Until a statement has its answer; the server gives up first, so that the outcome is known. Default 5,000. */
  readonly statementTimeoutMs?: number
  /** Until a lock is had. Default 2,000. */
  readonly lockTimeoutMs?: number
  /**
   * Statements that connections remember: half the work of the server. A pooler in transaction mode forgets them before
   * PgBouncer 1.21, so `auto` uses them where there is no pooler. Default `auto`.
   */
  readonly namedStatements?: 'auto' | 'always' | 'never'
  /** Starts although the server may lose what it acknowledged. Default false. */
  readonly unsafe?: boolean
}

/** What the server says of itself. */
export interface ServerFacts {
  readonly fsync: string
  readonly synchronousCommit: string
  readonly encoding: string
  readonly version: number
  readonly isReplica: boolean
  /** A pooler stands before it: the process that answers is not the one that greeted. */
  readonly isPooled: boolean
}

const oldestVersion = 120_000
const keepAliveAfterMs = 10_000
const connectionLivesS = 30 * 60
const connectionIdlesMs = 60_000
const int8 = 20

/**
 * Opens the pool and brings the schema up to date. Rejects with a HeadwaterError whose detail tells the operator why: it
 * cannot be reached, the settings of the server would lose what was acknowledged, the schema is another program's or a
 * newer one's.
 */
export async function openPostgres(settings: PostgresSettings, seams: Seams): Promise<PostgresDatabase> {
  const pg = await import('pg')
  const schema = settings.schema ?? 'headwater'
  refuseName(schema)
  const connectTimeoutMs = settings.connectTimeoutMs ?? 2_000
  const statementTimeoutMs = settings.statementTimeoutMs ?? 5_000
  const common: ClientConfig = {
    connectionString: settings.url,
    application_name: 'headwater',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
  }

  const { isPooled } = await prepare(new pg.Client(common), { ...settings, schema }, seams)
  const pool = new pg.Pool({
    ...common,
    // A pooler refuses connections that ask for these; there the role's settings and this side's deadline hold.
    ...(!isPooled && { statement_timeout: statementTimeoutMs, lock_timeout: settings.lockTimeoutMs ?? 2_000 }),
    query_timeout: statementTimeoutMs + 1_000,
    max: settings.maxConnections ?? 10,
    idleTimeoutMillis: connectionIdlesMs,
    maxLifetimeSeconds: connectionLivesS,
    types: {
      // Positions and times fit a number; the driver would give text.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
    },
  })
  // A connection that breaks while nobody uses it, or while it is being used, says so as an event; without a listener
  // that ends the process. The pool drops it, and whoever uses it has the error as well.
  pool.on('error', () => {})
  const streams = new Set<Duplex>()
  pool.on('connect', (client) => {
    client.on('error', () => {})
    const { stream } = client.connection
    streams.add(stream.once('close', () => streams.delete(stream)))
  })
  const named = settings.namedStatements ?? 'auto'
  return new PostgresDatabase(
    {
      pool,
      streams,
      schema: quoted(schema),
      namedStatements: named === 'always' || (named === 'auto' && !isPooled),
      maxWaiting: settings.maxWaiting ?? 1_000,
    },
    seams,
  )
}

/** Looks at the server and its schema through a connection of its own, which has no deadline for a migration. */
async function prepare(
  client: Client,
  { schema, unsafe }: PostgresSettings & { readonly schema: string },
  seams: Seams,
): Promise<ServerFacts> {
  client.on('error', () => {})
  try {
    await client.connect()
    const facts = await factsOf(client)
    const reason = reasonToRefuse(facts, unsafe ?? false)
    if (reason !== undefined) throw refusal(reason)
    await migrate(client, schema, { version: packageJson.version, migrations }, seams.clock.now())
    return facts
  } catch (error) {
    throw HeadwaterError.is(error) ? error : refusal(whyNot(error), error)
  } finally {
    // Not awaited when it never was connected: there is nothing to end then, and the driver never says so.
    await client.end().catch(() => {})
  }
}

async function factsOf(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query<Omit<ServerFacts, 'isPooled'> & { pid: number }>(`
    SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS "synchronousCommit",
      current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int AS version,
      pg_is_in_recovery() AS "isReplica", pg_backend_pid() AS pid`)
  const { pid, ...facts } = rows[0]!
  return { ...facts, isPooled: pid !== (client as Client & { processID: number | null }).processID }
}

/** Why Headwater does not start on this server; undefined when it does. */
export function reasonToRefuse(facts: ServerFacts, unsafe: boolean): string | undefined {
  if (facts.version < oldestVersion) return 'PostgreSQL is too old: Headwater needs 12 or later'
  if (facts.isReplica) return 'The PostgreSQL server is a replica, which cannot be written: name the primary'
  if (facts.encoding !== 'UTF8') return `The PostgreSQL database is in ${facts.encoding}: Headwater needs UTF8`
  if (unsafe) return undefined
  if (facts.fsync === 'off') return 'PostgreSQL runs with fsync = off: a power cut can destroy everything'
  if (facts.synchronousCommit === 'off') {
    return 'PostgreSQL runs with synchronous_commit = off: a crash loses what was acknowledged'
  }
  return undefined
}

function refuseName(schema: string): void {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema) && !schema.startsWith('pg_')) return
  throw refusal('A PostgreSQL schema is named with up to 63 lower-case letters, digits and _, and not pg_…')
}

function whyNot(error: unknown): string {
  const state = stateOf(error)
  if (state?.startsWith('28')) return 'PostgreSQL does not let this user in: check the user and the password'
  if (state === '3D000') return 'There is no such PostgreSQL database'
  if (state === '53300') return 'PostgreSQL has no connection left'
  return 'PostgreSQL cannot be reached'
}
