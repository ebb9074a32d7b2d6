// The wall clock jumps an hour ahead and two hours back while the server runs. Order is the log's, ids are never
// given twice, windows end, tokens keep their leeway, and nobody is thrown out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { chance, isLong, length, patience, report } from './testing/lengths.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory, readLog } from './testing/whole-story.ts'

const socketCount = length(200, 2_000)
const userCount = length(50, 200)
const hourMs = 3_600_000
const jumps = [hourMs, -2 * hourMs, ...(isLong ? [30_000, -30_000, 2 * hourMs] : [])]

test('a wall clock that jumps', patience, async (t) => {
  await using server = await StressedServer.start({
    'activity.flushMs': 20,
    'activity.windowMs': 500,
    'gateway.pingIntervalMs': 500,
    'gateway.silenceTimeoutMs': 5_000,
  })
  const users = Array.from({ length: userCount }, (_, i) => `user-${i}`)
  using fleet = new Fleet(server, chance())
  for (let i = 0; i < socketCount; i++) fleet.add(users[i % users.length] as string)
  await fleet.live()

  const ids: string[] = []
  // Without ids and times: the server fills them in, by the clock that it has.
  const publish = async (actor: string) => {
    const events = users.map((user) => ({
      event_type: 'LIKE',
      actor_id: actor,
      target_user_id: user,
      object_type: 'POST',
      object_id: 'p1',
    }))
    const { status, body } = await server.http.call('POST', '/v1/events', { body: { events } })
    assert.equal(status, 202)
    ids.push(...body.event_ids)
  }
  const allHave = (actors: number) => () =>
    fleet.clients.every(({ groups }) => [...groups.values()].every(({ actor_count }) => actor_count === actors))

  await publish('actor-0')
  await eventually('everybody has the group', () => fleet.clients.every(({ groups }) => groups.size === 1))
  for (const [i, ms] of jumps.entries()) {
    await server.jump(ms)
    for (const client of fleet.clients) client.pings = 0
    await publish(`actor-${i + 1}`)
    await eventually(`after a jump of ${ms} ms everybody is told`, allHave(i + 2))
    await eventually('windows end', async () => (await server.metric('headwater_open_windows')) === 0)
    await eventually('the heart beats', () => fleet.clients.every(({ pings }) => pings >= 2))
  }
  assert.equal(await server.metric('headwater_sockets'), socketCount)
  for (const { ends, faults, groups } of fleet.clients) assert.deepEqual([ends, faults, groups.size], [[], [], 1])

  await assertTokens(server)
  fleet.leave()
  assert.equal((await server.stop()).code, 0)
  assert.equal(new Set(ids).size, ids.length, 'no id twice')
  assert.deepEqual(ids, ids.toSorted(), 'ids rise, whatever the clock does')
  const records = await readLog(server, new Set(ids))
  for (const [i, record] of records.entries()) {
    const before = records[i - 1]
    if (before?.partition !== record.partition) continue
    assert.ok(record.seq > before.seq && record.appendedAt >= before.appendedAt, 'neither positions nor times go back')
  }
  await assertWholeStory(server, new Set(ids), fleet.clients)
  report(t, { sockets: socketCount, jumps: jumps.length, events: ids.length })
})

/** A token may come from a clock up to a minute ahead, and none is good after its end. */
async function assertTokens(server: StressedServer): Promise<void> {
  const mint = async () =>
    (await server.http.call('POST', '/v1/tokens', { body: { user_id: 'user-0', ttl_s: 3_600 } })).body.token
  const status = async (token: string) => (await server.http.call('GET', '/v1/activities', { token })).status
  // What was found right once stays right while the clock is behind: so each is shown for the first time after a jump.
  const [first, second] = [await mint(), await mint()]
  await server.jump(-50_000)
  assert.equal(await status(first), 200, 'issued 50 s from now')
  await server.jump(-60_000)
  assert.equal(await status(second), 401, 'issued 110 s from now')
  await server.jump(110_000 + hourMs - 60_000)
  assert.deepEqual([await status(first), await status(second)], [200, 200], 'a minute before its end')
  await server.jump(61_000)
  assert.deepEqual([await status(first), await status(second)], [401, 401], 'after its end')
}
