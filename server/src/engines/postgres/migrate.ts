import { createHash } from 'node:crypto'
import type { ClientBase } from 'pg'
import { HeadwaterError } from '../../lib/error.ts'
import type { Migration } from './migrations/all.ts'
import { refusal } from './postgres-errors.ts'

export interface Program {
  readonly version: string
  readonly migrations: readonly Migration[]
}

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
  readonly program: string
}

const ledger = `
CREATE TABLE headwater_migrations (
  number     integer PRIMARY KEY,
  name       text NOT NULL,
  checksum   text NOT NULL,
  program    text NOT NULL,
  applied_at bigint NOT NULL
)`

/**
 * Brings a schema up to date, in one transaction, forward only. Servers that start together wait for each other: the lock
 * is one of the transaction, because a pooler in transaction mode keeps none of the session. A schema that is as it should
 * be is only read, so that everyday servers need no right to change it.
 */
export async function migrate(client: ClientBase, schema: string, program: Program, now: number): Promise<void> {
  if (isComplete(await check(client, schema, program), program)) return
  await client.query('BEGIN')
  try {
    await client.query("SET LOCAL statement_timeout = '10min'")
    await client.query("SET LOCAL lock_timeout = '1min'")
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`headwater migrations of ${schema}`])
    const applied = await check(client, schema, program)
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`)
    await client.query(`SET LOCAL search_path TO ${quoted(schema)}`)
    if (applied === undefined) await client.query(ledger)
    for (const migration of program.migrations.slice(applied?.length ?? 0)) {
      await apply(client, migration, program, now)
    }
    await client.query('COMMIT')
  } catch (error) {
    // A connection that is lost rolls back by itself.
    await client.query('ROLLBACK').catch(() => {})
    if (HeadwaterError.is(error)) throw error
    throw refusal('The PostgreSQL schema cannot be made or brought up to date: has the role the right to?', error)
  }
}

async function apply(client: ClientBase, migration: Migration, program: Program, now: number): Promise<void> {
  await client.query(migration.sql)
  await client.query('INSERT INTO headwater_migrations VALUES ($1, $2, $3, $4, $5)', [
    migration.number,
    migration.name,
    checksumOf(migration),
    program.version,
    now,
  ])
}

const isComplete = (applied: readonly Applied[] | undefined, { migrations }: Program): boolean =>
  applied?.length === migrations.length

/**
 * What was applied; undefined when there is nothing yet. Refuses a schema that this program must not write: another
 * program's, a newer program's, or one whose past differs from what this program knows. Only reads.
 */
async function check(client: ClientBase, schema: string, program: Program): Promise<readonly Applied[] | undefined> {
  const { rows: tables } = await client.query<{ ours: boolean }>(
    `SELECT c.relname = 'headwater_migrations' AS ours
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     ORDER BY ours DESC LIMIT 1`,
    [schema],
  )
  if (tables.length === 0) return undefined
  if (!tables[0]?.ours) {
    throw refusal('The PostgreSQL schema holds the tables of another program: name one for Headwater alone')
  }
  const { rows: applied } = await client.query<Applied>(
    `SELECT number, name, checksum, program FROM ${quoted(schema)}.headwater_migrations ORDER BY number`,
  )
  refuseNewer(applied, program)
  for (const [at, { number, name, checksum }] of applied.entries()) {
    const migration = program.migrations[at]
    if (number !== at + 1 || migration?.name !== name || checksumOf(migration) !== checksum) {
      throw refusal(
        `Migration ${number} (${name}) of the PostgreSQL schema is not the one that Headwater ${program.version} knows: ` +
          'run the version that wrote it, or name another schema',
      )
    }
  }
  return applied
}

function refuseNewer(applied: readonly Applied[], { version, migrations }: Program): void {
  const newest = applied.at(-1)
  if (newest === undefined || newest.number <= migrations.length) return
  throw refusal(
    `The PostgreSQL schema was written by a newer Headwater: it is at ${newest.number} (Headwater ${newest.program}), ` +
      `and this is Headwater ${version}, which knows up to ${migrations.length}. Start the newer one`,
  )
}

/** For names that were checked (see `open.ts`); a quote inside would end it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const checksumOf = (migration: Migration): string => createHash('sha256').update(migration.sql).digest('hex')
