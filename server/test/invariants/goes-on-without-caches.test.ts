// What only caches and hints are for may be away: sessions, pub/sub, unread sets, the offline queue and traces. Everything
// goes on, slower, and nothing is counted or told differently when they are back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from '../../src/assemble.ts'
import { settingsWith } from '../../src/config/load.ts'
import { openMemory } from '../../src/engines/memory/open.ts'
import { createMemoryStorage } from '../../src/engines/memory/storage.ts'
import { HeadwaterError } from '../../src/lib/error.ts'
import { silentLog } from '../../src/lib/log.ts'
import { virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { TestServer } from '../../src/testing.ts'
import { accept, like, mark, page, send, walk } from '../journeys/testing/calls.ts'
import { openSocket } from '../journeys/testing/socket.ts'

const apiKey = 'test-api-key'
/** Longer than a gateway takes to compare the heads of all its users. */
const roundMs = 40_000

test('events, pages, badges, marks and sockets without any cache', async () => {
  await using world = await startWithBreakableCaches()
  const { server, caches } = world
  await send(server, like('ann', 'carol', 'before'))
  using early = await openSocket(server, 'carol')

  caches.areDown = true
  await send(server, like('ben', 'carol', 'p1'), like('cy', 'carol', 'p1'), like('ben', 'carol', 'p2'))
  const shown = await page(server, 'carol')
  assert.deepEqual([shown.unread_count, shown.activity_groups.length], [3, 3])
  const [first] = shown.activity_groups
  const marked = await mark(server, 'carol', 'read', { group_ids: [first?.group_id ?? ''] })
  assert.equal(marked.updated_unread_count, 2)
  await server.settle()
  assert.equal((await page(server, 'carol')).unread_count, 2)

  using late = await openSocket(server, 'carol')
  assert.equal(late.hello?.unread_count, 2)
  await accept(server, [like('dan', 'carol', 'p3')])
  await server.settle()
  const { seq } = await page(server, 'carol')
  await world.passUntil(() => early.seq >= seq && late.seq >= seq)
  await Promise.all([early.reached(seq), late.reached(seq)])

  caches.areDown = false
  await world.passUntil(() => false, roundMs)
  await send(server, like('eve', 'carol', 'p4'))
  const after = await page(server, 'carol')
  await Promise.all([early.reached(after.seq), late.reached(after.seq)])
  const unread = (await walk(server, 'carol')).filter((group) => !group.is_read)
  assert.deepEqual([after.unread_count, unread.length], [4, 4])
})

test('what is only known to a cache is refused, and not denied', async () => {
  await using world = await startWithBreakableCaches()
  const { server, caches } = world
  const [eventId] = await send(server, like('ann', 'carol', 'p1'))
  caches.areDown = true
  const byEvent = await server.request('POST', '/v1/activities/read', { user: 'carol', body: { group_ids: [eventId] } })
  assert.deepEqual([byEvent.status, byEvent.body.code], [503, 'store_unavailable'])
  const presence = await server.request('POST', '/v1/presence', { body: { user_ids: ['carol'] } })
  assert.deepEqual([presence.status, presence.body.code], [503, 'store_unavailable'])
})

test('an event whose time is left out and whose trace cannot be looked up is taken in', async () => {
  await using world = await startWithBreakableCaches()
  const { server, caches } = world
  caches.areDown = true
  const answer = await server.request('POST', '/v1/events', {
    headers: { 'content-type': 'application/cloudevents+json' },
    body: {
      specversion: '1.0',
      id: 'order-1',
      source: '/shop',
      type: 'headwater.like',
      data: like('ann', 'carol', 'p1'),
    },
  })
  assert.equal(answer.status, 202, JSON.stringify(answer.body))
  await server.settle()
  assert.equal((await page(server, 'carol')).unread_count, 1)
})

/** A server as in a cluster: it keeps no pages by itself, and its caches can be taken away. */
async function startWithBreakableCaches() {
  const seams = virtualSeams({ seed: 1 })
  const caches = { areDown: false }
  const memory = openMemory(createMemoryStorage({ partitions: 2 }), seams)
  const breakable = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function' || typeof key === 'symbol') return value
        return (...given: unknown[]) =>
          caches.areDown ? Promise.reject(new HeadwaterError('store_unavailable')) : value.apply(target, given)
      },
    })
  const ports = {
    ...memory,
    sessions: breakable(memory.sessions),
    pubSub: breakable(memory.pubSub),
    unread: breakable(memory.unread),
    offline: breakable(memory.offline),
    traces: breakable(memory.traces),
  }
  const config = {
    ...settingsWith({ 'http.port': 0, 'http.rateLimits': 'off' }),
    access: { apiKeys: [apiKey], tokenSecrets: ['a secret that only this test server has'] },
    isDevelopment: false,
  }
  const running = await assemble(ports, {
    config,
    seams,
    log: silentLog,
    webFolder: null,
    checkEngines: async () => ({}),
  })
  const url = await running.listen()
  const server = {
    url,
    settle: () => running.activity.worker.settle(),
    async token(userId: string) {
      return (await running.access.issue({ userId, ttlS: 3_600, deviceId: null })).token
    },
    async request(method, path, { user, body, headers } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(user === undefined ? {} : { 'x-user-id': user }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, headers: response.headers, body: await response.json() }
    },
  } satisfies Pick<TestServer, 'url' | 'settle' | 'token' | 'request'>

  return {
    server: server as unknown as TestServer,
    caches,
    /** Lets time pass in steps until something holds, or for `ms`. */
    async passUntil(holds: () => boolean, ms = roundMs) {
      for (let passed = 0; passed < ms && !holds(); passed += 1_000) {
        seams.time.advance(1_000)
        await server.settle()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async [Symbol.asyncDispose]() {
      caches.areDown = false
      const closed = running.close()
      let isClosed = false
      void closed.finally(() => {
        isClosed = true
      })
      while (!isClosed) {
        seams.time.advance(1_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await closed
    },
  }
}
