import assert from 'node:assert/strict'
import { test } from 'node:test'
import { virtualSeams } from '../lib/virtual-seams.ts'
import type { EventLog } from '../ports/event-log.ts'
import { LogAge } from './log-age.ts'
import { WorkersElsewhere } from './workers-elsewhere.ts'

function setUp() {
  const seams = virtualSeams({ seed: 1 })
  const totals = { end: 100, committed: 100 }
  const other = { end: 100, committed: 100 }
  const oldest = { appendedAt: seams.clock.now() }
  let isDown = false
  const log = {
    info: { epochName: 'e', epoch: 0, partitions: 2 },
    async bounds(partition: number) {
      if (isDown) throw new Error('down')
      return { start: 0, ...(partition === 0 ? totals : other) }
    },
    read: async () => ({ records: [{ appendedAt: oldest.appendedAt }], next: 0 }),
  } as unknown as EventLog
  const workers = new WorkersElsewhere(log, seams)
  const age = new LogAge(log, seams)
  const down = () => {
    isDown = true
  }
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      seams.time.advance(50)
      await new Promise(setImmediate)
    }
  }
  return { workers, age, oldest, totals, other, pass, seams, down }
}

test('workers are as far behind as the oldest end they have not reached', async () => {
  const t = setUp()
  await t.pass(3_000)
  assert.equal(t.age.ms, 0)
  t.totals.end = 150
  await t.pass(2_000)
  t.totals.end = 200
  await t.pass(8_000)
  assert(t.age.ms >= 8_000 && t.age.ms <= 10_000, `${t.age.ms}`)
  t.totals.committed = 150
  await t.pass(1_000)
  assert(t.age.ms >= 7_000 && t.age.ms <= 9_000, `${t.age.ms}`)
  t.totals.committed = 200
  await t.pass(1_000)
  assert.equal(t.age.ms, 0)
  await t.workers[Symbol.asyncDispose]()
})

test('time in which the process stood still is no lag', async () => {
  const t = setUp()
  t.totals.end = 150
  await t.pass(2_000)
  t.seams.time.advance(3_600_000)
  assert(t.age.ms <= 5_000, `${t.age.ms}`)
  t.age[Symbol.dispose]()
})

test('what was in the log before this process was is as old as its oldest record', async () => {
  const t = setUp()
  t.totals.end = 150
  t.oldest.appendedAt -= 3_600_000
  await t.pass(2_000)
  assert(t.age.ms >= 3_600_000 && t.age.ms <= 3_602_000, `${t.age.ms}`)
  t.totals.committed = 150
  await t.pass(2_000)
  t.totals.end = 151
  await t.pass(2_000)
  assert(t.age.ms <= 2_000, `${t.age.ms}`)
  t.age[Symbol.dispose]()
})

test('a partition that stands still counts, however far the others come', async () => {
  const t = setUp()
  t.other.end = 101
  let settled = false
  void t.workers.settle().then(() => {
    settled = true
  })
  for (let i = 0; i < 10; i++) {
    t.totals.end += 100
    t.totals.committed = t.totals.end
    await t.pass(1_000)
  }
  assert(t.age.ms >= 8_000, `${t.age.ms}`)
  assert.equal(settled, false)
  t.other.committed = 101
  await t.pass(1_000)
  assert.equal(t.age.ms, 0)
  assert.equal(settled, true)
  await t.workers[Symbol.asyncDispose]()
})

test('a log that cannot be asked leaves what was known, and nobody waits for it', async () => {
  const t = setUp()
  t.totals.end = 101
  await t.pass(1_000)
  t.down()
  await t.pass(5_000)
  assert(t.age.ms >= 5_000)
  await t.workers.settle()
  await t.workers[Symbol.asyncDispose]()
})

test('settling waits for what is in the log by now, for a while', async () => {
  const t = setUp()
  t.totals.end = 105
  let isSettled = false
  const settled = t.workers.settle().then(() => {
    isSettled = true
  })
  const given = t.workers.settleWithin(200)
  await t.pass(300)
  await given
  assert.equal(isSettled, false)
  t.totals.end = 500
  t.totals.committed = 105
  await t.pass(100)
  await settled
  await t.workers[Symbol.asyncDispose]()
})
