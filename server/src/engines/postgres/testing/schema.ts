import { Client } from 'pg'
import type { Seams } from '../../../lib/seams.ts'
import { type SqlService, whereServicesRun } from '../../services-for-tests.ts'
import type { PostgresDatabase } from '../database.ts'
import { quoted } from '../migrate.ts'
import { openPostgres, type PostgresSettings } from '../open.ts'

export interface PostgresForTests {
  readonly url: string
  /** Of a pooler in transaction mode before it. */
  readonly pooledUrl: string
}

/** Runs `register` where there is a PostgreSQL for tests. */
export function wherePostgresRuns(what: string, register: (postgres: PostgresForTests) => void): void {
  whereServicesRun(`${what} on postgres`, ['postgres', 'pgbouncer'], ({ postgres, pgbouncer }) =>
    register({ url: urlOf(postgres), pooledUrl: urlOf(pgbouncer) }),
  )
}

const urlOf = ({ host, port, user, database }: SqlService): string => `postgres://${user}@${host}:${port}/${database}`

/** Removes a schema and what it holds. */
export async function dropSchema(url: string, schema: string): Promise<void> {
  await withClient(url, (client) => client.query(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`))
}

export const openInSchema = (
  url: string,
  schema: string,
  seams: Seams,
  more: Partial<PostgresSettings> = {},
): Promise<PostgresDatabase> => openPostgres({ url, schema, maxConnections: 4, ...more }, seams)

/** A connection of one's own, for what no port can do. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
