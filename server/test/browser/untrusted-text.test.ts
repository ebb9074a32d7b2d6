// Names and previews are what anybody in the world has typed: the page shows them as text, to the letter.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { hostilePayloads } from './hostile-payloads.ts'
import { type RunningServer, startServer } from './running-server.ts'
import { assertNoFaults, openPage, type WatchedPage } from './watched-browser.ts'

let server: RunningServer
let watched: WatchedPage
const startedAt = Date.now() - 60_000
before(async () => {
  server = await startServer()
  for (const [i, name] of hostilePayloads.entries()) {
    await server.request('PUT', `/v1/users/stranger-${i}`, { body: { name } })
  }
  const events = hostilePayloads.map((preview, i) => ({
    event_type: 'COMMENT',
    actor_id: `stranger-${i}`,
    target_user_id: 'carol',
    object_type: 'POST',
    object_id: `post-${i}`,
    metadata: { preview },
    // One after the other, so that the list has their order.
    created_at: startedAt + i,
  }))
  await server.request('POST', '/v1/events', { body: { events } })
  watched = await openPage('about:blank')
})
after(async () => {
  await watched?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** Characters without a shape, which turn or hide what stands around them, do not get into a sentence. */
const visible = (name: string) => name.replace(/\p{Cf}/gu, '')

/** Nothing of it became an element, an attribute or a variable. */
async function assertNothingRan(): Promise<void> {
  const found = await watched.page.evaluate(() => {
    const foreign = 'script:not([src^="/assets/"]), iframe, object, embed, base, template, style, video, audio, marquee'
    const handlers = [...document.querySelectorAll('*')].filter((element) =>
      element.getAttributeNames().some((name) => name.startsWith('on')),
    )
    return {
      elements: [...document.querySelectorAll(foreign), ...handlers].map((element) => element.outerHTML),
      links: [...document.querySelectorAll('a')].map((link) => link.getAttribute('href')).sort(),
      owned: 'owned' in window || 'owned' in Object.prototype,
    }
  })
  assert.deepEqual(found, { elements: [], links: ['/', '/docs'], owned: false })
  assertNoFaults(watched.faults)
}

test(`${hostilePayloads.length} hostile names and previews are text in the list, in full`, async () => {
  await watched.page.goto(server.url)
  const demo = new DemoPage(watched.page)
  await demo.live()
  const older = demo.device('phone').getByRole('button', { name: 'Show older' })
  while ((await demo.shown('phone')).groups.length < hostilePayloads.length) {
    const before = (await demo.shown('phone')).groups.length
    await older.click()
    await eventually('more groups', async () => (await demo.shown('phone')).groups.length > before, true)
  }
  const { groups, unread } = await demo.shown('phone')
  assert.equal(unread, hostilePayloads.length)
  assert.deepEqual(
    groups.map(({ summary, preview }) => ({ summary, preview })).reverse(),
    hostilePayloads.map((text) => ({ summary: `${visible(text)} commented on your post`, preview: text })),
  )
  await assertNothingRan()
})

test('hostile names are text among the actors of an open group, and when they come live', async () => {
  const demo = new DemoPage(watched.page)
  const likes = hostilePayloads.slice(0, 9).map((_, i) => ({
    event_type: 'LIKE',
    actor_id: `stranger-${i}`,
    target_user_id: 'carol',
    object_type: 'POST',
    object_id: 'sunset',
    metadata: { preview: hostilePayloads[i] },
  }))
  await server.request('POST', '/v1/events', { body: { events: likes } })
  await demo.group('laptop', 'liked your post').click()
  const names = demo.device('laptop').locator('.actor-name')
  await eventually('the actors', () => names.allTextContents(), hostilePayloads.slice(0, 9).reverse())
  await assertNothingRan()
})

test('hostile names of those who act and of the one who is logged in', async () => {
  for (const [i, id] of ['carol', 'mia', 'ben', 'alice', 'bob', 'yuki'].entries()) {
    await server.request('PUT', `/v1/users/${id}`, { body: { name: hostilePayloads[i * 7] } })
  }
  await watched.page.goto(server.url)
  const name = hostilePayloads[0]!
  await watched.page.getByRole('heading', { name: `${name}’s phone` }).waitFor()
  const demo = new DemoPage(watched.page, name)
  await demo.live()
  await demo.stage().getByRole('radio', { name: hostilePayloads[7]! }).check()
  await demo.post('bread').locator('input').fill(hostilePayloads[10]!)
  await demo.post('bread').getByRole('button', { name: 'Send the comment' }).click()
  await demo.group('phone', `${hostilePayloads[7]} commented on your post`).first().waitFor()
  await eventually('the comment', async () => (await demo.shown('laptop')).groups[0]?.preview, hostilePayloads[10])
  await demo.stage().locator('pre').getByText('onerror=alert(10)').waitFor()
  await assertNothingRan()
})
