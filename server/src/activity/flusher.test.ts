import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemSeams } from '../lib/system-seams.ts'
import { takeJob } from './flush-job.ts'
import { Flusher } from './flusher.ts'
import { PartitionState } from './partition-state.ts'
import { Poison } from './poison.ts'
import type { UserFold } from './user-fold.ts'

const users = 2_000

/** A partition of users who each have one record that is not written, and a flusher whose writes end when they are told to. */
function world() {
  const state = new PartitionState(0, 0)
  for (let offset = 0; offset < users; offset++) {
    const user = state.user(`user-${offset}`, () => 0)
    user.touch(offset, 0)
    state.dirty.add(user)
  }
  state.folded = users
  const writes: { readonly users: number; end(error?: Error): void }[] = []
  let turns = 0
  const seams = systemSeams
  const scheduler = { ...seams.scheduler, breathe: async () => void turns++ }
  const flush = {
    take: takeJob,
    takenAtOnce: 512,
    flush: (job: ReturnType<typeof takeJob>) =>
      new Promise<void>((resolve, reject) => {
        writes.push({ users: job.users.length, end: (error) => (error ? reject(error) : resolve()) })
      }),
  }
  const due = { askWhoIsHeard: async () => {}, dueIn: () => 0, taken: () => {} }
  const flusher = new Flusher(new Map([[0, state]]), flush, due, new Poison(), { ...seams, scheduler }, () => {})
  return { state, writes, flusher, turns: () => turns }
}

const all = (_user: UserFold) => true

test('a flush of many users lets others have their turn, and nothing counts as written before all of it is', async () => {
  const { state, writes, flusher, turns } = world()
  await flusher.start(all)
  assert.equal(
    writes.reduce((sum, write) => sum + write.users, 0),
    users,
  )
  assert.ok(turns() > 0)
  assert.equal(turns(), writes.length - 1)
  assert.equal(state.dirty.size, 0)

  const [first, ...others] = writes
  for (const write of others) write.end()
  flusher.reap()
  assert.equal(state.safe, 0)
  assert.equal(flusher.isWriting, true)

  first?.end()
  await flusher.drain()
  assert.equal(state.safe, users)
})

test('where a part cannot be written, the failure is told when the others have ended, and the log is kept', async () => {
  const { state, writes, flusher } = world()
  await flusher.start(all)
  writes[1]?.end(new Error('no'))
  await Promise.resolve()
  flusher.reap()
  assert.equal(flusher.isWriting, true)
  for (const write of writes) write.end()
  await assert.rejects(flusher.drain(), /no/)
  assert.equal(state.safe, 0)
})
