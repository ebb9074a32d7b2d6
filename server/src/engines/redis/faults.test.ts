// What becomes of the ports when Redis is away, forgets, or says nothing: they fail within their time, and heal.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemSeams } from '../../lib/system-seams.ts'
import type { StreamMessage } from '../../ports/pub-sub.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { openRedis } from './open.ts'
import type { RedisSettings } from './settings.ts'
import { cutOffProxy } from './testing/cut-off.ts'
import { answersAll, changed, everyCall, isUnavailable, refusesAll } from './testing/every-call.ts'
import { connectionsOf, dropKeys, eventually, keysOf, withConnection } from './testing/namespace.ts'

const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')
let namespaces = 0

whereServicesRun('faults of redis', ['redis'], ({ redis }) => {
  describe('faults of redis', () => {
    test('while it is away every call is refused, and answered again when it is back', async () => {
      await using world = await setUp()
      const { engine, proxy } = world
      await everyCall(engine)
      proxy.set('refused')
      await eventually('every call is refused', () => refusesAll(engine))
      assert.deepEqual(await engine.check(), { cache: 'Redis does not answer' })
      proxy.set('through')
      await eventually('every call is answered', () => answersAll(engine))
      assert.deepEqual(await engine.check(), {})
    })

    test('while it says nothing calls end in their time, and soon none waits for it', async () => {
      await using world = await setUp({ commandMs: 200 })
      const { engine, proxy } = world
      await everyCall(engine)
      proxy.set('silent')
      assert(await refusesAll(engine))
      const started = systemSeams.clock.monotonic()
      // A thousand that each waited for its deadline, one after the other, would take minutes.
      for (let n = 0; n < 1_000; n++) await assert.rejects(engine.ports.unread.counts('ann', 0), isUnavailable)
      assert(systemSeams.clock.monotonic() - started < 30_000)
      proxy.set('through')
      await eventually('every call is answered', () => answersAll(engine))
    })

    test('a server starts without it, and uses it when it is there', async () => {
      await using world = await setUp({ commandMs: 300 }, 'refused')
      assert(await refusesAll(world.engine))
      world.proxy.set('through')
      await eventually('every call is answered', () => answersAll(world.engine))
    })

    test('a wrong password is said at the start', async () => {
      const wrong = { ...redis, prefix: 'hw_wrong', username: 'nobody', password: 'wrong' }
      await assert.rejects(openRedis(wrong, systemSeams), /lets nobody in/)
    })

    test('functions that it lost are given to it again', async () => {
      await using world = await setUp()
      await everyCall(world.engine)
      await withConnection(world.direct, async (connection) => {
        const names = (await connection.call<{ library_name: string }[]>(['FUNCTION', 'LIST']))
          .map(({ library_name }) => library_name)
          .filter((name) => name.startsWith('headwater_'))
        assert.notEqual(names.length, 0)
        // Another test may have done the same a moment ago.
        for (const name of names) await connection.call(['FUNCTION', 'DELETE', name]).catch(() => {})
      })
      await everyCall(world.engine)
    })

    test('a node whose keys are lost says that there was a gap, and is heard of again', async () => {
      await using world = await setUp({ checkMs: 50 })
      const { pubSub } = world.engine.ports
      let gaps = 0
      const heard: StreamMessage[] = []
      const subscription = await pubSub.subscribe({ message: (message) => heard.push(message), gap: () => gaps++ })
      await subscription.add(['ann'])
      await withConnection(world.direct, async (connection) => {
        await connection.call(['UNLINK', ...(await keysOf(connection, world.prefix))])
      })
      await eventually('a gap', () => gaps > 0)
      assert.deepEqual(await pubSub.mayBeHeard(['ann']), [true])
      await pubSub.publish([changed('ann', 1)])
      await eventually('a message', () => heard.length === 1)
    })

    test('a subscriber that was cut off hears of a gap once it can be heard of again', async () => {
      await using world = await setUp()
      await using publisher = await openRedis(world.direct, systemSeams)
      let gaps = 0
      const heard: StreamMessage[] = []
      const on = { message: (message: StreamMessage) => heard.push(message), gap: () => gaps++ }
      const subscription = await world.engine.ports.pubSub.subscribe(on)
      await subscription.add(['ann'])
      world.proxy.set('refused')
      await publisher.ports.pubSub.publish([changed('ann', 1)])
      world.proxy.set('through')
      await eventually('a gap', () => gaps > 0)
      await publisher.ports.pubSub.publish([changed('ann', 2)])
      await eventually('what was said after the gap', () => heard.length > 0)
      assert.deepEqual(heard, [changed('ann', 2)])
      assert.equal(gaps, 1, 'the number that was missed belongs to the gap')
    })

    test('nothing stays open when it is closed, not even while it is away', async () => {
      const world = await setUp()
      await world.engine.ports.pubSub.subscribe({ message: () => {}, gap: () => {} })
      const open = () =>
        withConnection(world.direct, async (connection) => {
          const names = ['commands', 'subscriber'].map((name) => `${world.prefix}-${name}`)
          return (await Promise.all(names.map((name) => connectionsOf(connection, name)))).flat().length
        })
      assert.equal(await open(), 2)
      world.proxy.set('refused')
      await world[Symbol.asyncDispose]()
      await eventually('no connection', async () => (await open()) === 0)
    })
  })

  async function setUp(over: Partial<RedisSettings> = {}, mode: 'through' | 'refused' = 'through') {
    const prefix = `hw_faults_${runId}_${++namespaces}`
    const direct: RedisSettings = { ...redis, prefix, commandMs: 5_000 }
    const proxy = await cutOffProxy(redis)
    proxy.set(mode)
    const through = { ...direct, host: '127.0.0.1', port: proxy.port, commandMs: 2_000, graceMs: 50, ...over }
    const engine = await openRedis(through, systemSeams)
    return {
      engine,
      proxy,
      prefix,
      direct,
      async [Symbol.asyncDispose]() {
        await engine[Symbol.asyncDispose]()
        await proxy[Symbol.asyncDispose]()
        await dropKeys(direct, prefix)
      },
    }
  }
})
