// Something throws that nobody catches. The process ends at once and says so; the next one has everything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { chance, patience, report, seed } from './testing/lengths.ts'
import { Publisher } from './testing/publisher.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

test('a fault that nobody handles: dead at once, never half alive', patience, async (t) => {
  await using server = await StressedServer.start({ 'activity.flushMs': 20 })
  const publisher = new Publisher(() => server.http, seed)
  using fleet = new Fleet(server, chance())
  const users = Array.from({ length: 20 }, (_, i) => `user-${i}`)
  for (const user of users) fleet.add(user, { returns: true, waitMaxMs: 300 })
  await fleet.live()
  const tookMs: number[] = []
  for (const [n, how] of (['throw', 'reject'] as const).entries()) {
    await publisher.insist(users.map((user) => ({ user, object: 'p1', actor: `actor-${n}` })))
    const { code, ms } = await server.fail(how)
    assert.equal(code, 1)
    tookMs.push(ms)
    assert.match(server.complaints.join('\n'), how === 'throw' ? /uncaught exception/ : /unhandled rejection/)
    await server.startAgain()
    await eventually('everybody is back', () => fleet.clients.every(({ isLive }) => isLive))
    await fleet.caughtUp()
  }
  for (const { faults, resets, groups } of fleet.clients) assert.deepEqual([faults, resets, groups.size], [[], [], 1])
  report(t, { 'dead after ms': tookMs.map((ms) => ms.toFixed(0)).join(', ') })
  fleet.leave()
  assert.equal((await server.stop()).code, 0)
  await assertWholeStory(server, publisher.accepted, fleet.clients)
})
