import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { day, sampleGroupId, someTime } from '../../conformance/samples.ts'
import { unreadSetsSuite } from '../../conformance/unread-sets.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import { noMarks } from '../../model/marks.ts'
import { toSeq } from '../../model/position.ts'
import type { UnreadFlush } from '../../ports/unread-sets.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { openRedis, type RedisPorts } from './open.ts'
import { runOnRedis } from './run-on-redis.ts'
import type { RedisSettings } from './settings.ts'
import { dropKeys, keysOf, withConnection } from './testing/namespace.ts'

runOnRedis(unreadSetsSuite, (ports) => ports.unread)

const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')
let namespaces = 0

whereServicesRun('bounds of unread sets on redis', ['redis'], ({ redis }) => {
  describe('bounds of unread sets on redis', () => {
    test('a set that is or grows too large is not kept', async () => {
      await using world = await setUp({ unreadMaxGroups: 10 })
      const { unread } = world.ports
      await unread.put('ann', contentOf(11))
      assert.equal(await unread.counts('ann', 0), undefined)
      await unread.put('ann', contentOf(10))
      assert.equal((await unread.counts('ann', 0))?.unread, 10)
      assert.deepEqual(await unread.apply([flushOf('ann', 10, [10])], 0), [undefined])
      assert.equal(await unread.counts('ann', 0), undefined)
      assert.deepEqual(await world.keys(), [])
    })

    test('marks of groups past retention go, and the set stays right', async () => {
      await using world = await setUp()
      const { unread } = world.ports
      await unread.put('ann', contentOf(5))
      const marks = Array.from({ length: 300 }, (_, n) => {
        const createdAt = someTime - (n < 290 ? 100 : 10) * day
        return { groupId: sampleGroupId('ann', n, createdAt), mark: 'read' as const, upTo: 5, seq: 5 }
      })
      const counts = await unread.mark('ann', marks, someTime - 50 * day)
      assert.equal(counts?.unread, 5)
      const fields = await withConnection(world.settings, (connection) =>
        connection.call<string[]>(['HKEYS', `${world.settings.prefix}:u:{ann}`]),
      )
      assert.equal(fields.filter((field) => field.startsWith('m')).length, 10)
    })

    test('positions of a late epoch keep their last digit', async () => {
      await using world = await setUp()
      const { unread } = world.ports
      const last = toSeq(8_000, 2 ** 40 - 2)
      await unread.put('ann', { ...contentOf(0), upTo: last - 4 })
      const [counts] = await unread.apply([flushOf('ann', last - 4, [1], last)], 0)
      assert.deepEqual(counts, { upTo: last, unread: 1, unseen: 1, unreadByType: { LIKE: 1 } })
      const almost = await unread.mark('ann', [{ groupId: null, mark: 'read', upTo: last - 1, seq: last }], 0)
      assert.equal(almost?.unread, 1)
      const read = await unread.mark('ann', [{ groupId: null, mark: 'read', upTo: last, seq: last }], 0)
      assert.deepEqual(read, { upTo: last, unread: 0, unseen: 0, unreadByType: {} })
    })
  })

  async function setUp(over: Partial<RedisSettings> = {}) {
    const prefix = `hw_unread_${runId}_${++namespaces}`
    const settings: RedisSettings = { ...redis, prefix, commandMs: 5_000, ...over }
    const engine = await openRedis(settings, systemSeams)
    const ports: RedisPorts = engine.ports
    return {
      ports,
      settings,
      keys: () => withConnection(settings, (connection) => keysOf(connection, prefix)),
      async [Symbol.asyncDispose]() {
        await engine[Symbol.asyncDispose]()
        await dropKeys(settings, prefix)
      },
    }
  }
})

const rowOf = (n: number, unreadSeq = 10) => ({
  groupId: sampleGroupId('ann', n),
  eventType: 'LIKE' as const,
  createdAt: someTime,
  unreadSeq,
})

const contentOf = (groups: number) => ({
  upTo: 10,
  rows: Array.from({ length: groups }, (_, n) => rowOf(n)),
  all: noMarks,
  marks: new Map(),
})

const flushOf = (user: string, from: number, groups: readonly number[], to = from + 1): UnreadFlush => ({
  user,
  from,
  to,
  groups: groups.map((n) => ({ ...rowOf(n, to), visible: true })),
  marks: [],
})
