// Bar 4.2: clients that lose their connections again and again while events come in miss nothing, get nothing twice and
// nothing out of order; and one whose position cannot be known is told so, always.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@headwater/protocol'
import { eventually, pause } from './testing/eventually.ts'
import { Fleet } from './testing/fleet.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { Publisher } from './testing/publisher.ts'
import type { StreamClient } from './testing/stream-client.ts'
import { StressedServer } from './testing/stressed-server.ts'
import { assertWholeStory } from './testing/whole-story.ts'

const clientCount = length(60, 200)
const kicksEach = length(8, 20)
const userCount = 20

test('recovery storm: no gap, no duplicate, no inversion, and every badge as it was', patience, async (t) => {
  await using server = await StressedServer.start({ 'activity.flushMs': 20 })
  const random = chance()
  const publisher = new Publisher(() => server.http, seed)
  const users = Array.from({ length: userCount }, (_, i) => `user-${i}`)
  // What has no frame yet is no position: a first event each, so that everybody can go on from somewhere.
  await publisher.insist(users.map((user) => ({ user, object: 'first', actor: 'ann' })))
  using fleet = new Fleet(server, random)
  for (let i = 0; i < clientCount; i++) fleet.add(users[i % users.length] as string)
  const { clients } = fleet
  await fleet.live()

  let kicked = 0
  let publishing = true
  const load = (async () => {
    for (let n = 0; publishing; n++) {
      const batch = Array.from({ length: 20 }, () => {
        const user = users[Math.floor(random.next() * users.length)] as string
        const isNew = random.next() < 0.5
        return { user, object: isNew ? `post-${n}` : `post-${n % 5}`, actor: `actor-${Math.floor(random.next() * 50)}` }
      })
      await publisher.insist(batch)
      if (n % 10 === 0) {
        const user = users[n % users.length] as string
        await server.http.call('POST', '/v1/activities/read', { user, body: { all: true } })
      }
      await pause(5)
    }
  })()
  const kick = async (client: StreamClient) => {
    for (let n = 0; n < kicksEach; n++) {
      await pause(random.next() * 60)
      client.cut()
      kicked++
      client.connect()
      // Now and then it is gone again before it was told anything.
      if (random.next() < 0.8) await eventually('a client is back', () => client.isLive)
    }
    await eventually('a client is back for good', () => client.isLive)
  }
  await Promise.all(clients.map(kick))
  publishing = false
  await load
  await fleet.caughtUp()
  for (const user of users) {
    const { body } = await server.http.call('GET', '/v1/activities', { user })
    for (const { resets, badge } of clients.filter((client) => client.user === user)) {
      assert.deepEqual([resets, badge], [[], body.unread_count], user)
    }
  }
  fleet.leave()
  assert.equal((await server.stop()).code, 0)
  const story = await assertWholeStory(server, publisher.accepted, clients)
  assert.ok(story.badges > kicked, `${story.badges} badges were compared`)
  const links = clients.reduce((sum, client) => sum + client.links, 0)
  report(t, { clients: clientCount, kicks: kicked, deliveries: links, events: publisher.accepted.size, ...story })
})

test('a position that cannot be known is a reset, in every case', patience, async (t) => {
  await using server = await StressedServer.start({ 'activity.flushMs': 0 })
  const random = chance()
  const publisher = new Publisher(() => server.http, seed)
  const user = 'carol'
  const objects = Array.from({ length: limits.catchUpChanges + 1 }, (_, i) => ({ user, object: `p${i}`, actor: 'ann' }))
  await publisher.insist(objects)
  await eventually('the log is worked off', async () => {
    const { body } = await server.http.call('GET', '/v1/activities', { user })
    return body.unread_count === objects.length
  })
  const { body } = await server.http.call('GET', '/v1/activities', { user })
  const { epoch, seq } = body as { readonly epoch: string; readonly seq: number }
  const unknown = {
    epoch_changed: { epoch: 'another', seq },
    position_unknown: { epoch, seq: seq + 1_000_000 },
    too_far_behind: { epoch, seq: 0 },
  }
  let asked = 0
  for (const [reason, resume] of Object.entries(unknown)) {
    using fleet = new Fleet(server, random)
    for (let i = 0; i < length(10, 20); i++) fleet.add(user, { resume })
    await fleet.live('everybody was answered')
    for (const { resets, position, faults } of fleet.clients) {
      assert.deepEqual([resets, position, faults], [[reason], { epoch, seq }, []])
    }
    fleet.leave()
    asked += fleet.clients.length
    await eventually('the sockets are gone', async () => (await server.metric('headwater_sockets')) === 0)
  }
  report(t, { resets: asked, of: asked })
})
