// What travels: one message per node and batch, split where it is too large, and a gap where one cannot be sent at all.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sampleRow, someTime } from '../../conformance/samples.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import type { StreamChanges, StreamMessage } from '../../ports/pub-sub.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { openRedis, type RedisEngine } from './open.ts'
import type { RedisSettings } from './settings.ts'
import { dropKeys, eventually, withConnection } from './testing/namespace.ts'

const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')
let namespaces = 0

whereServicesRun('messages on redis', ['redis'], ({ redis }) => {
  describe('messages on redis', () => {
    test('a batch for many users is one message per node, and none for users whom nobody hears', async () => {
      await using world = await setUp({ messageBytes: 4_000_000 })
      const [one, two] = [await world.node(), await world.node()]
      const publisher = await world.open()
      await one.add(usersFrom(0, 600))
      await two.add(usersFrom(400, 800))
      await world.overhear(async (overheard) => {
        await publisher.ports.pubSub.publish(usersFrom(0, 1_000).map((user) => changed(user, 'x')))
        await eventually('what each hears', () => one.heard.length === 600 && two.heard.length === 400)
        await eventually('what is overheard', () => overheard.length >= 2)
        assert.equal(overheard.length, 2)
      })
      assert.deepEqual(
        one.heard.map(({ user }) => user),
        usersFrom(0, 600),
      )
    })

    test('what is larger than a message is split, and comes whole and in order', async () => {
      await using world = await setUp({ messageBytes: 20_000 })
      const node = await world.node()
      const publisher = await world.open()
      await node.add(['ann', 'ben'])
      const messages = Array.from({ length: 60 }, (_, n) => changed(n % 2 ? 'ann' : 'ben', '大'.repeat(n * 100)))
      await world.overhear(async (overheard) => {
        await publisher.ports.pubSub.publish(messages)
        await eventually('all of it', () => node.heard.length === messages.length)
        assert(overheard.length > 20 && overheard.length < messages.length, `${overheard.length} messages`)
        for (const text of overheard) assert(Buffer.byteLength(text) < 20_100 || text.indexOf('\n[') > 0)
      })
      assert.deepEqual(node.heard, messages)
      assert.equal(node.gaps, 0)
    })

    test('what is too large to be sent is a gap before the next message', async () => {
      await using world = await setUp()
      const node = await world.node()
      const publisher = await world.open()
      await node.add(['ann'])
      await publisher.ports.pubSub.publish([changed('ann', 'first'), changed('ann', 'x'.repeat(9_000_000))])
      await publisher.ports.pubSub.publish([changed('ann', 'last')])
      await eventually('the last', () => node.heard.length === 2)
      assert.deepEqual(node.heard, [changed('ann', 'first'), changed('ann', 'last')])
      assert.equal(node.gaps, 1)
    })

    test('who is told of revocations hangs on no key', async () => {
      await using world = await setUp()
      const node = await world.node()
      const publisher = await world.open()
      await node.add(['ann'])
      await withConnection(world.settings, (connection) =>
        connection.call(['UNLINK', `${world.settings.prefix}:i:{ann}`]),
      )
      await publisher.ports.pubSub.publish([{ kind: 'revoked', user: 'ann' }])
      await eventually('the order', () => node.heard.length === 1)
    })
  })

  async function setUp(over: Partial<RedisSettings> = {}) {
    const prefix = `hw_messages_${runId}_${++namespaces}`
    const settings: RedisSettings = { ...redis, prefix, commandMs: 5_000, ...over }
    const engines: RedisEngine[] = []
    const open = async () => {
      const engine = await openRedis(settings, systemSeams)
      engines.push(engine)
      return engine
    }
    return {
      settings,
      open,
      async node() {
        const heard: StreamMessage[] = []
        const node = { heard, gaps: 0, add: (_: readonly string[]) => Promise.resolve() }
        const { pubSub } = (await open()).ports
        const subscription = await pubSub.subscribe({
          message: (message) => void heard.push(message),
          gap: () => void node.gaps++,
        })
        node.add = (users) => subscription.add(users)
        return node
      },
      /** Everything that travels to any node. */
      async overhear(work: (overheard: readonly string[]) => Promise<void>) {
        await withConnection(settings, async (connection) => {
          const overheard: string[] = []
          const channels = await connection.call<string[]>(['PUBSUB', 'SHARDCHANNELS', `${prefix}:*`])
          await connection.listen(channels, (text) => overheard.push(text))
          await work(overheard)
        })
      },
      async [Symbol.asyncDispose]() {
        for (const engine of engines) await engine[Symbol.asyncDispose]()
        await dropKeys(settings, prefix)
      },
    }
  }
})

const usersFrom = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `user ${from + n}`)

const changed = (user: string, preview: string): StreamChanges => {
  const row = sampleRow('ann', 1)
  const [first] = row.newestActors
  assert(first)
  const group = { ...row, user, newestActors: [{ ...first, metadata: { preview } }], pending: [] }
  return { kind: 'changes', user, from: 0, to: 1, changes: [{ seq: 1, group }], counts: null, acceptedAt: someTime }
}
