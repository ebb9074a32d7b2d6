import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setupActivities } from './testing/activities-setup.ts'

/** A server that cannot read names until it is told to. */
function setup() {
  const setup = setupActivities()
  const { server, stream, pages } = setup
  let areAway = true
  server.intercept = ({ method, query }) => {
    if (method !== 'GET') return undefined
    const page = stream.page(query.get('filter')?.split(',') ?? null, Number(query.get('limit')), query.get('cursor'))
    const named = (summary: string) => page.activity_groups.map((group) => ({ ...group, summary }))
    const body = areAway
      ? { ...page, activity_groups: named('u1 liked'), degraded: ['cache', 'users'] }
      : { ...page, activity_groups: named('Mia liked') }
    return { status: 200, body }
  }
  const summaries = () => setup.state().groups.map(({ summary }) => summary)
  const count = () => pages().length
  return { ...setup, summaries, count, come: () => (areAway = false) }
}

test('a page without names is read again after a while, until they are there', async () => {
  const { world, connect, summaries, count, come } = setup()
  await connect()
  await world.run(14_000)
  assert.deepEqual([summaries(), count()], [['u1 liked', 'u1 liked'], 1])
  await world.run(2_000)
  assert.equal(count(), 2)
  come()
  await world.run(25_000)
  assert.deepEqual([summaries(), count()], [['Mia liked', 'Mia liked'], 3])
  await world.run(3_600_000)
  assert.equal(count(), 3)
})

test('it is asked ever more rarely', async () => {
  const { world, connect, count } = setup()
  await connect()
  await world.run(3_600_000)
  const before = count()
  assert.ok(before <= 13, `${before} pages in the first hour`)
  await world.run(3_600_000)
  assert.ok(count() - before <= 6, `${count() - before} in the second`)
})

test('the list keeps its length, and pages on from where it was', async () => {
  const { world, activities, connect, finish, ids, summaries, come, pages } = setup()
  await connect()
  await Promise.all([activities.loadMore(), world.run(100)])
  come()
  await world.run(20_000)
  assert.deepEqual([ids().length, new Set(summaries())], [4, new Set(['Mia liked'])])
  assert.equal(pages().at(-1)?.query.get('limit'), '4')
  await finish(activities.loadMore())
  assert.deepEqual(ids(), ['g4', 'g3', 'g2', 'g1', 'g0'])
})

test('another filter has its own page; what was to be read of the last one is not', async () => {
  const { world, activities, connect, come, summaries, count } = setup()
  await connect()
  come()
  await Promise.all([activities.setFilter(['COMMENT']), world.run(100)])
  await world.run(3_600_000)
  assert.deepEqual([summaries(), count()], [['Mia liked'], 2])
})

test('closed, or never connected, it asks for nothing', async () => {
  const { world, activities, connect, count } = setup()
  await Promise.all([activities.load(), world.run(3_600_000)])
  assert.equal(count(), 1)
  await connect()
  activities.close()
  assert.equal(world.timers, 0)
  await world.run(3_600_000)
  assert.equal(count(), 2)
})
