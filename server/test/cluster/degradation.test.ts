// Each service taken away from a whole server and given back: what still works, what is refused and how it says so, and that
// everything is right afterwards without help.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import type { PartName } from '../../src/wrapped/watched-parts.ts'
import { accept, like, mark, page } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'
import { type BehindProxies, startBehindProxies } from './testing/behind-proxies.ts'

/** Bounds of patience, not of speed. */
const healsMs = 60_000
const timeout = 240_000

whereServicesRun('a server without one of its services', ['redis', 'postgres', 'cassandra'], (services) => {
  test('each of its services is away, one after the other, and comes back', { timeout }, async (t) => {
    await using world = await startBehindProxies(services)
    const { server, proxies } = world
    const put = { name: 'Ann Lee', avatar_url: null, locale: null, properties: {} }
    assert.equal((await server.request('PUT', '/v1/users/ann', { body: put })).status, 200)
    await readyWithout(world, [])

    await t.test('PostgreSQL', async () => {
      const reader = 'reader-users'
      await tell(world, like('ann', reader, 'p1'))
      assert.equal((await page(server, reader)).activity_groups[0]?.top_actors[0]?.name, 'Ann Lee')
      const token = await server.token(reader)
      using socket = await openSocket(server, reader, { token })
      await proxies.users.down()

      await tell(world, like('ben', reader, 'p1'))
      const shown = await server.request('GET', '/v1/activities', { user: reader })
      assert.deepEqual([shown.status, shown.headers.get('headwater-degraded')], [200, 'users'])
      assert.deepEqual(shown.body.degraded, ['users'])
      const names = shown.body.activity_groups[0].top_actors.map(({ name }: { name: string }) => name)
      assert.deepEqual(names, ['ben', 'Ann Lee'], 'an id for a name that is not at hand')
      await socket.reached(shown.body.seq)
      assert.equal((await mark(server, reader, 'read', { all: true })).updated_unread_count, 0)
      assert.equal((await server.request('GET', '/v1/activities', { token })).status, 200, 'tokens are checked here')
      const keyed = () =>
        server.request('POST', '/v1/events', {
          headers: { 'idempotency-key': 'key-1' },
          body: { events: [like('cy', reader, 'p2')] },
        })
      await refusedWith('store_unavailable', keyed)
      await refusedWith('store_unavailable', () => server.request('GET', '/v1/users/ann'))
      await readyWithout(world, ['users'])

      await proxies.users.heal()
      await readyWithout(world, [])
      assert.equal((await server.request('GET', '/v1/users/ann')).body.user.name, 'Ann Lee')
      assert.equal((await keyed()).status, 202)
      await server.settle()
      await wholeAgain(world, reader, { unread: 1, groups: 2 })
    })

    await t.test('Redis', async () => {
      const reader = 'reader-cache'
      await tell(world, like('ann', reader, 'p1'))
      using socket = await openSocket(server, reader)
      await proxies.cache.down()

      const accepted = await server.request('POST', '/v1/events', { body: { events: [like('ben', reader, 'p2')] } })
      assert.equal(accepted.status, 202, JSON.stringify(accepted.body))
      await server.settle()
      const shown = await server.request('GET', '/v1/activities', { user: reader })
      assert.deepEqual([shown.status, shown.headers.get('headwater-degraded')], [200, 'cache'])
      assert.deepEqual([shown.body.degraded, shown.body.unread_count], [['cache'], 2])
      const [first] = shown.body.activity_groups
      assert.equal((await mark(server, reader, 'read', { group_ids: [first.group_id] })).updated_unread_count, 1)
      assert.equal((await page(server, reader)).unread_count, 1)
      await readyWithout(world, ['cache'])

      await proxies.cache.heal()
      await readyWithout(world, [])
      await tell(world, like('cy', reader, 'p3'))
      await wholeAgain(world, reader, { unread: 2, groups: 3 })
      await socket.reached((await page(server, reader)).seq)
    })

    await t.test('Cassandra', async () => {
      const reader = 'reader-store'
      await tell(world, like('ann', reader, 'p1'))
      using socket = await openSocket(server, reader)
      const before = await page(server, reader)
      await proxies.store.down()

      const refused = await refusedWith('store_unavailable', () =>
        server.request('GET', '/v1/activities', { user: reader }),
      )
      const { epoch, seq } = before
      assert.deepEqual(refused.badge, { unread_count: 1, unseen_count: 1, epoch, seq, stale: true })
      await accept(server, [like('ben', reader, 'p1'), like('cy', reader, 'p2')])
      await readyWithout(world, ['store'])
      assert.equal((await server.request('GET', '/v1/users/ann')).status, 200)

      await proxies.store.heal()
      await readyWithout(world, [])
      await server.settle()
      await wholeAgain(world, reader, { unread: 2, groups: 2 })
      const counts = (await page(server, reader)).activity_groups.map((group) => group.actor_count)
      assert.deepEqual(counts.sort(), [1, 2], 'nothing lost, nothing counted twice')
      await socket.reached((await page(server, reader)).seq)
    })

    await t.test('Kafka', async () => {
      const reader = 'reader-log'
      await tell(world, like('ann', reader, 'p1'))
      using socket = await openSocket(server, reader)
      await proxies.log.down()

      const send = () => server.request('POST', '/v1/events', { body: { events: [like('ben', reader, 'p2')] } })
      await refusedWith('ingest_unavailable', send)
      const shown = await server.request('GET', '/v1/activities', { user: reader })
      assert.deepEqual([shown.status, shown.body.unread_count], [200, 1])
      assert.equal(shown.headers.get('headwater-degraded'), null, 'a page needs no log')
      await readyWithout(world, ['log'])

      await proxies.log.heal()
      await readyWithout(world, [])
      // Who appends has connections of its own, and refuses for a moment longer.
      const again = { body: { events: [like('cy', reader, 'p3')] } }
      await eventually(
        'events are taken in',
        async () => (await server.request('POST', '/v1/events', again)).status === 202,
      )
      await server.settle()
      // What was refused without an id may be in the log: then it counts once.
      const groups = (await page(server, reader)).activity_groups
      assert.deepEqual(new Set(groups.map((group) => group.actor_count)), new Set([1]))
      assert(groups.some((group) => group.object_id === 'p3'))
      await socket.reached((await page(server, reader)).seq)
    })

    await t.test('PostgreSQL and Redis that say nothing at all', async () => {
      const reader = 'reader-silent'
      await tell(world, like('ann', reader, 'p1'))
      await page(server, reader)
      await proxies.users.set({ blackHole: 'both' })
      await proxies.cache.set({ blackHole: 'both' })
      const shown = await server.request('GET', '/v1/activities', { user: reader })
      assert.deepEqual([shown.status, shown.body.unread_count], [200, 1])
      assert.equal(shown.body.activity_groups[0].top_actors[0].name, 'Ann Lee')
      await readyWithout(world, ['users', 'cache'])
      await tell(world, like('ben', reader, 'p2'))
      assert.equal((await page(server, reader)).unread_count, 2)
      await proxies.users.heal()
      await proxies.cache.heal()
      await readyWithout(world, [])
      await wholeAgain(world, reader, { unread: 2, groups: 2 })
    })
  })
})

type World = Pick<BehindProxies, 'server'>

/** Sends events and has them folded. */
async function tell({ server }: World, ...events: ReturnType<typeof like>[]): Promise<void> {
  await accept(server, events)
  await server.settle()
}

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    assert(performance.now() - startedAt < healsMs, `waited in vain: ${what}`)
    await sleep(100)
  }
}

/** `/readyz` and the metrics name these parts, and no other; and the server calls itself of use. */
async function readyWithout({ server }: World, parts: readonly PartName[]): Promise<void> {
  const all = ['log', 'store', 'users', 'cache'] as const
  await eventually(`ready, without ${parts.join() || 'nothing missing'}`, async () => {
    const { status, body } = await server.request('GET', '/readyz')
    return status === 200 && all.every((part) => part in body.parts === parts.includes(part))
  })
  await eventually(`metrics without ${parts.join() || 'nothing missing'}`, async () => {
    const { body } = await server.request('GET', '/metrics')
    return all.every((part) =>
      String(body).includes(`headwater_part_up{part="${part}"} ${parts.includes(part) ? 0 : 1}\n`),
    )
  })
}

/** Refused in time, with the code and when to come again. */
async function refusedWith(code: string, ask: () => ReturnType<BehindProxies['server']['request']>) {
  const answer = await ask()
  assert.deepEqual([answer.status, answer.body.code], [503, code], JSON.stringify(answer.body))
  assert.equal(answer.headers.has('retry-after'), true)
  return answer.body
}

/** Pages are whole and say nothing of parts that are missing; the badge is what the groups say. */
async function wholeAgain(
  { server }: World,
  user: string,
  { unread, groups }: { readonly unread: number; readonly groups: number },
): Promise<void> {
  await eventually('answers are whole', async () => {
    const { headers, body } = await server.request('GET', '/v1/activities', { user })
    return !headers.has('headwater-degraded') && body.degraded === undefined
  })
  const shown = await page(server, user)
  const counted = shown.activity_groups.filter((group) => !group.is_read).length
  assert.deepEqual([shown.unread_count, counted, shown.activity_groups.length], [unread, unread, groups])
}
