// A fifth of all sockets does not read. They are closed with `slow_consumer`, nobody else notices, memory stays
// bounded, and when they come back they have exactly what there is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { assertBaseline, atBaseline } from './testing/leaks.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { Publisher } from './testing/publisher.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

/** Users with sockets that do not read, and a quick one beside them that is sent the same. */
const busyUsers = length(4, 53)
const slowPerUser = length(5, 19)
/** Users with quick sockets, of whom little is told. */
const calmUsers = length(80, 3_940)
/**
 * A frame carries its group's metadata, up to 8 KiB of it. A kernel's buffers take some megabytes of one socket before its
 * writer learns that nobody reads.
 */
const metadata = { text: 'x'.repeat(7_500) }
const groupsEach = 60
/** So much goes out before the quick ones are waited for that none of them could be taken for a slow one. */
const groupsARound = 20
/** Each group twice. */
const warmRounds = 6
/** After garbage is collected: how much of it V8 lets lie is its own affair, and grows with what a server has done before. */
const rssMoreBytes = 300 * 1024 * 1024

test('sockets that do not read are closed, and are whole when they come back', patience, async (t) => {
  await using server = await StressedServer.start({
    'log.maxLagMs': 0,
    'activity.flushMs': 100,
    'activity.windowMs': 2_000,
  })
  const random = chance()
  const publisher = new Publisher(() => server.http, seed)
  const busy = Array.from({ length: busyUsers }, (_, i) => `busy-${i}`)
  const calm = Array.from({ length: calmUsers }, (_, i) => `calm-${i}`)
  const before = await atBaseline(server)
  using fleet = new Fleet(server, random)
  const slow = busy.flatMap((user) => Array.from({ length: slowPerUser }, () => fleet.add(user, { returns: true })))
  const quick = [...busy, ...calm].map((user) => fleet.add(user, { returns: true }))
  const quickBusy = quick.slice(0, busy.length)
  await fleet.live()

  let rounds = 0
  const oneRound = async (): Promise<void> => {
    rounds++
    for (const user of busy) {
      const objects = Array.from({ length: groupsARound }, (_, i) => `p${(rounds * groupsARound + i) % groupsEach}`)
      await publisher.insist(objects.map((object) => ({ user, object, actor: `actor-${rounds}`, metadata })))
    }
    await publisher.insist(calm.slice(0, 10).map((user) => ({ user, object: 'p1', actor: `actor-${rounds}` })))
    calm.push(...calm.splice(0, 10))
    await eventually('the quick ones have it', () => quickBusy.every(({ links }) => links === rounds * groupsARound))
  }

  // What the same load takes while everybody reads is not the slow ones' doing.
  while (rounds < warmRounds) await oneRound()
  const open = await server.resources()
  for (const client of slow) client.pause()
  const closes = async () => (await server.metrics()).get('headwater_socket_closes_total{reason="slow_consumer"}') ?? 0
  const started = performance.now()
  let mostRssBytes = 0
  let loopP99Ms = 0
  while ((await closes()) < slow.length) {
    assert.ok(rounds < 2_000, `${await closes()} of ${slow.length} were closed`)
    await oneRound()
    const { rssBytes, loopDelayMs } = await server.resources()
    mostRssBytes = Math.max(mostRssBytes, rssBytes)
    loopP99Ms = Math.max(loopP99Ms, loopDelayMs.p99)
  }
  const closedMs = performance.now() - started
  for (const client of slow) client.resume()
  await eventually('everybody came back', () => slow.every(({ isLive, hellos }) => isLive && hellos > 1))
  await fleet.caughtUp()

  const codes = new Set(slow.flatMap(({ ends }) => ends))
  const rssMore = mostRssBytes - open.rssBytes
  report(t, {
    sockets: fleet.clients.length,
    slow: slow.length,
    'all closed after ms': closedMs,
    'frames each': rounds * groupsARound,
    'codes seen': [...codes].join(' '),
    'RSS MB': `${(open.rssBytes / 1e6).toFixed(0)} + ${(rssMore / 1e6).toFixed(0)}`,
    'loop p99 ms': loopP99Ms,
  })
  for (const { ends, faults } of quick) assert.deepEqual([ends, faults], [[], []])
  // One that reads again too late finds the connection gone, and the code with it; one that takes too long over its next
  // handshake, on a machine this busy, is told to try again.
  for (const code of codes) assert.ok(code === 4001 || code === null || code === 408, `closed with ${code}`)
  assert.ok(rssMore < rssMoreBytes, `${rssMore} bytes more`)
  fleet.leave()
  await eventually('windows end', async () => (await server.metric('headwater_open_windows')) === 0)
  await assertBaseline(server, before)
  assert.equal((await server.stop()).code, 0)
  await assertWholeStory(server, publisher.accepted, fleet.clients)
})
