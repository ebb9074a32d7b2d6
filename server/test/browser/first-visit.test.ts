// What somebody sees who opens the page for the first time, on a phone or with an address that names nobody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { servedPage } from './served-page.ts'
import { assertNoFaults } from './watched-browser.ts'

const { server, watched } = await servedPage()

test('on a phone the list comes first, and while it is empty it leads to those who fill it', async () => {
  const { page } = watched
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(server.url)
  const demo = new DemoPage(page)
  await eventually('the phone is live', async () => (await demo.shown('phone')).connection, 'Live')
  await demo.device('phone').getByText('Nothing here yet').waitFor()
  assert.deepEqual([await demo.device('phone').isVisible(), await demo.stage().isVisible()], [true, false])
  await demo.device('phone').getByRole('button', { name: 'Be somebody else' }).click()
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await page.getByRole('button', { name: 'Phone' }).click()
  await demo.group('phone', 'Mia liked your post').waitFor()

  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto(`${server.url}/?user=ben`)
  const wide = new DemoPage(page, 'Ben')
  await wide.live()
  assert.equal(await wide.device('phone').getByRole('button', { name: 'Be somebody else' }).isVisible(), false)
  assertNoFaults(watched.faults)
})

test('an address that names nobody says so, whatever it names', async () => {
  const { page } = watched
  await page.setViewportSize({ width: 1280, height: 800 })
  for (const name of ['nobody', '<img src=x onerror=alert(1)>', 'x'.repeat(2_000)]) {
    await page.goto(`${server.url}/?user=${encodeURIComponent(name)}`)
    const demo = new DemoPage(page)
    await demo.live()
    const said = page.locator('.stranger')
    assert.equal(
      (await said.textContent())?.replace('Dismiss', ''),
      `The demo has no user “${name}”. These are the devices of Carol.`,
    )
    assert.ok(((await said.boundingBox())?.height ?? 0) < 120)
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await said.waitFor({ state: 'detached' })
    assert.equal(new URL(page.url()).search, '?user=carol')
  }
  await page.goto(server.url)
  await new DemoPage(page).live()
  assert.equal(await page.locator('.stranger').count(), 0)
  assertNoFaults(watched.faults)
})

test('a group says when it opened, which is what the list is ordered by, and what is newest in it', async () => {
  const { page } = watched
  await page.setViewportSize({ width: 1280, height: 800 })
  const minuteMs = 60_000
  const happened = (actor_id: string, object_id: string, minutes: number) => ({
    event_type: 'LIKE',
    actor_id,
    target_user_id: 'alice',
    object_type: 'POST',
    object_id,
    created_at: Date.now() - minutes * minuteMs,
  })
  const events = [happened('mia', 'old', 125), happened('ben', 'old', 14.5), happened('mia', 'young', 16.5)]
  await server.request('POST', '/v1/events', { body: { events } })
  await page.goto(`${server.url}/?user=alice`)
  const demo = new DemoPage(page, 'Alice')
  await demo.live()
  await eventually('two groups', async () => (await demo.shown('laptop')).groups.length, 2)
  assert.deepEqual(
    await demo
      .device('laptop')
      .locator('.group')
      .evaluateAll((groups) =>
        groups.map((group) => [...group.querySelectorAll('time')].map((time) => time.textContent)),
      ),
    [['16m ago'], ['2h ago', 'newest 14m ago']],
  )
  const title = await demo.group('laptop', 'Ben and Mia').locator('time').first().getAttribute('title')
  assert.match(title ?? '', /^Opened .*in the order in which groups opened/)
  assertNoFaults(watched.faults)
})
