import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from 'cassandra-driver'
import { systemSeams } from '../../lib/system-seams.ts'
import { migrate, type SchemaPlan } from './migrate.ts'

const plan: SchemaPlan = {
  keyspace: 'hw',
  facts: { ttlDays: 97 },
  fence: 'lwt',
  program: '0.1.0',
  migrations: [],
  starter: 'one',
}

/** A keyspace that is up to date, whose node fails with these errors when the ledger is asked for first. */
function keyspace(...errors: string[]) {
  const facts: Readonly<Record<string, string>> = { fence: 'lwt', ttl_days: '97' }
  const execute = async (query: string, [part = '']: readonly string[]) => {
    if (query.includes('system_schema')) return { rows: [{ table_name: 'ledger' }] }
    const error = errors.shift()
    if (error !== undefined) throw new Error(error)
    return { rows: facts[part] === undefined ? [] : [{ name: facts[part] }] }
  }
  return { client: { execute } as unknown as Client, left: errors }
}

test('a ledger that another starter is just making is waited for, in whatever words the node says so', async () => {
  const { client, left } = keyspace(
    'table ledger does not exist',
    'java.lang.IllegalArgumentException: Unknown CF 34d9f2a0-e5c6-11f1-a3d4-1b93b79d663e',
  )
  await migrate(client, plan, systemSeams)
  assert.deepEqual(left, [])
})

test('another failure is told at once', async () => {
  const { client } = keyspace('Operation timed out')
  await assert.rejects(migrate(client, plan, systemSeams), /timed out/)
})
