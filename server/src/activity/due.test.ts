import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDue } from './due.ts'
import { UserFold } from './user-fold.ts'

const flushMs = 250
const metrics = { degraded() {} }
const noPubSub = { mayBeHeard: async () => [] }

/** Changes come every `everyMs`; when each flush is begun, with nothing else to wait for. */
function flushesOf(isHeard: boolean, everyMs: number, untilMs: number): number[] {
  const due = createDue(flushMs, noPubSub, metrics)
  const user = new UserFold('carol', 0)
  const flushes: number[] = []
  let offset = 0
  for (let now = 0; now < untilMs; now++) {
    if (now % everyMs === 0) {
      user.touch(offset++, now)
      user.isHeard = isHeard
    }
    if (!user.isDirty || due.dueIn(user, now) > 0) continue
    flushes.push(now)
    due.taken(user, now)
    user.taken(now)
    user.stored()
  }
  return flushes
}

test('whom nobody listens to is written once in flushMs', () => {
  assert.deepEqual(flushesOf(false, 10, 1_001), [0, 250, 500, 750, 1_000])
})

test('who is listened to is written with each change, as long as they come no faster than flushes may', () => {
  assert.deepEqual(
    flushesOf(true, 250, 10_000),
    Array.from({ length: 40 }, (_, i) => i * 250),
  )
})

test('a few changes in a row are written at once, many come to one write in flushMs', () => {
  const flushes = flushesOf(true, 10, 60_000)
  assert.deepEqual(
    flushes.slice(0, 8),
    Array.from({ length: 8 }, (_, i) => i * 10),
  )
  assert.equal(flushes[8], 250)
  assert.ok(flushes.length <= 60_000 / flushMs + 8, `${flushes.length} flushes`)
})

test('a group that opens does not wait', () => {
  const due = createDue(flushMs, noPubSub, metrics)
  const user = new UserFold('carol', 0)
  user.flushedAt = 1_000
  user.isHeard = false
  assert.equal(due.dueIn(user, 1_010), 240)
  user.urgent = true
  assert.equal(due.dueIn(user, 1_010), 0)
})

test('only who has changes is asked about, once for each time that something is written; no answer means away', async () => {
  const asked: (readonly string[])[] = []
  let answer: () => Promise<readonly boolean[]> = async () => [true, false]
  const degraded: unknown[] = []
  const due = createDue(
    flushMs,
    {
      mayBeHeard(users) {
        asked.push(users)
        return answer()
      },
    },
    { degraded: (_, error) => void degraded.push(error) },
  )
  const users = new Map(['alice', 'bob', 'carol'].map((id) => [id, new UserFold(id, 0)]))
  const [alice, bob] = [...users.values()] as [UserFold, UserFold]
  const records = ['alice', 'bob', 'carol', 'alice', 'nobody'].map((user, offset) => ({
    partition: 0,
    offset,
    seq: offset + 1,
    appendedAt: 0,
    value: { kind: 'mark' as const, user, mark: 'read' as const, groupIds: null, upTo: 0 },
  }))
  alice.touch(0, 0)
  bob.touch(1, 0)
  await due.askWhoIsHeard({ users }, records)
  await due.askWhoIsHeard({ users }, records)
  assert.deepEqual(asked, [['alice', 'bob']])
  assert.deepEqual([alice.isHeard, bob.isHeard], [true, false])

  alice.taken(10)
  alice.touch(5, 0)
  answer = async () => {
    throw new Error('down')
  }
  await due.askWhoIsHeard({ users }, records)
  assert.deepEqual([asked.at(-1), alice.isHeard, degraded.length], [['alice'], false, 1])
})
