import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { HeadwaterError } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import type { CassandraDatabase } from './database.ts'
import { openCassandra } from './open.ts'
import type { CassandraSettings } from './settings.ts'

const isRefusal = (detail: RegExp) => (error: unknown) => HeadwaterError.is(error) && detail.test(error.detail)

whereServicesRun('opening cassandra', ['cassandra'], ({ cassandra }) => {
  const keyspace = `hw_test_${Buffer.from(systemSeams.random.bytes(6)).toString('hex')}`
  const settings: CassandraSettings = { ...cassandra, keyspace, replication: 1, fence: 'lwt', ttlDays: 30 }
  const refused = (over: Partial<CassandraSettings>, detail: RegExp) =>
    assert.rejects(openCassandra({ ...settings, ...over }, systemSeams), isRefusal(detail))

  describe('opening cassandra', { concurrency: false }, () => {
    let db: CassandraDatabase

    before(async () => {
      // Starters at once: one makes the schema, the others wait for it.
      const opened = await Promise.all([1, 2, 3].map(() => openCassandra(settings, systemSeams)))
      db = opened[0] as CassandraDatabase
      for (const each of opened.slice(1)) await each[Symbol.asyncDispose]()
    })

    after(async () => {
      await db?.drop()
      await db?.[Symbol.asyncDispose]()
    })

    test('an operator is told that there is one copy', () => {
      assert.match(db.warnings.join(), /one copy/)
    })

    test('a schema made with the other fence is refused, and stays as it is', async () => {
      await refused({ fence: 'stamp' }, /fence lwt, and stamp is configured/)
      await using again = await openCassandra(settings, systemSeams)
      assert.equal(again.fence, 'lwt')
    })

    test('a change of the time to live reaches the tables', async () => {
      const ttls = async () =>
        (
          await db.read(
            'SELECT table_name, default_time_to_live AS ttl FROM system_schema.tables WHERE keyspace_name = ?',
            keyspace,
          )
        )
          .filter((row) => !['heads', 'ledger'].includes(row.table_name))
          .map((row) => row.ttl / 86_400)
      assert.deepEqual([...new Set(await ttls())], [30])
      await using _ = await openCassandra({ ...settings, ttlDays: 31 }, systemSeams)
      assert.deepEqual([...new Set(await ttls())], [31])
    })

    test('a schema that a newer program or another past made is refused', async () => {
      const put = 'INSERT INTO ledger (part, number, name, checksum, program) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS'
      const row = ['migration', 9_999, 'of tomorrow', 'x', '99.0.0']
      await db.writeIf([{ query: put, params: row }])
      await refused({}, /schema 9999 of Headwater 99\.0\.0.*Start the newer one/)
      await db.writeIf([
        { query: 'DELETE FROM ledger WHERE part = ? AND number = ? IF EXISTS', params: ['migration', 9_999] },
      ])
      const change = 'UPDATE ledger SET checksum = ? WHERE part = ? AND number = ? IF EXISTS'
      const [found] = await db.read('SELECT checksum FROM ledger WHERE part = ? AND number = ?', 'migration', 1)
      await db.writeIf([{ query: change, params: ['other', 'migration', 1] }])
      await refused({}, /is not the one that Headwater .* knows/)
      await db.writeIf([{ query: change, params: [found?.checksum, 'migration', 1] }])
      await using _ = await openCassandra(settings, systemSeams)
    })

    test('what cannot be a part of a statement is refused before anything is asked', async () => {
      await refused({ keyspace: 'x; DROP KEYSPACE y' }, /A keyspace has a name/)
      await refused({ replication: {} }, /names no data centre/)
      await refused({ replication: { "'": 1 } }, /is no name of a data centre/)
      await refused({ replication: 0 }, /number of copies/)
      await refused({ ttlDays: 0.5 }, /days to live/)
    })
  })

  test('a cluster that does not answer is a refusal that says so', async () => {
    const nobody = { contactPoints: ['127.0.0.1:1'], port: 1 }
    await assert.rejects(openCassandra({ ...settings, ...nobody }, systemSeams), isRefusal(/cannot be opened/))
  })
})
