// Without a mouse: everything is reached, shows that it has the focus, and works.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Locator } from 'playwright-core'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { type RunningServer, startServer } from './running-server.ts'
import { assertNoFaults, openPage, type WatchedPage } from './watched-browser.ts'

let server: RunningServer
let watched: WatchedPage
let demo: DemoPage
before(async () => {
  server = await startServer()
  for (const actor_id of ['mia', 'ben']) {
    const body = { event_type: 'LIKE', actor_id, target_user_id: 'carol', object_type: 'POST', object_id: 'sunset' }
    await server.request('POST', '/v1/events', { body })
  }
  const follow = {
    event_type: 'FOLLOW',
    actor_id: 'bob',
    target_user_id: 'carol',
    object_type: 'USER',
    object_id: 'carol',
  }
  await server.request('POST', '/v1/events', { body: follow })
  watched = await openPage(server.url)
  demo = new DemoPage(watched.page)
  await demo.live()
  await demo.both(2, ['Bob started following you', 'Ben and Mia liked your post'])
})
after(async () => {
  await watched?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const press = (key: string) => watched.page.keyboard.press(key)
const hasFocus = (locator: Locator) => locator.evaluate((element) => element === document.activeElement)

/** Goes on with Tab until `locator` has the focus. */
async function tabTo(locator: Locator): Promise<void> {
  for (let stops = 0; stops < 120; stops++) {
    if (await hasFocus(locator)) return
    await press('Tab')
  }
  assert.fail(`Tab does not reach ${locator}`)
}

test('Tab reaches everything in the order of the page, and one sees where it is', async () => {
  const expected = await watched.page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary')]
    const stops = all.filter(
      (one) => one.checkVisibility() && (!(one instanceof HTMLInputElement) || one.type !== 'radio' || one.checked),
    )
    stops.forEach((stop, i) => {
      stop.dataset.stop = String(i)
    })
    return stops.length
  })
  const reached: string[] = []
  const unmarked: string[] = []
  for (let i = 0; i < expected; i++) {
    await press('Tab')
    const stop = await watched.page.evaluate(() => {
      const focused = document.activeElement as HTMLElement
      // A radio is as large as its label, which shows the focus for it.
      const shown = focused.closest('label')?.matches('.cast-member') ? focused.closest('label')! : focused
      const { outlineStyle, outlineWidth, opacity } = getComputedStyle(shown)
      const isMarked = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && opacity === '1'
      return { id: focused.dataset.stop ?? focused.outerHTML, isMarked }
    })
    reached.push(stop.id)
    if (!stop.isMarked) unmarked.push(stop.id)
  }
  assert.deepEqual(
    reached,
    Array.from({ length: expected }, (_, i) => String(i)),
  )
  assert.ok(expected > 30, `${expected} stops`)
  assert.deepEqual(unmarked, [])
})

test('everything has a name for those who do not see it', async () => {
  const nameless = await watched.page.evaluate(() => {
    const all = document.querySelectorAll<HTMLInputElement>(
      'a[href], button, input, select, summary, section, nav, fieldset',
    )
    const namesOf = (one: HTMLInputElement) => [
      one.getAttribute('aria-label'),
      ...(one.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent),
      ...[...(one.labels ?? [])].map((label) => label.textContent),
      one.matches('a, button, summary') ? one.textContent : '',
      one.querySelector('legend')?.textContent,
    ]
    return [...all].filter((one) => !namesOf(one).some((name) => name?.trim())).map((one) => one.outerHTML)
  })
  assert.deepEqual(nameless, [])
})

test('act as somebody else: arrows choose, Space likes, Enter sends a comment', async () => {
  await tabTo(demo.stage().getByRole('radio', { name: 'Mia' }))
  await press('ArrowRight')
  await press('ArrowRight')
  assert.equal(await demo.stage().getByRole('radio', { name: 'Alice' }).isChecked(), true)
  const like = demo.post('lake').getByRole('button', { name: 'Like' })
  await tabTo(like)
  await press('Space')
  await demo.both(2, ['Bob started following you', 'Alice, Ben and 1 other liked your post'])
  await press('Tab')
  await press('Tab')
  await watched.page.keyboard.type('Typed, not clicked')
  await press('Enter')
  const groups = ['Alice commented on your post', 'Bob started following you', 'Alice, Ben and 1 other liked your post']
  await demo.both(3, groups)
  assert.equal((await demo.shown('laptop')).groups[0]?.preview, 'Typed, not clicked')
  // Whoever writes goes on writing.
  assert.equal(await hasFocus(demo.post('lake').getByLabel('Comment as Alice')), true)
})

test('the bell, a group and its actors, removing, marking: each by its key, and the focus is never lost', async () => {
  const bell = demo.bell('laptop')
  await tabTo(bell)
  await press('Enter')
  assert.equal(await bell.getAttribute('aria-expanded'), 'false')
  await press('Enter')
  assert.equal(await bell.getAttribute('aria-expanded'), 'true')
  await eventually('seen', async () => (await demo.shown('phone')).isRinging, false)

  await tabTo(demo.group('laptop', 'commented'))
  await press('Enter')
  await demo.device('laptop').locator('.actors').getByText('Alice').waitFor()
  await demo.both(2, [
    'Alice commented on your post',
    'Bob started following you',
    'Alice, Ben and 1 other liked your post',
  ])
  await press('Tab')
  await press('Space')
  await demo.both(2, ['Bob started following you', 'Alice, Ben and 1 other liked your post'])
  assert.equal(await hasFocus(demo.group('laptop', 'Bob')), true, 'the next group has the focus')

  await tabTo(demo.device('laptop').getByRole('button', { name: 'Likes' }))
  await press('Space')
  await demo.showing('laptop', 2, ['Alice, Ben and 1 other liked your post'])
  const mark = demo.device('laptop').getByRole('button', { name: 'Mark all read' })
  await tabTo(mark)
  await press('Enter')
  await demo.showing('phone', 0, ['Bob started following you', 'Alice, Ben and 1 other liked your post'])
  assert.equal(await hasFocus(mark), true)
})

test('offline and back, and another user, by keyboard', async () => {
  const toggle = demo.device('phone').getByRole('button', { name: /^Go o/ })
  await tabTo(toggle)
  await press('Space')
  await eventually('offline', async () => (await demo.shown('phone')).connection, 'Offline')
  assert.equal(await hasFocus(toggle), true)
  await press('Space')
  await eventually('back', async () => (await demo.shown('phone')).connection, 'Live')

  await tabTo(watched.page.getByLabel('Logged in as'))
  await press('ArrowDown')
  await watched.page.getByRole('heading', { name: 'Mia’s phone' }).waitFor()
  assert.equal(new URL(watched.page.url()).search, '?user=mia')
  assertNoFaults(watched.faults)
})
