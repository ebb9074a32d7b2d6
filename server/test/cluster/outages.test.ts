// Two things that people complain about elsewhere, on a cluster of real processes: pushes that stop for good when something
// behind a gateway restarts, and a database that falls over when everybody comes back at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { createUuidV7 } from '../../src/lib/uuid.ts'
import type { TestServer } from '../../src/testing.ts'
import { accept, like } from '../journeys/testing/calls.ts'
import { eventually } from '../stress/testing/eventually.ts'
import { chance, length } from '../stress/testing/lengths.ts'
import { StreamClient } from '../stress/testing/stream-client.ts'
import { startOwnServices } from './nodes/own-services.ts'
import { TestCluster } from './nodes/test-cluster.ts'

const timeout = 290_000
const needed = ['redis', 'postgres', 'kafka', 'cassandra'] as const
/** A gateway compares heads and pings at least this often. */
const heartbeatMs = 30_000
const backWithinMs = 180_000
const newId = createUuidV7(systemSeams.clock, systemSeams.random)

/** What `/readyz` calls a service. */
const parts = { redis: 'cache', postgres: 'users', kafka: 'log', cassandra: 'store' } as const

whereServicesRun('services that die and sockets that are cut, on a cluster', needed, () => {
  test('Backend of the gateway restarts and pushes stop silently: each service dies and comes back under traffic', {
    timeout,
  }, async (t) => {
    await using own = await startOwnServices(1)
    await using cluster = await TestCluster.start({ services: own.file, nodes: 1 })
    const api = await cluster.server('api-1')
    const gateway = await cluster.server('gateway-1')
    const reader = 'carol'
    const watchers = await clientsOf([gateway], [reader, reader])
    using _ = leaving(watchers)
    const traffic = new Traffic(api, reader)
    const sending = traffic.run()

    for (const [service, part] of Object.entries(parts)) {
      await traffic.more(3)
      await own.control.kill(service)
      await eventually(`${service}: /readyz names ${part}`, () => isMissing(api, part), { withinMs: backWithinMs })
      if (part === 'users' || part === 'cache') {
        const { status, headers } = await api.request('GET', '/v1/activities', { user: reader })
        assert.deepEqual([status, headers.get('headwater-degraded')], [200, part])
      }
      await own.control.start(service)
      const back = performance.now()
      await eventually(`${service}: /readyz names nothing`, async () => !(await isMissing(api, part)), {
        withinMs: backWithinMs,
      })
      await traffic.more(3)
      const told = traffic.accepted.slice()
      const missing = () => told.filter((object) => watchers.some((watcher) => !holds(watcher, object)))
      await eventually(`${service}: all that was accepted is told`, () => missing().length === 0, {
        withinMs: heartbeatMs,
        standing: () => `${missing().length} of ${told.length} are not`,
      })
      t.diagnostic(`${service}: all told ${Math.round(performance.now() - back)} ms after it was back`)
    }

    traffic.end()
    await sending
    for (const { faults } of watchers) assert.deepEqual(faults, [])
    assert.deepEqual(cluster.faults, [], 'no process ended')
  })

  test('Reconnect storm: all sockets of two gateways cut at once come back, and stores are not asked for each', {
    timeout,
  }, async (t) => {
    await using cluster = await TestCluster.start({ services: process.env.HEADWATER_SERVICES as string })
    const api = await cluster.server('api-1')
    const gateways = await Promise.all([cluster.server('gateway-1'), cluster.server('gateway-2')])
    const users = Array.from({ length: length(500, 5_000) }, (_, i) => `user-${i}`)
    const toldBy = async (actor: string): Promise<void> => {
      for (let i = 0; i < users.length; i += 500) {
        await accept(
          api,
          users.slice(i, i + 500).map((user) => like(actor, user, 'p1')),
        )
      }
    }
    await toldBy('ann')
    await api.settle()
    // A phone and a laptop each, on different gateways.
    const clients = await clientsOf(gateways, [...users, ...users])
    using _ = leaving(clients)
    const readsAll = async () => (await Promise.all(gateways.map(readsOf))).reduce((sum, reads) => sum + reads, 0)

    const connected = await readsAll()
    assert.ok(connected > 0, 'whoever comes for the first time is read for')
    const cut = performance.now()
    for (const client of clients) client.cut()
    await eventually('everybody is back', () => clients.every(({ isLive }) => isLive), { withinMs: backWithinMs })
    const stormMs = performance.now() - cut
    const reads = (await readsAll()) - connected
    t.diagnostic(`${clients.length} clients back in ${Math.round(stormMs)} ms with ${reads} reads of stores`)
    assert.ok(reads <= clients.length / 10, `${reads} reads for ${clients.length} clients who missed nothing`)
    for (const { faults, resets } of clients) assert.deepEqual([faults, resets], [[], []])

    await toldBy('ben')
    const isTold = ({ groups }: StreamClient) => [...groups.values()].every((group) => group.actor_count === 2)
    await eventually('frames go on', () => clients.every(isTold), { withinMs: backWithinMs })
  })
})

async function isMissing(api: TestServer, part: string): Promise<boolean> {
  const { body } = await api.request('GET', '/readyz')
  return body.parts[part] !== undefined
}

async function readsOf(gateway: TestServer): Promise<number> {
  const { body } = await gateway.request('GET', '/metrics')
  return Number(/^headwater_store_reads_total (\S+)$/m.exec(String(body))?.[1])
}

const holds = ({ groups }: StreamClient, object: string): boolean =>
  [...groups.values()].some(({ object_id }) => object_id === object)

/** Sockets of these users, dealt over the gateways in turn, each with all it missed. */
async function clientsOf(gateways: readonly TestServer[], users: readonly string[]): Promise<readonly StreamClient[]> {
  const random = chance()
  const clients: StreamClient[] = []
  for (const [i, user] of users.entries()) {
    const gateway = gateways[Math.floor((i * gateways.length) / users.length)] as TestServer
    const token = await gateway.token(user)
    clients.push(new StreamClient({ port: Number(new URL(gateway.url).port), user, token, random, returns: true }))
  }
  await eventually('everybody is there', () => clients.every(({ isLive }) => isLive), { withinMs: backWithinMs })
  return clients
}

const leaving = (clients: readonly StreamClient[]): Disposable => ({
  [Symbol.dispose]: () => {
    for (const client of clients) client.leave()
  },
})

/** A customer's server that insists: what is not answered with 202 is sent again under its id. */
class Traffic {
  /** Objects of events that were accepted. */
  readonly accepted: string[] = []
  readonly #api: TestServer
  readonly #user: string
  #isOver = false

  constructor(api: TestServer, user: string) {
    this.#api = api
    this.#user = user
  }

  async run(): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      const object = `p${i}`
      const event = like('ann', this.#user, object, { event_id: newId() })
      while (!this.#isOver) {
        const answer = await this.#api.request('POST', '/v1/events', { body: { events: [event] } }).catch(() => null)
        if (answer?.status === 202) {
          this.accepted.push(object)
          break
        }
        assert.equal(answer?.status, 503, JSON.stringify(answer?.body))
        await sleep(200)
      }
      await sleep(100)
    }
  }

  async more(count: number): Promise<void> {
    const wanted = this.accepted.length + count
    await eventually('events are accepted', () => this.accepted.length >= wanted, { withinMs: backWithinMs })
  }

  end(): void {
    this.#isOver = true
  }
}
