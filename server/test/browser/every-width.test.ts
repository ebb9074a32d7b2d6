// From a small phone to a wide screen: what is needed is there, and nothing sticks out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { type RunningServer, startServer } from './running-server.ts'
import { assertNoFaults, openPage, type WatchedPage } from './watched-browser.ts'

let server: RunningServer
let watched: WatchedPage
let demo: DemoPage
before(async () => {
  server = await startServer()
  // A name without a place to break, as long as names may be, and one that is written from the right.
  await server.request('PUT', '/v1/users/bob', { body: { name: 'Donaudampfschifffahrt'.repeat(12) } })
  await server.request('PUT', '/v1/users/yuki', { body: { name: 'عبد الرحمن بن محمد' } })
  watched = await openPage(server.url, { hasTouch: true })
  demo = new DemoPage(watched.page)
  await demo.live()
  await demo.stage().getByRole('button', { name: 'Everyone likes everything' }).click()
  await eventually('two groups', async () => (await demo.shown('laptop')).unread, 2)
})
after(async () => {
  await watched?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const views = () => watched.page.getByRole('navigation', { name: 'What is shown' })
const sections = () => [demo.device('phone'), demo.stage(), demo.device('laptop')]
const shown = () => Promise.all(sections().map((section) => section.isVisible()))

/** How far something reaches past the right edge of the window, and of the frame of its device, in pixels. */
const overhang = () =>
  watched.page.evaluate(() => {
    const frames = [...document.querySelectorAll('.frame')].filter((frame) => frame.checkVisibility())
    const past = (element: Element, edge: number) => Math.round(element.getBoundingClientRect().right - edge)
    return {
      page: Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
      frames: Math.max(
        0,
        ...frames.flatMap((frame) =>
          [...frame.querySelectorAll('*')]
            .filter((element) => element.checkVisibility() && !element.closest('.unseen'))
            .map((element) => past(element, frame.getBoundingClientRect().right)),
        ),
      ),
    }
  })

for (const width of [320, 390, 720, 900, 1040, 1100, 1440, 2200]) {
  test(`${width} pixels wide: nothing sticks out in any view`, async () => {
    await watched.page.setViewportSize({ width, height: 844 })
    for (const view of width < 720 ? ['Phone', 'Everyone else', 'Laptop'] : ['']) {
      if (view !== '') await views().getByRole('button', { name: view }).click()
      assert.deepEqual(await overhang(), { page: 0, frames: 0 }, view)
    }
    const all = [true, true, true]
    if (width >= 720) assert.deepEqual([await shown(), await views().isVisible()], [all, false])
  })
}

test('on a phone one of the three is shown, and its button says what waits in the others', async () => {
  await watched.page.setViewportSize({ width: 390, height: 844 })
  await views().getByRole('button', { name: 'Phone' }).click()
  assert.deepEqual(await shown(), [true, false, false])
  await views().getByRole('button', { name: 'Everyone else' }).click()
  assert.deepEqual(await shown(), [false, true, false])
  await demo.actAs('Mia')
  await demo.person().getByRole('button', { name: 'Follow' }).click()
  const badges = views().locator('.badge')
  await eventually('the badges below', () => badges.allTextContents(), ['3', '3'])
  await views().getByRole('button', { name: 'Laptop' }).click()
  assert.deepEqual(await shown(), [false, false, true])
  await demo.device('laptop').getByRole('button', { name: 'Mark all read' }).click()
  await eventually('the badges below', () => badges.count(), 0)
  // Its label is not shown here, and still its name.
  await watched.page.getByRole('combobox', { name: 'Logged in as' }).waitFor()
  assertNoFaults(watched.faults)
})

test('under a finger everything is large enough, and what hovering would show is there', async () => {
  await watched.page.setViewportSize({ width: 390, height: 844 })
  for (const view of ['Phone', 'Everyone else', 'Laptop']) {
    await views().getByRole('button', { name: view }).click()
    const small = await watched.page.evaluate(() => {
      const all = document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary')
      return [...all]
        .filter((one) => one.checkVisibility())
        .map((one) => ({ name: one.getAttribute('aria-label') ?? one.textContent, box: one.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 28 || box.height < 28)
        .map(({ name, box }) => `${name} is ${box.width} by ${box.height}`)
    })
    assert.deepEqual(small, [])
  }
  assert.equal(
    await demo
      .device('laptop')
      .locator('.group-remove')
      .first()
      .evaluate((one) => getComputedStyle(one).opacity),
    '1',
  )
})
