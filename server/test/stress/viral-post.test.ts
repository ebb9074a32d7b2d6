// Everybody likes one post at once. It is counted exactly, written once a flush and told once a flush, and whoever else
// is told something hears of it as always.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { percentile } from './testing/percentile.ts'
import { Publisher } from './testing/publisher.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

const likeCount = length(9_600, 96_000)
const batch = 200
const flushMs = 250
const star = 'star'
const otherCount = 20

test('a viral post', patience, async (t) => {
  // One partition: the others stand in one line with the post.
  await using server = await StressedServer.start({ 'log.partitions': 1, 'activity.flushMs': flushMs })
  const publisher = new Publisher(() => server.http, seed)
  using fleet = new Fleet(server, chance())
  const fans = Array.from({ length: 5 }, () => fleet.add(star))
  const others = Array.from({ length: otherCount }, (_, i) => fleet.add(`other-${i}`))
  await fleet.live()

  const toldMs: number[] = []
  const started = performance.now()
  let flooding = true
  const quiet = (async () => {
    for (let n = 0; flooding; n++) {
      const other = others[n % others.length]
      if (!other) break
      const links = other.links
      const sent = performance.now()
      await publisher.insist([{ user: other.user, object: `p${n}`, actor: 'mia' }])
      await eventually('somebody else is told', () => other.links > links)
      toldMs.push(performance.now() - sent)
    }
  })()
  for (let from = 0; from < likeCount; from += batch * 4) {
    const batches = [0, 1, 2, 3].map((k) =>
      Array.from({ length: batch }, (_, i) => ({ user: star, object: 'hit', actor: `fan-${from + k * batch + i}` })),
    )
    await Promise.all(batches.map((likes) => publisher.insist(likes)))
  }
  const acceptedMs = performance.now() - started
  flooding = false
  await quiet
  await fleet.caughtUp()
  const { body } = await server.http.call('GET', '/v1/activities', { user: star })
  const writes = await server.metric('headwater_group_writes_total')
  report(t, {
    likes: likeCount,
    'accepted in ms': acceptedMs,
    'written in ms': performance.now() - started,
    'rows written for it': writes - toldMs.length,
    'frames a socket': fans.map(({ links }) => links).join(' '),
    'others told p50/p99 ms': `${percentile(toldMs, 50).toFixed(0)}/${percentile(toldMs, 99).toFixed(0)}`,
  })
  // Who is listened to may be owed eight.
  const flushes = Math.ceil((performance.now() - started) / flushMs) + 8 + 2
  assert.equal(body.activity_groups.length, 1)
  assert.equal(body.activity_groups[0].actor_count, likeCount)
  assert.equal(body.activity_groups[0].actor_count_is_estimate, false)
  assert.ok(writes - toldMs.length <= flushes, `${writes - toldMs.length} rows in ${flushes} flushes`)
  for (const { links, faults, groups } of fans) {
    assert.ok(links <= flushes, `${links} frames in ${flushes} flushes`)
    assert.deepEqual([faults, [...groups.values()].map(({ actor_count }) => actor_count)], [[], [likeCount]])
  }
  fleet.leave()
  assert.equal((await server.stop()).code, 0)
  await assertWholeStory(server, publisher.accepted, others)
})
