// Devices that were away, and a server that was: everything is right again by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { servedPage } from './served-page.ts'
import { assertNoFaults } from './watched-browser.ts'

const { server, watched } = await servedPage()

async function open(user: string): Promise<DemoPage> {
  watched.faults.length = 0
  await watched.page.goto(`${server.url}/?user=${user.toLowerCase()}`)
  const demo = new DemoPage(watched.page, user)
  await demo.live()
  return demo
}

test('a device that was offline catches up: each group once, the badge right', async () => {
  const demo = await open('Carol')
  await demo.actAs('Mia')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.post('bread').getByRole('button', { name: 'Like' }).click()
  await demo.both(2, ['Mia liked your post', 'Mia liked your post'])

  const phone = demo.device('phone')
  await phone.getByRole('button', { name: 'Go offline' }).click()
  await phone.getByText('Offline. It catches up when it is back.').waitFor()
  // One group grows, one goes, two come, one of the old ones is read.
  await demo.post('bread').getByRole('button', { name: 'Liked' }).click()
  await demo.actAs('Ben')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.post('bread').getByRole('button', { name: 'Share' }).click()
  await demo.person().getByRole('button', { name: 'Follow' }).click()
  const now = ['Ben started following you', 'Ben shared your post', 'Ben and Mia liked your post']
  await demo.showing('laptop', 3, now)
  await demo.group('laptop', 'shared').click()
  await demo.showing('laptop', 2, now)
  // Nothing of it is known on the phone, and what needs the server cannot be pressed there.
  await demo.showing('phone', 2, ['Mia liked your post', 'Mia liked your post'])
  assert.equal(await phone.getByRole('button', { name: 'Mark all read' }).getAttribute('aria-disabled'), 'true')

  await phone.getByRole('button', { name: 'Go online' }).click()
  await demo.both(2, now)
  assert.deepEqual((await demo.shown('phone')).groups, (await demo.shown('laptop')).groups)
  assert.equal((await demo.shown('phone')).connection, 'Live')
  const page = await server.request('GET', '/v1/activities', { user: 'carol' })
  assert.equal(page.unread_count, 2)
  assertNoFaults(watched.faults)
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  const [user, actor] = signal === 'SIGTERM' ? ['Mia', 'Ben'] : ['Ben', 'Mia']
  test(`a server that was ended by ${signal} and started again: the open page reconnects and is right`, async () => {
    const demo = await open(user)
    await demo.actAs('Yuki')
    await demo.post('lake').getByRole('button', { name: 'Like' }).click()
    await demo.both(1, ['Yuki liked your post'])

    await server.stop(signal)
    for (const kind of ['phone', 'laptop'] as const) {
      await eventually('the loss shows', async () => (await demo.shown(kind)).connection, 'Reconnecting …')
      await demo.device(kind).getByText('Connection lost. Trying again …').waitFor()
    }
    // What is tried meanwhile says that it failed, and shows as not done.
    await demo.actAs('Bob')
    await demo.post('lake').getByRole('button', { name: 'Like' }).click()
    await demo.toast().getByText('The server cannot be reached').waitFor()
    await demo.post('lake').getByRole('button', { name: 'Like', exact: true }).waitFor()
    await demo.device('phone').getByRole('button', { name: 'Mark all read' }).click()
    await demo.device('phone').getByRole('alert').getByText('The server cannot be reached').waitFor()
    await demo.both(1, ['Yuki liked your post'])

    await server.startAgain()
    await demo.live()
    await demo.both(1, ['Yuki liked your post'])
    await demo.device('phone').getByRole('button', { name: 'Mark all read' }).click()
    await demo.both(0, ['Yuki liked your post'])
    await demo.actAs(actor)
    await demo.post('bread').getByRole('button', { name: 'Like' }).click()
    await demo.both(1, [`${actor} liked your post`, 'Yuki liked your post'])
    const page = await server.request('GET', '/v1/activities', { user: user.toLowerCase() })
    assert.deepEqual([page.unread_count, page.activity_groups.length], [1, 2])
    assertNoFaults(watched.faults, { serverWasAway: true })
  })
}

test('who does not want to wait tries now, by keyboard, and the last group is above what says so', async () => {
  const demo = await open('Yuki')
  const events = Array.from({ length: 12 }, (_, i) => ({
    event_type: 'LIKE',
    actor_id: 'mia',
    target_user_id: 'yuki',
    object_type: 'POST',
    object_id: `post-${i}`,
  }))
  await server.request('POST', '/v1/events', { body: { events } })
  await eventually('twelve groups', async () => (await demo.shown('laptop')).groups.length, 12)
  await server.stop('SIGTERM')
  const laptop = demo.device('laptop')
  const tryNow = laptop.getByRole('button', { name: 'Try now' })
  await tryNow.waitFor()
  const room = await laptop.evaluate((device) => {
    device.querySelector('.scroller')?.scrollTo(0, 1e6)
    const last = [...device.querySelectorAll('.group')].at(-1)
    const notice = device.querySelector('.notice')
    return Number(notice?.getBoundingClientRect().top) - Number(last?.getBoundingClientRect().bottom)
  })
  assert.ok(room >= 0, `the last group reaches ${-room} pixels under the notice`)

  await tryNow.focus()
  await watched.page.keyboard.press('Enter')
  await laptop.getByText('No answer yet. It goes on trying.').waitFor()
  assert.equal(await tryNow.evaluate((button) => button === document.activeElement), true)

  await server.startAgain()
  await watched.page.keyboard.press('Enter')
  await demo.live()
  // The button is gone, and the keyboard has not lost its place.
  const neighbour = laptop.getByRole('button', { name: 'Go offline' })
  assert.equal(await neighbour.evaluate((button) => button === document.activeElement), true)
  assertNoFaults(watched.faults, { serverWasAway: true })
})

test('a page that is opened while the server is away says so, and works when it is back', async () => {
  const demo = await open('Alice')
  await watched.page.route('**/v1/demo', (route) => route.abort('connectionrefused'))
  await watched.page.reload()
  await watched.page.getByRole('alert').getByText('The demo could not be loaded').waitFor()
  await watched.page.unroute('**/v1/demo')
  await watched.page.getByRole('button', { name: 'Try again' }).click()
  await demo.live()
  assertNoFaults(watched.faults, { serverWasAway: true })
})
