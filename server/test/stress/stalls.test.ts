// The process stands still for seconds. Nobody's silence in that time counts, and nobody is there twice afterwards.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, pause } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { assertBaseline, atBaseline } from './testing/leaks.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { Publisher } from './testing/publisher.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

const socketCount = length(300, 5_000)
const stallMs = length(5_500, 8_000)

test('an event loop that stands still: sockets stay, and get what came meanwhile', patience, async (t) => {
  // Silence of less than the stall is enough to be closed: only that it was the server's own saves them.
  await using server = await StressedServer.start({
    'gateway.silenceTimeoutMs': 4_000,
    'gateway.pingIntervalMs': 1_000,
    'activity.flushMs': 50,
  })
  const publisher = new Publisher(() => server.http, seed)
  const before = await atBaseline(server)
  using fleet = new Fleet(server, chance())
  const users = Array.from({ length: socketCount }, (_, i) => `user-${i}`)
  for (const user of users) fleet.add(user)
  await fleet.live()

  const stalled = server.stall(stallMs)
  const sent = Array.from({ length: Math.ceil(socketCount / 100) }, (_, i) =>
    publisher.insist(users.slice(i * 100, (i + 1) * 100).map((user) => ({ user, object: 'p1', actor: 'ann' }))),
  )
  await pause(500)
  // By this clock: the server's own measure of its loop is lost where a request comes before the measure's timer.
  const askedAt = performance.now()
  await server.metric('headwater_sockets')
  const answerMs = performance.now() - askedAt
  await stalled
  assert.ok(answerMs > stallMs / 2, 'it stood still')
  await Promise.all(sent)
  await eventually('everybody was told', () => fleet.clients.every(({ links }) => links === 1))
  // Silence counts again: the one that is silent now is closed for it, and nobody else.
  const [silent, ...others] = fleet.clients
  silent?.pause()
  await eventually('it is gone', async () => (await server.metric('headwater_sockets')) < socketCount)
  silent?.resume()
  await eventually('it learns why', () => (silent?.ends.length ?? 0) > 0)
  assert.deepEqual(silent?.ends, [4002])
  assert.equal(await server.metric('headwater_sockets'), others.length)
  assert.equal(await server.metric('headwater_socket_users'), others.length)
  for (const { ends, faults, hellos } of others) assert.deepEqual([ends, faults, hellos], [[], [], 1])
  report(t, { sockets: socketCount, 'stalled for ms': stallMs, 'answered after ms': Math.round(answerMs), closed: 0 })

  fleet.leave()
  await assertBaseline(server, before)
  assert.equal((await server.stop()).code, 0)
  await assertWholeStory(server, publisher.accepted, fleet.clients)
})
