// Seen and read: what is done on one device shows on the other.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { DemoPage } from './demo-page.ts'
import { eventually } from './eventually.ts'
import { servedPage } from './served-page.ts'
import { assertNoFaults } from './watched-browser.ts'

const { server, watched } = await servedPage()

const users = ['carol', 'mia', 'ben', 'alice']
let demo: DemoPage
let userId: string
beforeEach(async () => {
  userId = users.shift() ?? ''
  await watched.page.goto(`${server.url}/?user=${userId}`)
  demo = new DemoPage(watched.page, userId.charAt(0).toUpperCase() + userId.slice(1))
  await demo.live()
  await demo.actAs('Yuki')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.post('bread').getByRole('button', { name: 'Share' }).click()
  await demo.both(2, ['Yuki shared your post', 'Yuki liked your post'])
})

const unreadOf = async (kind: 'phone' | 'laptop') => (await demo.shown(kind)).groups.map(({ isUnread }) => isUnread)
const isRinging = async (kind: 'phone' | 'laptop') => (await demo.shown(kind)).isRinging

test('all read on the phone is all read on the laptop, without a reload', async () => {
  await watched.page.evaluate(() => {
    document.body.dataset.witness = 'not reloaded'
  })
  assert.deepEqual(await unreadOf('laptop'), [true, true])
  await demo.device('phone').getByRole('button', { name: 'Mark all read' }).click()
  await demo.both(0, ['Yuki shared your post', 'Yuki liked your post'])
  await eventually('nothing unread on the laptop', () => unreadOf('laptop'), [false, false])
  assert.equal(await watched.page.evaluate(() => document.body.dataset.witness), 'not reloaded')
  assertNoFaults(watched.faults)
})

test('a group opened on the laptop shows who is in it, and is read on the phone', async () => {
  await demo.group('laptop', 'liked').click()
  await demo.device('laptop').locator('.actors').getByText('Yuki').waitFor()
  await demo.both(1, ['Yuki shared your post', 'Yuki liked your post'])
  await eventually('one unread on the phone', () => unreadOf('phone'), [true, false])

  // Another like makes it unread again, and adds to the open list of actors.
  await demo.actAs('Bob')
  await demo.post('lake').getByRole('button', { name: 'Like' }).click()
  await demo.both(2, ['Yuki shared your post', 'Bob and Yuki liked your post'])
  const names = demo.device('laptop').locator('.actor-name')
  await eventually('the open list of actors', () => names.allTextContents(), ['Bob', 'Yuki'])
  assertNoFaults(watched.faults)
})

test('opening the list marks it seen on both devices; a list that merely shows marks nothing', async () => {
  const unseen = async () => (await server.request('GET', '/v1/activities', { user: userId })).unseen_count
  // Both lists have been on the screen all the time.
  assert.equal(await unseen(), 2)
  assert.deepEqual([await isRinging('phone'), await isRinging('laptop')], [true, true])
  await demo.bell('laptop').click()
  await demo.device('laptop').getByText('The list is closed').waitFor()
  assert.equal(await demo.group('laptop', 'liked').isVisible(), false)
  assert.equal(await unseen(), 2)

  await demo.bell('laptop').click()
  await eventually('seen on the laptop', () => isRinging('laptop'), false)
  await eventually('seen on the phone', () => isRinging('phone'), false)
  assert.equal(await unseen(), 0)
  // Seen is not read.
  await demo.both(2, ['Yuki shared your post', 'Yuki liked your post'])
  assert.deepEqual(await unreadOf('phone'), [true, true])

  // Something new rings again.
  await demo.actAs('Bob')
  await demo.post('bread').getByRole('button', { name: 'Like' }).click()
  await demo.both(3, ['Bob liked your post', 'Yuki shared your post', 'Yuki liked your post'])
  assert.deepEqual([await isRinging('phone'), await isRinging('laptop')], [true, true])
  assertNoFaults(watched.faults)
})

test('a group removed on one device is gone on the other', async () => {
  const group = demo.device('phone').locator('.group').filter({ hasText: 'shared' })
  await group.hover()
  await group.getByRole('button', { name: /^Remove/ }).click()
  await demo.both(1, ['Yuki liked your post'])
  assertNoFaults(watched.faults)
})
