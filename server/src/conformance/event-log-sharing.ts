import assert from 'node:assert/strict'
import { HeadwaterError } from '../lib/error.ts'
import type { UserId } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Case, CaseContext } from './frame.ts'
import { LogFollower, partitionsOf, readAll, usersOf } from './log-follower.ts'
import { sampleValue } from './samples.ts'

/** The part of the event log's suite in which workers share the partitions. */
export const sharing = {
  promises: {
    'Two owners of one partition at a time are possible only while one of them has not yet heard of its loss.': async (
      t,
    ) => {
      const [one, two] = [await t.open(), await t.open()]
      const partitions = partitionsOf(one)
      for (const partition of partitions) await fill(one, partition, t, 3)
      const first = await LogFollower.join(one)
      await t.eventually('all partitions', async () => {
        await first.poll()
        return first.owned.size === partitions.length
      })
      const second = await LogFollower.join(two)
      if (partitions.length === 1) return assertWaits(first, second)
      await t.eventually('a loss', async () => {
        await Promise.all([first.poll(), second.poll()])
        assertApart(first, second)
        return first.revoked.size > 0
      })
      for (const partition of first.revoked) {
        assert(!second.owned.has(partition), 'what the first was told to let go and has not let go is nobody else’s')
        await fill(one, partition, t, 1)
      }
      // The follower refuses records of a partition that it was told to let go.
      for (let turn = 0; turn < 3; turn++) await first.poll()
      const expected = partitions.length * 5 + first.revoked.size
      await t.eventually('what the first let go', async () => {
        await Promise.all([first.turn(), second.turn()])
        assertApart(first, second)
        return first.owned.size + second.owned.size === partitions.length
      })
      assert(second.owned.size > 0)
      for (const partition of partitions) await fill(one, partition, t, 2)
      const positions = (records: readonly LogRecord[]) =>
        records.map(({ partition, offset }) => `${partition}:${offset}`)
      await t.eventually('every record', async () => {
        await Promise.all([first.turn(), second.turn()])
        return new Set(positions([...first.records, ...second.records])).size === expected
      })
      assert(second.records.length > 0)
    },

    'A new owner starts at the committed offset; a commit never goes back.': async (t) => {
      const log = await t.open()
      await fill(log, 0, t, 10)
      const all = await readAll(log, 0)
      const first = await LogFollower.join(log)
      await t.eventually('ten records', async () => {
        await first.turn()
        return first.records.length === 10
      })
      assert.deepEqual(first.records, all)
      const [third, sixth] = [all[3]?.offset ?? 0, all[6]?.offset ?? 0]
      await first.consumer.commit(new Map([[0, sixth]]))
      assert.equal((await log.bounds(0)).committed, sixth)
      await first.consumer.commit(new Map([[0, third]]))
      assert.equal((await log.bounds(0)).committed, sixth, 'a smaller commit changes nothing')
      await first.consumer[Symbol.asyncDispose]()

      const second = await LogFollower.join(log)
      await t.eventually('the rest', async () => {
        await second.turn()
        return second.records.length === 4
      })
      assert.deepEqual(second.records, all.slice(6))
      const again = await t.reopen(log)
      assert.equal((await again.bounds(0)).committed, sixth)
      const last = await LogFollower.join(again)
      await t.eventually('the rest again', async () => {
        await last.turn()
        return last.records.length === 4
      })
      assert.deepEqual(last.records, all.slice(6), 'what nobody committed is given again')
    },
  },

  also: {
    'Every partition has an owner, and two workers have about as many.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const partitions = partitionsOf(one)
      const followers = [await LogFollower.join(one), await LogFollower.join(two)] as const
      await t.eventually('a fair share', async () => {
        for (const follower of followers) await follower.turn()
        const [a, b] = [followers[0].owned.size, followers[1].owned.size]
        return a + b === partitions.length && Math.abs(a - b) <= 1
      })
      await followers[0].consumer[Symbol.asyncDispose]()
      await t.eventually('all for the one who stays', async () => {
        await followers[1].turn()
        return followers[1].owned.size === partitions.length
      })
    },

    'A worker that falls silent loses its partitions, hears of it first, and its commits are ignored.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const partitions = partitionsOf(one)
      for (const partition of partitions) await fill(one, partition, t, 2)
      const silent = await LogFollower.join(one)
      await t.eventually('all partitions', async () => {
        await silent.poll(1)
        return silent.owned.size === partitions.length
      })
      const before = new Map(silent.owned)
      const heir = await LogFollower.join(two)
      await t.eventually('all records', async () => {
        await heir.turn()
        return heir.records.length === partitions.length * 2
      })
      await silent.consumer.commit(new Map(partitions.map((partition) => [partition, 1_000])))
      for (const partition of partitions) assert.equal((await one.bounds(partition)).committed, 0)
      await heir.commit()
      const answer = await silent.poll()
      const again = new Set(answer.assigned.map(({ partition }) => partition))
      for (const partition of before.keys()) assert(answer.revoked.includes(partition) || again.has(partition))
      for (const record of answer.records) assert(again.has(record.partition))
    },

    'A worker that is told to let go and never does loses the partition in the end.': async (t) => {
      const log = await t.open()
      const stubborn = await LogFollower.join(log)
      await t.eventually('all partitions', async () => {
        await stubborn.poll()
        return stubborn.owned.size === log.info.partitions
      })
      const other = await LogFollower.join(await t.open())
      await t.eventually('a share', async () => {
        await Promise.all([stubborn.poll(), other.turn()])
        return other.owned.size >= Math.floor(log.info.partitions / 2)
      })
      const lost = new Map([...other.owned.keys()].map((partition) => [partition, 50]))
      await stubborn.consumer.commit(lost)
      for (const partition of lost.keys()) assert.equal((await log.bounds(partition)).committed, 0)
    },

    'A poll that waits returns as soon as a record is appended, and at once when it is aborted.': async (t) => {
      const log = await t.open()
      const follower = await LogFollower.join(log)
      await t.eventually('the partitions', async () => {
        await follower.poll()
        return follower.owned.size === log.info.partitions
      })
      const started = t.seams.clock.monotonic()
      const poll = follower.poll(10, 1e9)
      await fill(await t.open(), 0, t, 1)
      await poll
      assert.equal(follower.records.length, 1)
      assert(t.seams.clock.monotonic() - started < 5_000, 'not only when the wait was over')
      const abort = new AbortController()
      const aborted = follower.consumer.poll(10, 1e9, abort.signal)
      abort.abort()
      assert.deepEqual(await aborted, { assigned: [], revoked: [], records: [] })
    },

    'What is committed is not given to the owner again, and a poll gives at most what was asked for.': async (t) => {
      const log = await t.open()
      await fill(log, 0, t, 7)
      const follower = await LogFollower.join(log)
      for (let round = 0; round < 50 && follower.records.length < 7; round++) {
        const { records } = await follower.poll(3)
        assert(records.length <= 3)
        await follower.commit()
        await t.pass(20)
      }
      assert.deepEqual(follower.records, await readAll(log, 0))
      await fill(log, 0, t, 2)
      await t.eventually('two more', async () => {
        await follower.poll(3)
        return follower.records.length === 9
      })
    },

    'An append of nothing and a read at the end give nothing.': async (t) => {
      const log = await t.open()
      assert.deepEqual(await log.append([]), [])
      await fill(log, 0, t, 1)
      const { end } = await log.bounds(0)
      assert.deepEqual(await log.read(0, end, 10), { records: [], next: end })
    },

    'After it was closed it takes nothing more.': async (t) => {
      const log = await t.open()
      const user = t.user()
      const isRetryable = (error: unknown) => HeadwaterError.is(error) && error.retryable
      const worker = await log.join()
      await worker.poll(10, 0)
      const waiting = assert.rejects(worker.poll(10, 60_000), isRetryable)
      await log[Symbol.asyncDispose]()
      await waiting
      await assert.rejects(worker.poll(10, 60_000), isRetryable)
      await assert.rejects(log.append([sampleValue(user, 0)]), isRetryable)
      await log[Symbol.asyncDispose]()
    },
  },
} satisfies Record<'promises' | 'also', Record<string, Case<EventLog>>>

async function fill(log: EventLog, partition: number, t: CaseContext<EventLog>, count: number): Promise<void> {
  const [user] = usersOf(log, partition, t.user) as [UserId]
  await log.append(Array.from({ length: count }, (_, n) => sampleValue(user, n)))
}

/** One partition cannot be shared: it stays where it is. */
async function assertWaits(first: LogFollower, second: LogFollower): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.all([first.turn(), second.turn()])
    assertApart(first, second)
  }
}

function assertApart(a: LogFollower, b: LogFollower): void {
  for (const partition of a.owned.keys()) assert(!b.owned.has(partition), `both own partition ${partition}`)
}
