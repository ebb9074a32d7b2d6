// SIGTERM under load. Sockets are sent away in batches, each to come back at another moment; what was accepted
// is kept, and the process ends by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, pause } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { Publisher } from './testing/publisher.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

const socketCount = length(600, 5_000)
const userCount = length(100, 500)
const exitWithinMs = 30_000
/** Of all who come back, no more than this share within one second; short runs are over too soon for it. */
const bucketShareMax = 0.1

test('SIGTERM under load: nothing lost, nobody in a crowd, and an end of its own', patience, async (t) => {
  await using server = await StressedServer.start({ 'gateway.drainMs': length(1_500, 10_000) })
  const random = chance()
  const publisher = new Publisher(() => server.http, seed)
  const users = Array.from({ length: userCount }, (_, i) => `user-${i}`)
  using fleet = new Fleet(server, random)
  for (let i = 0; i < socketCount; i++) fleet.add(users[i % users.length] as string)
  await fleet.live()

  let publishing = true
  const load = (async () => {
    for (let n = 0; publishing; n++) {
      const some = Array.from({ length: 25 }, (_, i) => users[(n * 25 + i) % users.length] as string)
      await publisher.send(some.map((user) => ({ user, object: `p${n % 7}`, actor: `actor-${n}` })))
      await pause(2)
    }
  })()
  await eventually('frames flow', () => fleet.clients.every(({ links }) => links > 0))
  const endedAt = new Map<object, number>()
  const stopping = server.stop()
  const signalled = performance.now()
  const noting = setInterval(() => {
    for (const client of fleet.clients) {
      if (client.ends.length > 0 && !endedAt.has(client)) endedAt.set(client, performance.now() - signalled)
    }
  }, 10)
  const { code, ms } = await stopping
  publishing = false
  clearInterval(noting)
  await load

  const told = fleet.clients.filter(({ ends, retryAfterMs }) => ends[0] === 4000 && retryAfterMs !== null)
  const returns = told.map((client) => (endedAt.get(client) ?? ms) + (client.retryAfterMs ?? 0))
  const buckets = Map.groupBy(returns, (at) => Math.floor(at / 1_000))
  const fullest = Math.max(...[...buckets.values()].map((bucket) => bucket.length)) / returns.length
  assert.equal(code, 0)
  assert.ok(ms < exitWithinMs, `${ms} ms`)
  assert.equal(told.length, socketCount, 'everybody was told when to come back')
  const waits = new Set(fleet.clients.map(({ retryAfterMs }) => retryAfterMs))
  assert.ok(waits.size > socketCount / 4, `${waits.size} different waits`)
  if (socketCount >= 5_000) assert.ok(fullest <= bucketShareMax, `${fullest} of all in one second`)
  assert.deepEqual(publisher.faults, [])

  // The next one has everything, and everybody goes on where they were.
  await server.startAgain()
  for (const client of fleet.clients) client.connect()
  await fleet.live('everybody is back')
  await fleet.caughtUp()
  report(t, {
    sockets: socketCount,
    'stopped in ms': ms,
    'in the fullest second %': fullest * 100,
    answers: JSON.stringify([...publisher.answers]),
    events: publisher.accepted.size,
  })
  for (const { faults, resets } of fleet.clients) assert.deepEqual([faults, resets], [[], []])
  fleet.leave()
  assert.equal((await server.stop()).code, 0)
  await assertWholeStory(server, publisher.accepted, fleet.clients)
})
