// Bar 4.3: when all sockets are cut at once all come back, spread by full jitter, and those who missed nothing are served
// from memory alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { assertBaseline, atBaseline } from './testing/leaks.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { percentile } from './testing/percentile.ts'
import { Publisher } from './testing/publisher.ts'
import type { StreamClient } from './testing/stream-client.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

const clientCount = length(1_200, 10_000)
const socketsPerUser = 2
/** While the server is down waits double; a short run does not wait as long as apps do. */
const waitMaxMs = length(1_000, 20_000)
const mayTryAgain: ReadonlySet<number> = new Set([408, 503, 4003, 4505])
const reads = 'headwater_store_reads_total'

test(
  'all sockets cut at once: all are back, and no store was asked for those who missed nothing',
  patience,
  async (t) => {
    await using server = await StressedServer.start()
    const random = chance()
    const publisher = new Publisher(() => server.http, seed)
    const users = Array.from({ length: clientCount / socketsPerUser }, (_, i) => `user-${i}`)
    for (let i = 0; i < users.length; i += 500) {
      await publisher.insist(users.slice(i, i + 500).map((user) => ({ user, object: 'p1', actor: 'ann' })))
    }
    await eventually('the log is worked off', async () => (await server.metric('headwater_log_lag')) === 0)
    const before = await atBaseline(server)

    const connected = performance.now()
    using fleet = new Fleet(server, random)
    for (let i = 0; i < clientCount; i++) fleet.add(users[i % users.length] as string, { returns: true })
    const { clients } = fleet
    await fleet.live()
    const connectMs = performance.now() - connected
    assert.equal(await server.metric('headwater_sockets'), clientCount)
    await restMs(server, users)
    const readsBeforePages = await server.metric(reads)
    const calm = await restMs(server, users)
    const readsOfPages = (await server.metric(reads)) - readsBeforePages
    const open = await server.resources()

    const readsBefore = await server.metric(reads)
    const cut = performance.now()
    const backAt: number[] = []
    for (const client of clients) client.cut()
    const probing = restMs(server, users)
    await eventually('everybody is back', () => {
      const back = clients.filter(({ isLive }) => isLive).length
      while (backAt.length < back) backAt.push(performance.now() - cut)
      return back === clients.length
    })
    const stormMs = performance.now() - cut
    const storm = await probing
    const asked = (await server.metric(reads)) - readsBefore - readsOfPages
    const { loopDelayMs, peakRssBytes } = await server.resources()
    report(t, {
      clients: clientCount,
      'connected in ms': connectMs,
      'back in ms': stormMs,
      'half back in ms': percentile(backAt, 50),
      reads: asked,
      'REST p99 ms': `${percentile(calm, 99).toFixed(1)} → ${percentile(storm, 99).toFixed(1)}`,
      'loop p99 ms': loopDelayMs.p99,
      'kB a socket': (open.rssBytes - before.rssBytes) / clientCount / 1024,
      'peak RSS MB': peakRssBytes / 1e6,
    })
    // With every beat of its heart the gateway compares heads, some users at a time. Clients cost nothing.
    assert.ok(asked <= stormMs / 1_000 + 5, `${asked} reads`)
    for (const client of clients) {
      assert.deepEqual([client.faults, client.resets], [[], []])
      // Who is not let in at the first try, because too many are at the door, may try again.
      for (const code of client.ends) assert.ok(code === null || mayTryAgain.has(code), `closed with ${code}`)
      assert.ok(client.links <= 1)
    }

    fleet.leave()
    await assertBaseline(server, before)
  },
)

/** How long pages take that are asked for one after the other. */
async function restMs(server: StressedServer, users: readonly string[]): Promise<readonly number[]> {
  const ms: number[] = []
  for (let i = 0; i < 50; i++)
    ms.push((await server.http.call('GET', '/v1/activities', { user: users[i] as string })).ms)
  return ms
}

test(
  'a server that dies under its sockets: all come back to the next one, and go on where they were',
  patience,
  async (t) => {
    await using server = await StressedServer.start()
    const random = chance()
    const publisher = new Publisher(() => server.http, seed)
    const users = Array.from({ length: clientCount / socketsPerUser / 2 }, (_, i) => `user-${i}`)
    for (let i = 0; i < users.length; i += 500) {
      await publisher.insist(users.slice(i, i + 500).map((user) => ({ user, object: 'p1', actor: 'ann' })))
    }
    using fleet = new Fleet(server, random)
    for (let i = 0; i < clientCount / 2; i++) fleet.add(users[i % users.length] as string, { returns: true, waitMaxMs })
    const { clients } = fleet
    await eventually('everybody has the event', () =>
      clients.every(({ isLive, groups }) => isLive && groups.size === 1),
    )
    const killed = performance.now()
    await server.killAndStartAgain()
    const startedMs = performance.now() - killed
    await eventually('everybody is back', () => clients.every(({ isLive, hellos }) => isLive && hellos > 1))
    const backMs = performance.now() - killed
    const readsEach = (await server.metric(reads)) / clients.length
    await publisher.insist(users.slice(0, 100).map((user) => ({ user, object: 'p1', actor: 'ben' })))
    const isTold = ({ user, groups }: StreamClient) =>
      users.indexOf(user) >= 100 || [...groups.values()].every(({ actor_count }) => actor_count === 2)
    await eventually('frames go on', () => clients.every(isTold))
    for (const client of clients) assert.deepEqual([client.faults, client.resets], [[], []])
    report(t, {
      clients: clients.length,
      'started in ms': startedMs,
      'back in ms': backMs,
      'reads a client': readsEach,
    })
    fleet.leave()
    assert.equal((await server.stop()).code, 0)
    await assertWholeStory(server, publisher.accepted, clients.slice(0, 200))
  },
)
