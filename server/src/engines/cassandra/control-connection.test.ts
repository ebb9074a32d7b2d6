// A cluster that goes away and comes back again and again leaves nothing behind in the client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultProxy } from '../../../test/faults/proxy.ts'
import { systemScheduler, systemSeams } from '../../lib/system-seams.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import type { CassandraDatabase } from './database.ts'
import { openCassandra } from './open.ts'

const outages = 4
const timeout = 240_000

whereServicesRun('the control connection of cassandra', ['cassandra'], ({ cassandra }) => {
  const keyspace = `hw_test_${Buffer.from(systemSeams.random.bytes(6)).toString('hex')}`

  /** Reached through the proxy alone: the driver keeps the address that it was given for a node that it asks. */
  async function openBehindProxy() {
    const [host, port] = cassandra.contactPoints[0]!.split(':')
    const proxy = await FaultProxy.open({ target: { host: host!, port: Number(port) } })
    const { localDataCenter } = cassandra
    const settings = { contactPoints: [proxy.address], port: proxy.port, localDataCenter, keyspace, replication: 1 }
    return { proxy, open: () => openCassandra({ ...settings, fence: 'lwt', ttlDays: 30 }, systemSeams) }
  }

  test('outages leave no connection and no timer behind, neither while it is open nor when it is closed', {
    timeout,
  }, async () => {
    const { proxy, open } = await openBehindProxy()
    await using _proxy = proxy
    const before = timers()
    const db = await open()
    try {
      const whileOpen = timers()
      for (let n = 1; n <= outages; n++) {
        await proxy.down()
        await eventually('it is refused', async () => !(await answers(db)))
        await proxy.heal()
        await eventually('it is answered', () => answers(db))
        // The pool of the node and the control connection may each have made one.
        await eventually(`two connections after ${n} outages`, () => proxy.counters.open <= 2)
        await eventually(`timers as before after ${n} outages`, () => timers() <= whileOpen + 1)
      }
      await db.drop()
    } finally {
      await db[Symbol.asyncDispose]()
    }
    await eventually('all connections are closed', () => proxy.counters.open === 0)
    await eventually('all timers are gone', () => timers() <= before)
  })

  test('closed while the node is away, it lets go of it, and stays away when it is back', { timeout }, async () => {
    const { proxy, open } = await openBehindProxy()
    await using _proxy = proxy
    const before = timers()
    for (const says of ['no', 'nothing'] as const) {
      const db = await open()
      if (says === 'no') await proxy.set({ refuse: true })
      else await proxy.set({ blackHole: 'both' })
      const { accepted } = proxy.counters
      proxy.cutAll()
      if (says === 'nothing') await eventually('it tries again', () => proxy.counters.accepted > accepted)
      await db[Symbol.asyncDispose]()
      await proxy.heal()
      await eventually('all connections are closed', () => proxy.counters.open === 0)
      await eventually('all timers are gone', () => timers() <= before)
      assert.equal(proxy.counters.open, 0)
    }
    await using db = await open()
    await db.drop()
  })
})

/** Those that keep a process from ending. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

const answers = (db: CassandraDatabase): Promise<boolean> =>
  db.read('SELECT release_version FROM system.local').then(
    () => true,
    () => false,
  )

async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    assert(performance.now() - startedAt < 30_000, `waited in vain: ${what}`)
    await systemScheduler.sleep(50)
  }
}
