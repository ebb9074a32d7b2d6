// Apps on the real client SDK that lose the network for a moment or for a day, and show exactly what there is when
// they have it again: never a part.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@headwater/protocol'
import { App } from './testing/apps.ts'
import { pause } from './testing/eventually.ts'
import { chance, length, patience, report, seed } from './testing/lengths.ts'
import { Publisher } from './testing/publisher.ts'
import { StressedServer } from './testing/stressed-server.ts'

const users = ['carol', 'dave', 'erin']
const appsPerUser = length(3, 10)
const kicksEach = length(5, 20)
const hourMs = 3_600_000

test('apps that are cut off, and apps that are away for longer than anybody keeps for them', patience, async (t) => {
  await using server = await StressedServer.start({ 'activity.flushMs': 20 })
  const random = chance()
  const publisher = new Publisher(() => server.http, seed)
  using parts = new DisposableStack()
  const apps = users.flatMap((user) =>
    Array.from({ length: appsPerUser }, () => parts.use(new App(server, user, random))),
  )
  await Promise.all(apps.map((app) => app.client.activities.connect()))

  let publishing = true
  const load = (async () => {
    for (let n = 0; publishing; n++) {
      await publisher.insist(users.map((user) => ({ user, object: `p${n % 30}`, actor: `actor-${n}` })))
      if (n % 20 === 0) await apps[n % apps.length]?.client.activities.markAllRead()
      await pause(5)
    }
  })()
  await Promise.all(
    apps.map(async (app) => {
      for (let n = 0; n < kicksEach; n++) {
        await pause(random.next() * 300)
        app.cut()
      }
    }),
  )
  publishing = false
  await load
  for (const app of apps) await app.assertShowsPage()
  assert.ok(apps.every(({ connections }) => connections > 1))

  // A day is more than tokens and caches are made for: the clock goes on as well.
  const away = apps.filter((_, i) => i % appsPerUser === 0)
  const counts = { some: limits.offlineQueue - 200, 'too many': limits.offlineQueue + 100 }
  for (const [name, count] of Object.entries(counts)) {
    for (const app of away) app.goAway()
    for (let from = 0; from < count; from += 100) {
      const objects = Array.from({ length: Math.min(100, count - from) }, (_, i) => `${name}-${from + i}`)
      for (const user of users) await publisher.insist(objects.map((object) => ({ user, object, actor: 'mia' })))
    }
    await server.jump(20 * hourMs)
    for (const app of away) app.comeBack()
    for (const app of apps) await app.assertShowsPage()
  }
  report(t, {
    apps: apps.length,
    kicks: apps.length * kicksEach,
    'missed by the away': Object.values(counts).join(', '),
  })
})
