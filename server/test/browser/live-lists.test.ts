// One user's list, alive on two devices, while others like, comment, follow, mention, share and take it back.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { servedPage } from './served-page.ts'
import { assertNoFaults } from './watched-browser.ts'

const { server, watched } = await servedPage()

/** Each journey is another user's, whose lists are empty. */
const users = ['carol', 'mia', 'ben', 'alice', 'bob', 'yuki']
let demo: DemoPage
let userId: string
beforeEach(async () => {
  userId = users.shift() ?? ''
  await watched.page.goto(`${server.url}/?user=${userId}`)
  demo = new DemoPage(watched.page, userId.charAt(0).toUpperCase() + userId.slice(1))
  await demo.live()
})

test('likes of several people grow one group in place, with the right badge on both devices', async () => {
  const like = demo.post('lake').getByRole('button', { name: 'Like' })
  await demo.both(0, [])
  await demo.actAs('Mia')
  await like.click()
  await demo.both(1, ['Mia liked your post'])

  // The same element must grow: one that is replaced would lose focus, and an open list of actors.
  await demo.group('phone', 'Mia liked').evaluate((element) => element.setAttribute('data-witness', 'here'))
  await demo.actAs('Ben')
  await like.click()
  await demo.both(1, ['Ben and Mia liked your post'])
  await demo.actAs('Alice')
  await like.click()
  await demo.both(1, ['Alice, Ben and 1 other liked your post'])
  const crowd = Array.from({ length: 12 }, (_, i) => ({
    event_type: 'LIKE',
    actor_id: `fan-${i}`,
    target_user_id: userId,
    object_type: 'POST',
    object_id: 'sunset',
  }))
  await server.request('POST', '/v1/events', { body: { events: crowd } })
  await demo.both(1, ['fan-11, fan-10 and 13 others liked your post'])
  assert.equal(await demo.group('phone', 'others liked').getAttribute('data-witness'), 'here')

  const page = await server.request('GET', '/v1/activities', { user: userId })
  assert.equal(page.unread_count, 1)
  assert.equal(page.activity_groups[0].actor_count, 15)
  assertNoFaults(watched.faults)
})

test('the only like taken back takes the group away, and the badge falls', async () => {
  await demo.actAs('Yuki')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.post('bread').getByRole('button', { name: 'Like' }).click()
  await demo.both(2, ['Yuki liked your post', 'Yuki liked your post'])
  await demo.post('lake').getByRole('button', { name: 'Liked' }).click()
  await demo.both(1, ['Yuki liked your post'])
  assert.match((await demo.shown('laptop')).groups[0]?.preview ?? '', /sourdough/)
  await demo.post('bread').getByRole('button', { name: 'Liked' }).click()
  await demo.both(0, [])
  await demo.device('phone').getByText('Nothing here yet').waitFor()

  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.both(1, ['Yuki liked your post'])
  assertNoFaults(watched.faults)
})

test('a comment, a share, a follow and a mention each become a group; what was done is known after a reload', async () => {
  await demo.actAs('Bob')
  await demo.post('bread').getByLabel('Comment as Bob').fill('Is there any left?')
  await demo.post('bread').getByRole('button', { name: 'Send the comment' }).click()
  await demo.both(1, ['Bob commented on your post'])
  assert.equal((await demo.shown('phone')).groups[0]?.preview, 'Is there any left?')
  await demo.post('lake').getByRole('button', { name: 'Share' }).click()
  await demo.person().getByRole('button', { name: 'Follow' }).click()
  await demo.person().getByRole('button', { name: 'Mention' }).click()
  const groups = [
    'Bob mentioned you in a post',
    'Bob started following you',
    'Bob shared your post',
    'Bob commented on your post',
  ]
  await demo.both(4, groups)

  await watched.page.reload()
  await demo.live()
  await demo.both(4, groups)
  await demo.actAs('Bob')
  await demo.person().getByRole('button', { name: 'Following' }).click()
  await demo.post('lake').getByRole('button', { name: 'Shared' }).click()
  await demo.both(2, ['Bob mentioned you in a post', 'Bob commented on your post'])
  assertNoFaults(watched.faults)
})

test('everyone likes everything, and takes it back', async () => {
  await demo.stage().getByRole('button', { name: 'Everyone likes everything' }).click()
  await eventually(
    'two groups of all five others',
    async () => (await demo.shown('laptop')).groups.map(({ summary }) => /and 3 others liked your post$/.test(summary)),
    [true, true],
  )
  await demo.stage().getByRole('button', { name: 'Take all likes back' }).click()
  await demo.both(0, [])
  assertNoFaults(watched.faults)
})

test('the badge is in the title, and is told to a screen reader', async () => {
  assert.equal(await watched.page.title(), 'Headwater')
  await demo.actAs('Mia')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.post('bread').getByRole('button', { name: 'Like' }).click()
  await eventually('title', () => watched.page.title(), '(2) Headwater')
  assert.equal(await watched.page.locator('[aria-live]').textContent(), '2 unread notifications')
  await demo.device('phone').getByRole('button', { name: 'Mark all read' }).click()
  await eventually('title', () => watched.page.title(), 'Headwater')
  assertNoFaults(watched.faults)
})

test('a list that was scrolled stays where it is when something arrives above', async () => {
  const mentions = Array.from({ length: 18 }, (_, i) => ({
    event_type: 'MENTION',
    actor_id: 'mia',
    target_user_id: userId,
    object_type: 'POST',
    object_id: `note-${i}`,
  }))
  await server.request('POST', '/v1/events', { body: { events: mentions } })
  await eventually('all mentions', async () => (await demo.shown('phone')).groups.length, 18)
  const scroller = demo.device('phone').locator('.scroller')
  const tenth = demo.device('phone').locator('.group').nth(9)
  await tenth.evaluate((element) => {
    element.setAttribute('data-witness', 'tenth')
    element.scrollIntoView({ block: 'start' })
  })
  const placeOf = () =>
    scroller.evaluate((list) => {
      const witness = list.querySelector('[data-witness=tenth]')
      return Math.round((witness?.getBoundingClientRect().top ?? 0) - list.getBoundingClientRect().top)
    })
  const before = await placeOf()
  assert.ok((await scroller.evaluate((list) => list.scrollTop)) > 300)
  await demo.actAs('Ben')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await eventually('the like', async () => (await demo.shown('phone')).groups.length, 19)
  await eventually('the place of what was being read', placeOf, before)
  assertNoFaults(watched.faults)
})
