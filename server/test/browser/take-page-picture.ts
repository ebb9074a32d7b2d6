// Makes docs/images/page.png anew: node server/test/browser/take-page-picture.ts, after web/ was built.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { startServer } from './running-server.ts'
import { assertNoFaults, openPage } from './watched-browser.ts'

const folder = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
const minuteMs = 60_000
const hourMs = 60 * minuteMs

const strangers = [
  'Priya Nair',
  'Jonas Weber',
  'Amara Okafor',
  'Lena Fischer',
  'Tomás Rivera',
  'Hana Suzuki',
  'Noah Klein',
  'Zeynep Kaya',
  'Oskar Nyberg',
  'Ines Moreau',
  'Kofi Mensah',
  'Clara Rossi',
  'Emil Novák',
  'Sara Haddad',
]
const idOf = (name: string) => name.normalize('NFD').replace(/\W/g, '').toLowerCase()

await using server = await startServer()
const now = Date.now()
const happened = (agoMs: number, event_type: string, who: string, object_id: string, preview?: string) => ({
  event_type,
  actor_id: idOf(who),
  target_user_id: 'carol',
  object_type: event_type === 'FOLLOW' ? 'USER' : 'POST',
  object_id,
  created_at: now - agoMs,
  ...(preview === undefined ? {} : { metadata: { preview } }),
})
const bread = 'First sourdough that deserves the name. Three weeks, five bricks, one loaf.'

for (const name of strangers) await server.request('PUT', `/v1/users/${idOf(name)}`, { body: { name } })
const events = [
  ...['Kofi Mensah', 'Lena Fischer', 'Jonas Weber'].map((name, i) =>
    happened(23 * hourMs - i * hourMs, 'FOLLOW', name, 'carol'),
  ),
  ...strangers.toReversed().map((name, i) => happened(5 * hourMs - i * 11 * minuteMs, 'LIKE', name, 'bread', bread)),
  happened(130 * minuteMs, 'COMMENT', 'Oskar Nyberg', 'bread', 'How long did you let it rise?'),
  happened(125 * minuteMs, 'COMMENT', 'Hana Suzuki', 'bread', 'That crust! Recipe, please.'),
]
await server.request('POST', '/v1/events', { body: { events } })
await using watched = await openPage(server.url, { colorScheme: 'light', reducedMotion: 'reduce' })
const demo = new DemoPage(watched.page)
await demo.live()
await eventually('the past', async () => (await demo.shown('phone')).unread, 3)
await demo.device('phone').getByRole('button', { name: 'Mark all read' }).click()
await eventually('the past is read', async () => (await demo.shown('laptop')).unread, 0)

const recent = [
  happened(48 * minuteMs, 'SHARE', 'Amara Okafor', 'bread', bread),
  happened(31 * minuteMs, 'COMMENT', 'Priya Nair', 'sunset', 'I can almost hear the quiet.'),
  happened(9 * minuteMs, 'MENTION', 'Zeynep Kaya', 'note', 'We should go there with @carol in May.'),
]
await server.request('POST', '/v1/events', { body: { events: recent } })
await eventually('what is recent', async () => (await demo.shown('phone')).unread, 3)
for (const name of ['Ben', 'Alice', 'Yuki', 'Mia']) {
  await demo.actAs(name)
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
}
await demo.group('laptop', 'Mia, Yuki and 2 others liked your post').waitFor()
await watched.page.mouse.move(0, 0)
await watched.page.evaluate(() => {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
})
assertNoFaults(watched.faults)
mkdirSync(folder, { recursive: true })
await watched.page.screenshot({ path: `${folder}page.png` })
