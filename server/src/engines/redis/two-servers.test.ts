// Two servers on one memory storage that meet through Redis alone: what one takes in reaches the sockets of the other at
// once, also after Redis has lost everything and every connection to it was cut.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { like, page, walk } from '../../../test/journeys/testing/calls.ts'
import { openSocket } from '../../../test/journeys/testing/socket.ts'
import { assemble } from '../../assemble.ts'
import { settingsWith } from '../../config/load.ts'
import type { Role } from '../../config/roles.ts'
import { ask } from '../../http/testing/ask.ts'
import { silentLog } from '../../lib/log.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import type { TestServer } from '../../testing.ts'
import { openMemory } from '../memory/open.ts'
import { createMemoryStorage } from '../memory/storage.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { openRedis } from './open.ts'
import { dropKeys, eventually, keysOf, killConnections, withConnection } from './testing/namespace.ts'

const apiKey = 'test-api-key'
const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')

whereServicesRun('two servers on redis', ['redis'], ({ redis }) => {
  describe('two servers on redis', () => {
    test('sockets of one hear of what the other takes in, whatever becomes of Redis', async () => {
      const settings = { ...redis, prefix: `hw_servers_${runId}`, commandMs: 5_000, checkMs: 100 }
      const storage = createMemoryStorage({ partitions: 2 })
      await using opened = new AsyncDisposableStack()
      opened.defer(() => dropKeys(settings, settings.prefix))
      const start = async (roles: readonly Role[]) => {
        const engine = opened.use(await openRedis(settings, systemSeams))
        const ports = { ...openMemory(storage, systemSeams), ...engine.ports }
        const { server, close } = await startOn(ports, roles)
        opened.defer(close)
        return server
      }
      const api = await start(['api', 'worker'])
      const gateway = await start(['api', 'gateway'])
      using socket = await openSocket(gateway, 'carol')

      const groups = async (n: number) => {
        await eventually(`group ${n}`, () => socket.chain.length >= n)
        const { unread_count } = await page(api, 'carol')
        assert.deepEqual([unread_count, (await walk(api, 'carol')).length], [n, n])
        assert.equal(socket.chain.at(-1)?.unread_count, n)
      }
      const send = async (n: number) => {
        const answer = await api.request('POST', '/v1/events', { body: like('ann', 'carol', `p${n}`) })
        assert.equal(answer.status, 202, JSON.stringify(answer.body))
      }
      await send(1)
      await groups(1)
      const online = await api.request('POST', '/v1/presence', { body: { user_ids: ['carol', 'dora'] } })
      assert.deepEqual(
        online.body.online.map((user: { user_id: string }) => user.user_id),
        ['carol'],
      )

      await withConnection(settings, async (connection) => {
        await connection.call(['UNLINK', ...(await keysOf(connection, settings.prefix))])
        await send(2)
        await groups(2)
        assert.equal(await killConnections(connection, `${settings.prefix}-subscriber`), 1)
        await send(3)
        await groups(3)
        assert.equal(await killConnections(connection, `${settings.prefix}-commands`), 2)
        await send(4)
        await groups(4)
      })
      assert.equal(
        socket.frames.some(({ type }) => type === 'reset'),
        false,
      )
    })
  })
})

async function startOn(ports: Parameters<typeof assemble>[0], roles: readonly Role[]) {
  const running = await assemble(ports, {
    config: {
      ...settingsWith({ 'http.port': 0, 'http.rateLimits': 'off' }),
      roles,
      access: { apiKeys: [apiKey], tokenSecrets: ['a secret that only these test servers have'] },
      isDevelopment: false,
    },
    seams: systemSeams,
    log: silentLog,
    webFolder: null,
    checkEngines: async () => ({}),
  })
  const url = await running.listen()
  const server = {
    url,
    async token(userId: string) {
      return (await running.access.issue({ userId, ttlS: 3_600, deviceId: null })).token
    },
    request: (method, path, request) => ask({ url, apiKey }, method, path, request),
  } satisfies Pick<TestServer, 'url' | 'token' | 'request'>
  return { server: server as unknown as TestServer, close: () => running.close() }
}
