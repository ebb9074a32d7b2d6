// A Redis that becomes a replica, or has no memory left, answers, but not what was asked for: callers hear that the cache is
// away, as they do when it is, and it heals by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRedis } from '../../src/engines/redis/open.ts'
import { cutOffProxy } from '../../src/engines/redis/testing/cut-off.ts'
import { answersAll, everyCall, isUnavailable, outcomesOf } from '../../src/engines/redis/testing/every-call.ts'
import { eventually, withConnection } from '../../src/engines/redis/testing/namespace.ts'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { startOwnServices } from './nodes/own-services.ts'

whereServicesRun('redis fails over', ['redis'], () => {
  test('the primary becomes a replica and hangs up on nobody: all find the new one at the same address', async () => {
    await using one = await startOwnServices(1, ['redis'])
    await using other = await startOwnServices(1, ['redis'])
    const [before, after] = [one.addresses.redis, other.addresses.redis]
    assert.ok(before && after)
    const address = { ...before }
    await using proxy = await cutOffProxy(address)
    await using engine = await openRedis(
      { host: '127.0.0.1', port: proxy.port, prefix: 'hw', commandMs: 5_000 },
      systemSeams,
    )
    await everyCall(engine)
    Object.assign(address, after)
    await ask(before, ['REPLICAOF', after.host, String(after.port)])
    await eventually('every call is answered', async () => {
      for (const outcome of await outcomesOf(engine))
        assert.ok(outcome.status === 'fulfilled' || isUnavailable(outcome.reason))
      return answersAll(engine)
    })
    assert.equal(await ask<string>(after, ['ROLE']).then(([role]) => role), 'master')
  })

  test('out of memory: what would take more is refused, and is taken again when there is room', async () => {
    await using own = await startOwnServices(1, ['redis'])
    const { redis } = own.addresses
    assert.ok(redis)
    await using engine = await openRedis({ ...redis, prefix: 'hw', commandMs: 5_000 }, systemSeams)
    await everyCall(engine)
    await ask(redis, ['CONFIG', 'SET', 'maxmemory', '1'])
    const outcomes = await outcomesOf(engine)
    assert.ok(outcomes.some(({ status }) => status === 'rejected'))
    for (const outcome of outcomes) assert.ok(outcome.status === 'fulfilled' || isUnavailable(outcome.reason))
    await ask(redis, ['CONFIG', 'SET', 'maxmemory', '0'])
    await everyCall(engine)
  })
})

const ask = <Answer>(server: { readonly host: string; readonly port: number }, command: readonly string[]) =>
  withConnection({ ...server, prefix: 'hw', commandMs: 5_000 }, (connection) => connection.call<Answer>(command))
