import { createHash } from 'node:crypto'
import type { Client, types } from 'cassandra-driver'
import type { Seams } from '../../lib/seams.ts'
import { failureOf, refusal } from './cassandra-errors.ts'
import type { Migration, SchemaFacts } from './migrations/all.ts'
import type { Fence } from './settings.ts'

/**
 * The ledger of a keyspace: which migrations it has, which fence and time to live it was made with, and who is changing it.
 * All of it is written conditionally, so that of two starters one is told to wait.
 */
const ledger = `
CREATE TABLE IF NOT EXISTS ledger (
  part text, number int, name text, checksum text, program text, PRIMARY KEY (part, number)
)`

const hasLedger = `SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'ledger'`
const enter = 'INSERT INTO ledger (part, number, name, checksum, program) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS'
const replace = 'UPDATE ledger SET name = ? WHERE part = ? AND number = ? IF name = ?'
const entries = 'SELECT number, name, checksum, program FROM ledger WHERE part = ?'
const lock = `INSERT INTO ledger (part, number, name) VALUES ('lock', 0, ?) IF NOT EXISTS USING TTL 120`
const holder = `SELECT name FROM ledger WHERE part = 'lock' AND number = 0`
const unlock = `DELETE FROM ledger WHERE part = 'lock' AND number = 0 IF name = ?`

/** Longer than a starter that died keeps the lock. */
const patienceMs = 180_000
const pauseMs = 100
/** A cluster that cannot be asked for longer is another matter than one that is busy. */
const busyMs = 20_000

type Timing = Pick<Seams, 'clock' | 'scheduler' | 'random'>

/** Runs a statement of the ledger. */
type Run = (query: string, ...params: unknown[]) => Promise<types.ResultSet>

export interface SchemaPlan {
  readonly keyspace: string
  readonly facts: SchemaFacts
  readonly fence: Fence
  readonly program: string
  readonly migrations: readonly Migration[]
  /** Nobody else's. */
  readonly starter: string
}

/**
 * Brings the schema of a keyspace up to date. Refuses one that a newer program or another past made, and one whose rows are
 * written with another fence.
 */
export async function migrate(client: Client, plan: SchemaPlan, timing: Timing): Promise<void> {
  const run = persistent(client, timing)
  await makeLedger(client, run, plan.keyspace, timing)
  if (await isUpToDate(run, plan)) return
  await locked(client, run, plan, timing, async () => {
    await agreeOnFence(run, plan)
    const done = new Set((await applied(run, plan)).map(({ number }) => number))
    for (const migration of plan.migrations) {
      if (done.has(migration.number)) continue
      for (const statement of migration.statements(plan.facts)) await define(client, statement)
      const { number, name } = migration
      await run(enter, 'migration', number, name, checksumOf(migration), plan.program)
    }
    await changeTtl(client, run, plan)
  })
}

/** What a node says of a table that it knows by name and does not have yet. */
const notYet = /does not exist|Unknown CF/

/** A table that another starter makes is listed a moment before it can be asked. */
async function makeLedger(client: Client, run: Run, keyspace: string, timing: Timing): Promise<void> {
  const known = await run(hasLedger, keyspace)
  if (known.rows.length === 0) await define(client, ledger)
  const started = timing.clock.monotonic()
  for (;;) {
    try {
      await factOf(run, 'fence')
      return
    } catch (error) {
      if (!notYet.test(String(error)) || timing.clock.monotonic() - started > patienceMs) throw error
      await timing.scheduler.sleep(pauseMs)
    }
  }
}

async function isUpToDate(run: Run, plan: SchemaPlan): Promise<boolean> {
  const [fence, ttl] = await Promise.all([factOf(run, 'fence'), factOf(run, 'ttl_days')])
  if (fence !== undefined) refuseOtherFence(fence, plan.fence)
  const done = await applied(run, plan)
  return fence !== undefined && ttl === String(plan.facts.ttlDays) && done.length === plan.migrations.length
}

async function agreeOnFence(run: Run, { fence, program }: SchemaPlan): Promise<void> {
  await run(enter, 'fence', 0, fence, '', program)
  refuseOtherFence(await factOf(run, 'fence'), fence)
}

function refuseOtherFence(found: string | undefined, wanted: Fence): void {
  if (found === wanted) return
  throw refusal(
    `The schema was made with the fence ${found}, and ${wanted} is configured: rows written in both ways lose updates. ` +
      `Configure ${found}, or another keyspace`,
  )
}

async function applied(run: Run, plan: SchemaPlan): Promise<readonly { readonly number: number }[]> {
  const { rows } = await run(entries, 'migration')
  return rows.map((row) => {
    const number = row.number as number
    const migration = plan.migrations[number - 1]
    if (!migration) {
      throw refusal(
        `The keyspace has schema ${number} of Headwater ${row.program}, and this is Headwater ${plan.program}, which knows ` +
          `schemas up to ${plan.migrations.length}. Start the newer one`,
      )
    }
    if (migration.name !== row.name || checksumOf(migration) !== row.checksum) {
      throw refusal(
        `Schema ${number} (${row.name}) of the keyspace is not the one that Headwater ${plan.program} knows`,
      )
    }
    return { number }
  })
}

/** Rows that were written before keep the time that they were given. */
async function changeTtl(client: Client, run: Run, { facts, keyspace, program }: SchemaPlan): Promise<void> {
  const wanted = String(facts.ttlDays)
  await run(enter, 'ttl_days', 0, wanted, '', program)
  const found = await factOf(run, 'ttl_days')
  if (found === wanted || found === undefined) return
  const { rows } = await run(
    'SELECT table_name, default_time_to_live AS ttl FROM system_schema.tables WHERE keyspace_name = ?',
    keyspace,
  )
  for (const { table_name, ttl } of rows) {
    if (ttl > 0) await define(client, `ALTER TABLE ${table_name} WITH default_time_to_live = ${facts.ttlDays * 86_400}`)
  }
  await run(replace, wanted, 'ttl_days', 0, found)
}

async function factOf(run: Run, part: string): Promise<string | undefined> {
  return (await run(entries, part)).rows[0]?.name
}

/** Runs `change` as the only starter that does; not at all when another one has done it. */
async function locked(client: Client, run: Run, plan: SchemaPlan, timing: Timing, change: () => Promise<void>) {
  const started = timing.clock.monotonic()
  while (!(await takesLock(client, run, plan.starter))) {
    if (timing.clock.monotonic() - started > patienceMs) throw refusal('Another starter is changing the schema')
    await timing.scheduler.sleep(pauseMs * (1 + 2 * timing.random.next()))
    if (await isUpToDate(run, plan)) return
  }
  try {
    await change()
  } finally {
    await run(unlock, plan.starter)
  }
}

/**
 * Looks before it asks: conditional writes of several starters on one row keep each other from coming through. One whose
 * answer is lost may have taken the lock; who asks again under the same name is told so.
 */
async function takesLock(client: Client, run: Run, starter: string): Promise<boolean> {
  const by = (await run(holder)).rows[0]?.name
  if (by && by !== starter) return false
  try {
    const asked = await client.execute(lock, [starter], { prepare: true })
    return asked.wasApplied() || asked.rows[0]?.name === starter
  } catch (error) {
    if (failureOf(error, 'conditional') === 'refused') throw error
    return false
  }
}

/** Every statement here may be made twice, so those that a busy cluster does not get done are made again. */
function persistent(client: Client, { clock, scheduler, random }: Timing): Run {
  return async (query, ...params) => {
    const until = clock.monotonic() + busyMs
    for (;;) {
      try {
        return await client.execute(query, params, { prepare: true })
      } catch (error) {
        if (failureOf(error, 'conditional') === 'refused' || clock.monotonic() > until) throw error
        await scheduler.sleep(pauseMs * (1 + 2 * random.next()))
      }
    }
  }
}

/** Nodes agree on a change of the schema in their own time. */
export const define = (client: Client, statement: string) => client.execute(statement, [], { readTimeout: 120_000 })

/** Of the text with one time to live, since that may be changed later. */
export const checksumOf = (migration: Migration): string =>
  createHash('sha256')
    .update(migration.statements({ ttlDays: 97 }).join('\n'))
    .digest('hex')
