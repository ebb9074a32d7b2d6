import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultProxy } from '../../../test/faults/proxy.ts'
import { systemScheduler, systemSeams } from '../../lib/system-seams.ts'
import { type PostgresDatabase, statement } from './database.ts'
import type { PostgresSettings } from './open.ts'
import { PostgresRevocationStore } from './revocation-store.ts'
import { isUnknown, refusedWith } from './testing/refusals.ts'
import { dropSchema, openInSchema, wherePostgresRuns, withClient } from './testing/schema.ts'
import { PostgresUserStore } from './user-store.ts'

const profile = (id: string) => ({ id, name: id, avatarUrl: null, locale: null, properties: {} })

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    assert(performance.now() - startedAt < 20_000, `waited in vain: ${what}`)
    await systemScheduler.sleep(10)
  }
}

wherePostgresRuns('faults', ({ url }) => {
  let schemas = 0

  interface Trouble {
    readonly database: PostgresDatabase
    readonly users: PostgresUserStore
    readonly proxy: FaultProxy
    readonly schema: string
  }

  /** A database behind a proxy, and what is stored as one sees it beside the proxy. */
  const inTrouble = async (run: (t: Trouble) => Promise<void>, more: Partial<PostgresSettings> = {}): Promise<void> => {
    const schema = `hw_faults_${process.pid}_${++schemas}`
    const target = new URL(url)
    await using proxy = await FaultProxy.open({ target: { host: target.hostname, port: Number(target.port) } })
    const proxied = new URL(url)
    proxied.host = proxy.address
    try {
      await using database = await openInSchema(proxied.href, schema, systemSeams, more)
      await run({ database, users: new PostgresUserStore(database), proxy, schema })
      await proxy.heal()
    } finally {
      await dropSchema(url, schema)
    }
  }
  const storedNames = (schema: string) =>
    withClient(url, async (client) => {
      const { rows } = await client.query<{ user_id: string }>(`SELECT user_id FROM ${schema}.users ORDER BY 1`)
      return rows.map(({ user_id }) => user_id)
    })
  const healed = (database: PostgresDatabase) =>
    eventually('it heals by itself', async () => (await database.check()) === undefined)

  test('a write whose answer is lost is unknown, stored or not; the same again settles it', async () => {
    await inTrouble(async ({ database, users, proxy, schema }) => {
      const isPut = (bytes: Buffer) => bytes.includes('lost')
      const answered = proxy.cutNext('reply', isPut)
      await assert.rejects(users.put(profile('lost-answer'), 1), isUnknown)
      await answered
      const asked = proxy.cutNext('request', isPut)
      await assert.rejects(users.put(profile('lost-request'), 1), isUnknown)
      await asked
      assert.deepEqual(await storedNames(schema), ['lost-answer'])
      await healed(database)
      for (const id of ['lost-answer', 'lost-request']) assert.equal((await users.put(profile(id), 2)).updatedAt, 2)
      assert.deepEqual(await storedNames(schema), ['lost-answer', 'lost-request'])
    })
  })

  test('a read whose answer is lost is never unknown', async () => {
    await inTrouble(async ({ users, proxy }) => {
      const cut = proxy.cutNext('reply', (bytes) => bytes.includes('ann'))
      await assert.rejects(users.get(['ann']), refusedWith('store_unavailable'))
      await cut
      assert.deepEqual(await users.get(['ann']), [undefined], 'the next one has another connection')
    })
  })

  test('a server that refuses connections: told at once, and healed without help', async () => {
    await inTrouble(async ({ database, users, proxy }) => {
      await users.put(profile('ann'), 1)
      await proxy.down()
      await eventually('the broken connections are known', async () => database.connections.open === 0)
      for (let n = 0; n < 5; n++) {
        await assert.rejects(users.put(profile('bob'), 1), refusedWith('store_unavailable'), 'nothing was sent')
      }
      assert.match((await database.check()) ?? '', /cannot be reached/)
      const { accepted } = proxy.counters
      await proxy.heal()
      await healed(database)
      assert(proxy.counters.accepted > accepted)
      assert.deepEqual(
        (await users.get(['ann', 'bob'])).map((user) => user?.id),
        ['ann', undefined],
      )
    })
  })

  test('a server that is silent: every call has a deadline, then they are refused at once', async () => {
    const deadlines = { connectTimeoutMs: 200, statementTimeoutMs: 200 }
    await inTrouble(async ({ database, users, proxy }) => {
      await users.put(profile('ann'), 1)
      await proxy.set({ blackHole: 'both' })
      await assert.rejects(users.put(profile('bob'), 1), isUnknown)
      for (let n = 0; n < 5; n++) await assert.rejects(users.get(['ann']), refusedWith('store_unavailable'))
      await proxy.heal()
      await healed(database)
      assert.equal((await users.get(['ann']))[0]?.id, 'ann')
    }, deadlines)
  })

  test('closed while the server is silent, it lets go of all its connections', async () => {
    await inTrouble(async ({ database, users, proxy }) => {
      await Promise.all(Array.from({ length: 4 }, (_, n) => users.put(profile(`user-${n}`), 1)))
      const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
      const ofProxy = () => 2 * proxy.counters.open
      assert(sockets() > ofProxy())
      await proxy.set({ blackHole: 'both' })
      await database[Symbol.asyncDispose]()
      await eventually('only those of the proxy are left', async () => sockets() <= ofProxy())
    })
  })

  test('connections that are ended while idle and while used do not end the process', async () => {
    await inTrouble(async ({ database, users }) => {
      await Promise.all(Array.from({ length: 8 }, (_, n) => users.put(profile(`user-${n}`), 1)))
      const endAll = () =>
        withClient(url, (client) =>
          client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'headwater' AND query LIKE '%${database.schema}%' AND pid <> pg_backend_pid()`),
        )
      await endAll()
      await eventually('they are dropped', async () => database.connections.open === 0)
      await users.put(profile('again'), 2)
      const sleeping = database.write(statement(`SELECT pg_sleep(30) AS ${database.schema}`), [])
      const outcome = assert.rejects(sleeping, isUnknown, 'it may have ended after its commit')
      await eventually('it sleeps', async () => {
        const { rows } = await withClient(url, (client) =>
          client.query(`SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30) AS ${database.schema}%'`),
        )
        return rows.length > 0
      })
      await endAll()
      await outcome
      await healed(database)
    })
  })

  test('a full disk is told as such', async () => {
    await inTrouble(async ({ users, schema }) => {
      await withClient(url, async (client) => {
        await client.query(`CREATE FUNCTION ${schema}.full() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$`)
        await client.query(`CREATE TRIGGER no_space BEFORE INSERT ON ${schema}.users EXECUTE FUNCTION ${schema}.full()`)
      })
      await assert.rejects(users.put(profile('ann'), 1), refusedWith('storage_full'))
      await withClient(url, (client) => client.query(`DROP TRIGGER no_space ON ${schema}.users`))
      assert.equal((await users.put(profile('ann'), 1)).id, 'ann')
    })
  })

  test('a statement that loses a deadlock is made again', async () => {
    await inTrouble(
      async ({ users, schema }) => {
        await users.put(profile('bob'), 1)
        await withClient(url, async (other) => {
          await other.query(`SET deadlock_timeout = '1h'`)
          await other.query(`CREATE FUNCTION ${schema}.also() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN UPDATE ${schema}.erasures SET erased_at = 0; RETURN NEW; END $$`)
          await other.query(`INSERT INTO ${schema}.erasures VALUES ('cat', 1)`)
          await other.query(`CREATE TRIGGER crossing BEFORE UPDATE ON ${schema}.users FOR EACH ROW
          WHEN (OLD.user_id = 'bob') EXECUTE FUNCTION ${schema}.also()`)
          await other.query('BEGIN')
          await other.query(`UPDATE ${schema}.erasures SET erased_at = 2`)
          const put = users.put(profile('bob'), 5)
          await eventually('the put waits for the other', async () => {
            const { rows } = await withClient(url, (client) =>
              client.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${schema}%'`),
            )
            return rows.length > 0
          })
          // Each holds what the other wants. The put is the one that finds out, since the other looks after an hour.
          await other.query(`UPDATE ${schema}.users SET locale = 'de' WHERE user_id = 'bob'`)
          await other.query('COMMIT')
          assert.equal((await put).updatedAt, 5)
        })
      },
      { lockTimeoutMs: 20_000, statementTimeoutMs: 30_000 },
    )
  })

  test('a revocation is never seen before one with a smaller order', async () => {
    await inTrouble(async ({ database, schema }) => {
      const store = new PostgresRevocationStore(database)
      const of = (tokenId: string) => ({ userId: null, tokenId, at: 1, expiresAt: 1_000 })
      const first = await store.revoke(of('first'))
      await withClient(url, async (slow) => {
        await slow.query('BEGIN')
        const { rows } = await slow.query<{ last: string }>(
          `UPDATE ${schema}.revocation_order SET last = last + 1 RETURNING last`,
        )
        const order = Number(rows[0]?.last)
        await slow.query(`INSERT INTO ${schema}.revocations VALUES ($1, NULL, 'slow', 1, 1000)`, [order])
        let done = false
        const quick = store.revoke(of('quick')).finally(() => {
          done = true
        })
        await eventually('the later one waits', async () => {
          const { rows: waiting } = await withClient(url, (client) =>
            client.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${schema}%'`),
          )
          return waiting.length > 0
        })
        assert.deepEqual([done, await store.since(first.order)], [false, []])
        await slow.query('COMMIT')
        const later = await quick
        assert.deepEqual(
          (await store.since(first.order)).map(({ tokenId, order: at }) => [tokenId, at]),
          [
            ['slow', order],
            ['quick', later.order],
          ],
        )
        assert(later.order > order)
      })
    })
  })
})
