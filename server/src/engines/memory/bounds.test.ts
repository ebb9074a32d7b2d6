import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noMarks } from '../../model/marks.ts'
import { memoryOfflineQueue, newOfflineState } from './offline-queue.ts'
import { memorySessionRegistry, newSessionState } from './session-registry.ts'
import { memoryUnreadSets, newUnreadState } from './unread-sets.ts'

const users = Array.from({ length: 100 }, (_, n) => `user-${n}`)
const empty = { upTo: 1, rows: [], all: noMarks, marks: new Map() }

test('unread sets of the users who were away the longest make room', async () => {
  const state = newUnreadState({ maxUsers: 10 })
  const sets = memoryUnreadSets(state)
  for (const user of users) {
    await sets.put(user, empty)
    await sets.counts('user-0', 0)
  }
  assert.equal(state.size, 10)
  assert(await sets.counts('user-0', 0), 'who is asked for stays')
  assert.equal(await sets.counts('user-1', 0), undefined)
  assert(await sets.counts('user-99', 0))
})

test('large unread sets make room as well, however they grew', async () => {
  const sets = memoryUnreadSets(newUnreadState({ maxUsers: 1_000, maxSize: 200 }))
  await sets.put('ann', empty)
  for (const user of users) await sets.put(user, empty)
  const rowOf = (n: number) =>
    ({ groupId: `g${n}`, eventType: 'LIKE', createdAt: 1, unreadSeq: 2, visible: true }) as const
  const groups = Array.from({ length: 150 }, (_, n) => rowOf(n))
  const [counts] = await sets.apply([{ user: 'ann', from: 1, to: 2, groups, marks: [] }], 0)
  assert.equal(counts?.unread, 150)
  const kept = await Promise.all(users.map((user) => sets.counts(user, 0)))
  assert.equal(kept.filter(Boolean).length, 49)
})

test('offline queues of the users who were away the longest make room, and are not counted any more', async () => {
  const queue = memoryOfflineQueue(newOfflineState({ maxUsers: 10 }))
  const changes = [1, 2].map((seq) => ({ seq, groupId: null }))
  for (const user of users) await queue.push([{ user, from: 0, to: 2, changes }], 500)
  assert.equal(await queue.entries(), 20)
  assert.equal(await queue.read('user-1', 0), undefined)
  assert.deepEqual(await queue.read('user-99', 0), changes)
})

test('long offline queues make room as well, and a short one that nobody pushes to goes with the oldest', async () => {
  const queue = memoryOfflineQueue(newOfflineState({ maxUsers: 1_000, maxSize: 200 }))
  for (const user of users) await queue.push([{ user, from: 0, to: 1, changes: [{ seq: 1, groupId: null }] }], 500)
  assert.equal(await queue.entries(), 100)
  for (let seq = 2; seq <= 100; seq++)
    await queue.push([{ user: 'user-50', from: seq - 1, to: seq, changes: [{ seq, groupId: null }] }], 500)
  assert.equal((await queue.read('user-50', 0))?.length, 100)
  assert.equal(await queue.read('user-0', 0), undefined)
  assert.ok(await queue.read('user-99', 0))
  assert.ok((await queue.entries()) < 200)
})

test('sessions of nodes that died make room in time', async () => {
  const state = newSessionState()
  const registry = memorySessionRegistry(state)
  for (let n = 0; n < 10_000; n++) {
    await registry.put([{ user: `user-${n}`, sessionId: 's', node: 'n', device: null }], n, 100)
  }
  assert(state.size < 2_000, `${state.size} are kept`)
  assert.equal(state.size, state.users.size)
})
