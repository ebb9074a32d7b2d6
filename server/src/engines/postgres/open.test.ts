import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemSeams } from '../../lib/system-seams.ts'
import { statement } from './database.ts'
import { migrations } from './migrations/all.ts'
import { openPostgres, reasonToRefuse, type ServerFacts } from './open.ts'
import { refusedWith } from './testing/refusals.ts'
import { dropSchema, openInSchema, wherePostgresRuns, withClient } from './testing/schema.ts'
import { PostgresUserStore } from './user-store.ts'

const sound: ServerFacts = {
  fsync: 'on',
  synchronousCommit: 'on',
  encoding: 'UTF8',
  version: 150_018,
  isReplica: false,
  isPooled: false,
}

test('a server that may lose what it acknowledged, or cannot keep it, is refused', () => {
  const reason = (facts: Partial<ServerFacts>, unsafe = false) => reasonToRefuse({ ...sound, ...facts }, unsafe)
  assert.equal(reason({}), undefined)
  for (const mode of ['local', 'remote_write', 'remote_apply'])
    assert.equal(reason({ synchronousCommit: mode }), undefined)
  assert.match(reason({ fsync: 'off' }) ?? '', /fsync/)
  assert.match(reason({ synchronousCommit: 'off' }) ?? '', /synchronous_commit/)
  assert.equal(reason({ fsync: 'off', synchronousCommit: 'off' }, true), undefined)
  for (const facts of [{ version: 110_022 }, { isReplica: true }, { encoding: 'SQL_ASCII' }]) {
    assert.equal(typeof reason(facts, true), 'string', 'no setting helps against that')
  }
})

test('a server that is not there is refused with its reason', async () => {
  const nowhere = openPostgres({ url: 'postgres://someone@127.0.0.1:1/postgres' }, systemSeams)
  await assert.rejects(nowhere, refusedWith('store_unavailable', /cannot be reached/))
  const named = openPostgres({ url: 'postgres://someone@127.0.0.1:1/postgres', schema: 'a"b' }, systemSeams)
  await assert.rejects(named, refusedWith('store_unavailable', /named with/))
})

wherePostgresRuns('opening', ({ url, pooledUrl }) => {
  let schemas = 0
  const inSchema = async (run: (schema: string) => Promise<void>): Promise<void> => {
    const schema = `hw_open_${process.pid}_${++schemas}`
    try {
      await run(schema)
    } finally {
      await dropSchema(url, schema)
    }
  }
  const open = (schema: string, more = {}) => openInSchema(url, schema, systemSeams, more)

  test('a role that gives up synchronous commits is refused at start', async () => {
    await inSchema(async (schema) => {
      const careless = new URL(url)
      careless.searchParams.set('options', '-c synchronous_commit=off')
      const opening = openPostgres({ url: careless.href, schema }, systemSeams)
      await assert.rejects(opening, refusedWith('store_unavailable', /synchronous_commit = off/))
      const unsafe = openPostgres({ url: careless.href, schema, unsafe: true }, systemSeams)
      await (await unsafe)[Symbol.asyncDispose]()
    })
  })

  test('servers that start together make one schema', async () => {
    await inSchema(async (schema) => {
      const databases = await Promise.all(Array.from({ length: 5 }, () => open(schema)))
      for (const database of databases) assert.equal(await database.check(), undefined)
      for (const database of databases) await database[Symbol.asyncDispose]()
      const ledger = await withClient(url, (client) =>
        client.query(`SELECT number FROM ${schema}.headwater_migrations`),
      )
      assert.equal(ledger.rows.length, migrations.length)
    })
  })

  test('a schema that is complete is opened by a role without the right to change it', async () => {
    await inSchema(async (schema) => {
      await (await open(schema))[Symbol.asyncDispose]()
      const role = `${schema}_role`
      await withClient(url, async (client) => {
        await client.query(`CREATE ROLE ${role} LOGIN`)
        await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
        await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
      })
      try {
        const modest = new URL(url)
        modest.username = role
        await using database = await openInSchema(modest.href, schema, systemSeams)
        const users = new PostgresUserStore(database)
        await users.put({ id: 'ann', name: 'Ann', avatarUrl: null, locale: null, properties: {} }, 1)
        const other = openInSchema(modest.href, `${schema}_none`, systemSeams)
        await assert.rejects(other, refusedWith('store_unavailable', /has the role the right/))
      } finally {
        await withClient(url, async (client) => {
          await client.query(`DROP OWNED BY ${role}`)
          await client.query(`DROP ROLE ${role}`)
        })
      }
    })
  })

  for (const [what, spoil, detail] of [
    [
      'of a newer Headwater',
      (schema: string) => `INSERT INTO ${schema}.headwater_migrations VALUES (99, 'later', '', '9.9.9', 1)`,
      /newer Headwater: it is at 99 \(Headwater 9\.9\.9\)/,
    ],
    [
      'with another past',
      (schema: string) => `UPDATE ${schema}.headwater_migrations SET checksum = 'other'`,
      /Migration 1 \(people\)/,
    ],
    ['of another program', (schema: string) => `DROP TABLE ${schema}.headwater_migrations`, /another program/],
  ] as const) {
    test(`a schema ${what} is refused and left as it is`, async () => {
      await inSchema(async (schema) => {
        await (await open(schema))[Symbol.asyncDispose]()
        const tables = () =>
          withClient(url, async (client) => {
            const { rows } = await client.query('SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1', [
              schema,
            ])
            return rows
          })
        await withClient(url, (client) => client.query(spoil(schema)))
        const before = await tables()
        await assert.rejects(open(schema), refusedWith('store_unavailable', detail))
        assert.deepEqual(await tables(), before)
      })
    })
  }

  for (const namedStatements of ['auto', 'always'] as const) {
    test(`all works through a pooler in transaction mode, named statements: ${namedStatements}`, async () => {
      await inSchema(async (schema) => {
        await using database = await openInSchema(pooledUrl, schema, systemSeams, { namedStatements })
        const users = new PostgresUserStore(database)
        const profile = (id: string) => ({ id, name: id, avatarUrl: null, locale: null, properties: { n: 1 } })
        // More at once than the pooler has connections, so that statements meet connections that do not know them.
        const ids = Array.from({ length: 60 }, (_, n) => `user-${n}`)
        for (let round = 0; round < 3; round++) {
          await Promise.all(ids.map((id) => users.put(profile(id), round)))
        }
        const found = await users.get(ids)
        assert.deepEqual(
          found.map((user) => [user?.id, user?.createdAt, user?.updatedAt]),
          ids.map((id) => [id, 0, 2]),
        )
      })
    })
  }

  test('a statement has a deadline at the server, and the next one a sound connection', async () => {
    await inSchema(async (schema) => {
      await using database = await open(schema, { statementTimeoutMs: 100, maxConnections: 1 })
      const sleep = statement('SELECT pg_sleep(30)')
      await assert.rejects(database.write(sleep, []), refusedWith('store_unavailable'), 'rolled back, so not unknown')
      assert.equal(await database.check(), undefined)
    })
  })

  test('more statements than may wait are told that it is overloaded', async () => {
    await inSchema(async (schema) => {
      await using database = await open(schema, { maxConnections: 1, maxWaiting: 2 })
      const calls = await Promise.allSettled(
        Array.from({ length: 20 }, () => database.read(statement('SELECT pg_sleep(0.01)'), [])),
      )
      const refused = calls.filter((call) => call.status === 'rejected')
      assert(refused.length > 0 && refused.length < 20)
      for (const { reason } of refused) refusedWith('overloaded')(reason)
    })
  })
})
