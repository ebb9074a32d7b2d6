// Memory is bounded by open windows: when they have passed, nothing is left of the groups that were folded in them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { insideOf, startHeadwater, type TestServer } from '../../src/testing.ts'
import { accept, like, send } from '../journeys/testing/calls.ts'
import { Disk } from '../journeys/testing/on-disk.ts'

const minuteMs = 60_000
const megabyte = 1_048_576
const openWindows = (server: TestServer): number => insideOf(server).server.activity.worker.openWindows

/** Bytes in use once everything that can be collected is. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

test('what the windows weighed is given back when they have passed', async () => {
  await using disk = await Disk.make()
  await using server = await disk.start()
  const groupsOfMany = (n: number) =>
    accept(
      server,
      Array.from({ length: 1_000 }, (_, i) => like(`actor-${n}`, `user-${(n % 10) * 1_000 + i}`, `p${n}`)),
    )
  await groupsOfMany(0)
  await server.advance(6 * minuteMs)
  const before = heap()
  for (let n = 1; n <= 15; n++) await groupsOfMany(n)
  await server.settle()
  const during = heap()
  await server.advance(5 * minuteMs)
  const left = heap() - before
  assert.ok(during - before > 10 * megabyte, `windows weigh something: ${during - before} bytes`)
  // What stays are the caches that have bounds of their own: unread sets and the offline queue.
  assert.ok(left < 0.3 * (during - before), `${left} of ${during - before} bytes are left`)
})

test('a hundred thousand groups of a thousand users: open for five minutes, then none', async () => {
  await using server = await startHeadwater({ config: { 'activity.openWindowsMax': 200_000 } })
  for (let batch = 0; batch < 100; batch++) {
    await accept(
      server,
      Array.from({ length: 1_000 }, (_, i) => like(`actor-${batch}`, `user-${i}`, `p${batch}`)),
    )
  }
  await server.settle()
  assert.equal(openWindows(server), 100_000)
  await server.advance(5 * minuteMs - 1)
  assert.equal(openWindows(server), 100_000)
  await server.advance(1)
  assert.equal(openWindows(server), 0)
})

test('a tumbling window ends five minutes after its first event, a sliding one fifteen after its newest', async () => {
  await using server = await startHeadwater({ config: { 'activity.rules.COMMENT.windowKind': 'sliding' } })
  const both = (actor: string) => [like(actor, 'carol', 'p1'), like(actor, 'carol', 'p1', { event_type: 'COMMENT' })]
  await send(server, ...both('ann'))
  assert.equal(openWindows(server), 2)
  await server.advance(4 * minuteMs)
  await send(server, ...both('ben'))
  await server.advance(minuteMs - 1)
  assert.equal(openWindows(server), 2)
  await server.advance(1)
  assert.equal(openWindows(server), 1, 'the tumbling one does not wait for its newest event')
  await server.advance(14 * minuteMs - 1)
  assert.equal(openWindows(server), 1)
  await server.advance(1)
  assert.equal(openWindows(server), 0)

  await send(server, like('cy', 'carol', 'p1'))
  assert.equal(openWindows(server), 1, 'a later event loads the group again')
  const { body } = await server.request('GET', '/v1/activities?filter=LIKE', { user: 'carol' })
  assert.deepEqual(
    body.activity_groups.map((held: { actor_count: number }) => held.actor_count),
    [3],
  )
})

test('long windows do not keep short ones behind them in memory', async () => {
  await using server = await startHeadwater({
    config: { 'activity.rules.COMMENT.windowKind': 'sliding', 'log.partitions': 1 },
  })
  await send(server, ...Array.from({ length: 500 }, (_, i) => like('ann', 'carol', `p${i}`, { event_type: 'COMMENT' })))
  await send(server, ...Array.from({ length: 500 }, (_, i) => like('ann', 'carol', `p${i}`)))
  assert.equal(openWindows(server), 1_000)
  await server.advance(6 * minuteMs)
  assert.equal(openWindows(server), 500)
  await server.advance(10 * minuteMs)
  assert.equal(openWindows(server), 0)
})

test('past the most that may be open the oldest are let go, and counts stay right', async () => {
  await using server = await startHeadwater({ config: { 'activity.openWindowsMax': 40, 'log.partitions': 4 } })
  for (let round = 0; round < 5; round++) {
    await send(server, ...Array.from({ length: 300 }, (_, i) => like(`actor-${round}`, `user-${i % 10}`, `p${i}`)))
    assert.ok(openWindows(server) <= 40, `${openWindows(server)} windows`)
  }
  const { body } = await server.request('GET', '/v1/activities?limit=100', { user: 'user-3' })
  assert.equal(body.unread_count, 30)
  for (const held of body.activity_groups) assert.equal(held.actor_count, 5)
})
