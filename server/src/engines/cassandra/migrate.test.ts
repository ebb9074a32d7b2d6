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

/** A lock that is taken by a write whose answer is lost, in a keyspace that has nothing yet; what is asked of it, in order. */
function busyKeyspace(looked: () => unknown = () => {}) {
  const timedOut = () => Object.assign(new Error('Server timeout during write query'), { code: 0x1100 })
  const cells = new Map<string, string>()
  const asked: string[] = []
  const lost = new Set(['lock', 'fence', 'unlock'])
  const rowsOf = (cell: string) => (cells.has(cell) ? [{ name: cells.get(cell) }] : [])
  const execute = async (query: string, params: readonly unknown[] = []) => {
    const answer = (what: string, applied: boolean, name?: string) => {
      asked.push(what)
      if (lost.delete(what)) throw timedOut()
      return { wasApplied: () => applied, rows: name === undefined ? [] : [{ name }] }
    }
    const put = (what: string, cell: string, name: string) => {
      const found = cells.get(cell)
      if (found === undefined) cells.set(cell, name)
      return answer(what, found === undefined, found)
    }
    if (query.includes('system_schema')) return { rows: [{ table_name: 'ledger' }] }
    if (query.startsWith('SELECT name')) {
      looked()
      return { rows: rowsOf('lock') }
    }
    if (query.startsWith('SELECT')) return { rows: rowsOf(`${params[0]}`) }
    if (query.includes('USING TTL')) return put('lock', 'lock', `${params[0]}`)
    if (query.startsWith('DELETE')) return answer('unlock', cells.get('lock') === params[0] && cells.delete('lock'))
    return put(`${params[0]}`, `${params[0]}`, `${params[2]}`)
  }
  return { client: { execute } as unknown as Client, asked, cells }
}

test('a starter of a busy cluster, who does not hear that it has the lock, has it, and gives it back', async () => {
  const { client, asked, cells } = busyKeyspace()
  await migrate(client, plan, systemSeams)
  assert.deepEqual(asked, ['lock', 'lock', 'fence', 'fence', 'ttl_days', 'unlock', 'unlock'])
  assert.deepEqual(Object.fromEntries(cells), { fence: 'lwt', ttl_days: '97' })
})

test('who waits for the lock goes on without it when the schema is as it should be', async () => {
  // The other one is done while this one looks.
  const { client, asked, cells } = busyKeyspace(() => cells.set('fence', 'lwt').set('ttl_days', '97'))
  cells.set('lock', 'another')
  await migrate(client, plan, systemSeams)
  assert.deepEqual(asked, [])
  assert.equal(cells.get('lock'), 'another')
})
