// What users do, on a cluster of two APIs, two gateways and two workers: each step through another process than the last.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import type { TestServer } from '../../src/testing.ts'
import { accept, like, mark, page } from '../journeys/testing/calls.ts'
import { EventStream } from '../journeys/testing/event-stream.ts'
import { openSocket } from '../journeys/testing/socket.ts'
import { eventually } from '../stress/testing/eventually.ts'
import { TestCluster } from './nodes/test-cluster.ts'
import { assertVerified } from './nodes/under-load.ts'

/** The bound of the promise that what is revoked is gone. */
const revokedWithinMs = 5_000

whereServicesRun('journeys on a cluster', [], () => {
  describe('two APIs, two gateways, two workers', () => {
    let cluster: TestCluster
    let [api, otherApi, gateway, otherGateway]: TestServer[] = []
    before(async () => {
      cluster = await TestCluster.start({ services: process.env.HEADWATER_SERVICES as string })
      ;[api, otherApi, gateway, otherGateway] = await Promise.all(
        ['api-1', 'api-2', 'gateway-1', 'gateway-2'].map((name) => cluster.server(name)),
      )
    })
    after(() => cluster?.[Symbol.asyncDispose]())

    const servers = () => ({ api, otherApi, gateway, otherGateway }) as Record<string, TestServer> & Servers

    test('events through one API are a group on a page of the other', async () => {
      const { api, otherApi } = servers()
      await accept(api, [like('ann', 'carol', 'p1'), like('ben', 'carol', 'p1')])
      await accept(otherApi, [like('cyd', 'carol', 'p1'), like('ann', 'carol', 'p2')])
      await api.settle()
      for (const one of [api, otherApi]) {
        const { activity_groups, unread_count } = await page(one, 'carol')
        const counts = new Map(activity_groups.map((group) => [group.object_id, group.actor_count]))
        assert.deepEqual([counts.get('p1'), counts.get('p2'), unread_count], [3, 1, 2])
      }
    })

    test('what one device reads the other one is told, on another gateway', async () => {
      const { api, otherApi, gateway, otherGateway } = servers()
      await accept(api, [like('ann', 'dora', 'p1'), like('ann', 'dora', 'p2')])
      await api.settle()
      using phone = await openSocket(gateway, 'dora', { deviceId: 'phone' })
      using laptop = await openSocket(otherGateway, 'dora', { deviceId: 'laptop' })
      assert.deepEqual([phone.hello?.unread_count, laptop.hello?.unread_count], [2, 2])
      const { activity_groups } = await page(otherApi, 'dora')
      const first = activity_groups[0]?.group_id as string
      assert.equal((await mark(otherApi, 'dora', 'read', { group_ids: [first] })).updated_unread_count, 1)
      for (const socket of [phone, laptop]) {
        await socket.until('the mark', () => socket.chain.some(({ type }) => type === 'read_state'))
        const [frame] = socket.chain.filter(({ type }) => type === 'read_state')
        assert.deepEqual([frame?.read.group_ids, frame?.unread_count], [[first], 1])
      }
      const after = await page(api, 'dora')
      assert.deepEqual([after.unread_count, after.unseen_count], [1, 1])
    })

    test('a device that comes back to the other gateway is told the rest, once and in order', async () => {
      const { api, otherApi, gateway, otherGateway } = servers()
      await accept(api, [like('ann', 'emil', 'p1')])
      await api.settle()
      const first = await openSocket(gateway, 'emil')
      await first.reached((await page(api, 'emil')).seq)
      const { position } = first
      first[Symbol.dispose]()
      await accept(otherApi, [like('ben', 'emil', 'p1'), like('ann', 'emil', 'p2')])
      await api.settle()
      using second = await openSocket(otherGateway, 'emil', { resume: position })
      await second.reached((await page(api, 'emil')).seq)
      assert.equal(second.hello?.from_seq, position.seq)
      assert.deepEqual(
        second.chain.map(({ type, group }) => [type, group?.object_id, group?.actor_count]),
        [
          ['activity_group_updated', 'p1', 2],
          ['activity_group_created', 'p2', 1],
        ],
      )
      await accept(api, [like('cyd', 'emil', 'p2')])
      await second.until('what is new', () => second.chain.length === 3)
      assert.deepEqual([second.chain[2]?.group.actor_count, second.chain[2]?.unread_count], [2, 2])
    })

    test('a deleted object is gone at once from every API, and sockets are told', async () => {
      const { api, otherApi, gateway } = servers()
      await accept(api, [like('ann', 'fay', 'p1'), like('ann', 'fay', 'p2')])
      await api.settle()
      using socket = await openSocket(gateway, 'fay')
      assert.equal((await api.request('DELETE', '/v1/objects/POST/p1')).status, 202)
      const objects = async (server: TestServer) =>
        (await page(server, 'fay')).activity_groups.map(({ object_id }) => object_id)
      assert.deepEqual([await objects(otherApi), await objects(api)], [['p2'], ['p2']])
      await socket.until('it is gone', () => socket.chain.some(({ type }) => type === 'activity_group_removed'))
      await accept(otherApi, [like('ben', 'fay', 'p1')])
      await api.settle()
      const { unread_count, activity_groups } = await page(api, 'fay')
      assert.equal(unread_count, activity_groups.filter(({ is_read }) => !is_read).length)
    })

    test('an erased user vanishes from the groups of others, and the sockets of that user close', async () => {
      const { api, otherApi, otherGateway } = servers()
      assert.equal((await api.request('PUT', '/v1/users/gus', { body: { name: 'Gus' } })).status, 200)
      await accept(api, [like('gus', 'hal', 'p1'), like('ann', 'hal', 'p1'), like('ann', 'gus', 'p9')])
      await api.settle()
      using socket = await openSocket(otherGateway, 'gus')
      assert.equal((await api.request('DELETE', '/v1/users/gus')).status, 202)
      const started = performance.now()
      await socket.closed
      assert.ok(performance.now() - started < revokedWithinMs, 'the socket was closed in time')
      await eventually(
        'nothing of it is listed',
        async () => (await page(otherApi, 'gus')).activity_groups.length === 0,
        {
          withinMs: revokedWithinMs,
        },
      )
      // In the background, and in its own time.
      await eventually('the erased user counts no more', async () => {
        const [group] = (await page(otherApi, 'hal')).activity_groups
        return group?.actor_count === 1 && group.top_actors.every(({ id }) => id !== 'gus')
      })
    })

    test('a revoked user is out of every gateway within five seconds, and stays out', async () => {
      const { api, otherApi, gateway, otherGateway } = servers()
      const token = await api.token('ida')
      using here = await openSocket(gateway, 'ida', { token })
      using there = await openSocket(otherGateway, 'ida', { token })
      using other = await openSocket(otherGateway, 'jon')
      const started = performance.now()
      assert.equal((await api.request('POST', '/v1/tokens/revoke', { body: { user_id: 'ida' } })).status, 204)
      const codes = await Promise.all([here.closed, there.closed])
      assert.ok(performance.now() - started < revokedWithinMs, 'the sockets were closed in time')
      assert.equal(new Set(codes.map(({ code }) => code)).size, 1)
      await eventually(
        'the other API knows',
        async () => {
          const { status } = await otherApi.request('GET', '/v1/activities', { token })
          return status === 401
        },
        { withinMs: revokedWithinMs },
      )
      assert.equal(other.isClosed, false)
      const issued = await otherApi.request('POST', '/v1/tokens', { body: { user_id: 'ida' } })
      using again = await openSocket(gateway, 'ida', { token: issued.body.token })
      assert.ok(again.hello, 'a new token is let in')
    })

    test('a ticket of an API opens a stream at a gateway, once', async () => {
      const { api, otherApi, gateway, otherGateway } = servers()
      const answer = await api.request('POST', '/v1/stream-tickets', { token: await api.token('kim') })
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
      const query = `?ticket=${answer.body.ticket}`
      await using stream = await EventStream.open(gateway, query)
      await stream.until('hello', () => stream.events.length > 0)
      await accept(otherApi, [like('ann', 'kim', 'p1')])
      await stream.until('what is new', () => stream.events.some(({ event }) => event === 'activity_group_created'))
      for (const any of [gateway, otherGateway]) {
        await using second = await EventStream.open(any, query)
        assert.equal(second.response.status, 401)
      }
    })

    test('who is online is known everywhere', async () => {
      const { api, otherApi, gateway, otherGateway } = servers()
      const online = async (server: TestServer) =>
        (await server.request('POST', '/v1/presence', { body: { user_ids: ['leo', 'mia', 'ned'] } })).body.online
      using leo = await openSocket(gateway, 'leo', { deviceId: 'phone' })
      using _mia = await openSocket(otherGateway, 'mia', { deviceId: 'laptop' })
      for (const server of [api, otherApi]) {
        const found = async () => (await online(server)).map(({ user_id }: { user_id: string }) => user_id)
        await eventually('both are online', async () => (await found()).join() === 'leo,mia')
      }
      leo[Symbol.dispose]()
      await eventually('one is gone', async () => (await online(otherApi)).length === 1)
    })

    test('each process says what it does and how it is', async () => {
      for (const { name, role } of cluster.nodes) {
        const server = await cluster.server(name)
        const { status, body } = await server.request('GET', '/readyz')
        assert.deepEqual([status, body], [200, { ready: true, parts: { [role]: 'ok' } }], name)
        const metrics = String((await server.request('GET', '/metrics')).body)
        for (const metric of ['headwater_log_lag', 'headwater_sockets'])
          assert.match(metrics, new RegExp(`^${metric} `, 'm'))
      }
      const applied = async (name: string) => {
        const { body } = await (await cluster.server(name)).request('GET', '/metrics')
        return Number(/^headwater_events_applied_total (\d+)/m.exec(String(body))?.[1])
      }
      assert.ok((await applied('worker-1')) > 0 && (await applied('worker-2')) > 0, 'both workers fold')
      assert.equal(await applied('api-1'), 0)
      const { status } = await (await cluster.server('worker-1')).request('GET', '/v1/activities', { user: 'carol' })
      assert.equal(status, 404, 'a worker answers no requests of an API')
    })

    test('what the stores hold is what the log says', async () => {
      await servers().api.settle()
      await assertVerified(cluster)
    })
  })
})

interface Servers {
  readonly api: TestServer
  readonly otherApi: TestServer
  readonly gateway: TestServer
  readonly otherGateway: TestServer
}
