import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Seq, UserId } from '../model/ids.ts'
import { type LogRecord, type LogValue, userOf } from '../model/log-record.ts'
import { epochOf, toSeq } from '../model/position.ts'
import type { EventLog } from '../ports/event-log.ts'
import { sharing } from './event-log-sharing.ts'
import { type CaseContext, defineSuite } from './frame.ts'
import { partitionsOf, readAll, usersOf } from './log-follower.ts'
import { sampleEvent, sampleValue } from './samples.ts'

type T = CaseContext<EventLog>
type Stored = { readonly value: LogValue; readonly seq: Seq; readonly appendedAt: number }

export const eventLogSuite = defineSuite<EventLog>('event-log', {
  promises: {
    'A record whose append returned as stored is still there after close and reopen.': async (t) => {
      const log = await t.open()
      const values = users(t, 6).flatMap((user) => Array.from({ length: 8 }, (_, n) => sampleValue(user, n)))
      const stored = await appendAll(log, values)
      const again = await t.reopen(log)
      const records = await readEverything(again)
      assert.equal(records.length, values.length)
      for (const { seq, ...rest } of stored) {
        const record = records.find((each) => each.seq === seq && userOf(each.value) === userOf(rest.value))
        assert.deepEqual({ value: record?.value, appendedAt: record?.appendedAt }, rest)
      }
      await appendAll(again, [sampleValue(t.user(), 0)])
      assert.equal((await readEverything(again)).length, values.length + 1)
    },

    'Records of one user are read in the order of their offsets, and an offset never changes its record.': async (
      t,
    ) => {
      const log = await t.open()
      const everyone = users(t, 9)
      for (let n = 0; n < 20; n++)
        await appendAll(
          log,
          everyone.map((user) => sampleValue(user, n)),
        )
      const read = await readEverything(log, 7)
      for (const record of read) {
        assert.equal(record.partition, log.partitionOf(userOf(record.value)))
        assert.equal(record.seq, toSeq(log.info.epoch, record.offset))
      }
      assertRising(read)
      for (const user of everyone) {
        assert.deepEqual(
          read.filter((record) => userOf(record.value) === user).map((record) => record.value),
          Array.from({ length: 20 }, (_, n) => sampleValue(user, n)),
        )
      }
      await appendAll(
        log,
        everyone.map((user) => sampleValue(user, 99)),
      )
      const later = await readEverything(await t.reopen(log), 1_000)
      const offsets = new Map(later.map((record) => [`${record.partition}:${record.offset}`, record]))
      for (const record of read) assert.deepEqual(offsets.get(`${record.partition}:${record.offset}`), record)
    },

    'Once a reader has seen offset n of a partition, no record with a smaller offset appears later.': async (t) => {
      const servers = [await t.open(), await t.open(), await t.open()] as const
      const [reader] = servers
      const everyone = usersOf(reader, 0, t.user, 4)
      let writing = true
      const writers = servers.map(async (log, server) => {
        for (let n = 0; n < 25; n++)
          await appendAll(
            log,
            everyone.map((user) => sampleValue(user, n * 3 + server)),
          )
      })
      const written = Promise.all(writers).finally(() => {
        writing = false
      })
      const seen: LogRecord[] = []
      let next = 0
      while (writing || next < (await reader.bounds(0)).end) {
        const page = await reader.read(0, next, 50)
        seen.push(...page.records)
        next = page.next
        await t.pass(0)
      }
      await written
      assertRising(seen)
      assert.equal(seen.length, 3 * 25 * everyone.length)
      assert.deepEqual(await readAll(reader, 0), seen)
    },

    'Records appended in one call for one user keep their order.': async (t) => {
      const log = await t.open()
      const everyone = users(t, 3)
      const values = Array.from({ length: 300 }, (_, n) => sampleValue(everyone[n % 3] as UserId, n))
      const stored = await appendAll(log, values)
      const read = await readEverything(log)
      for (const user of everyone) {
        const own = stored.filter(({ value }) => userOf(value) === user)
        own.reduce((before, each) => {
          assert(each.seq > before, 'positions rise in the order of the call')
          return each.seq
        }, 0)
        assert.deepEqual(
          read.filter((record) => userOf(record.value) === user).map((record) => record.value),
          own.map(({ value }) => value),
        )
      }
    },

    '`appendedAt` is part of the record: every read gives the same.': async (t) => {
      const log = await t.open()
      const user = t.user()
      const partition = log.partitionOf(user)
      const stored: Stored[] = []
      for (let n = 0; n < 5; n++) {
        stored.push(...(await appendAll(log, [sampleValue(user, n)])))
        await t.pass(7)
      }
      const times = stored.map(({ appendedAt }) => appendedAt)
      assert(
        times.every((time) => Math.abs(time - t.seams.clock.now()) < 300_000),
        'it is wall time in milliseconds',
      )
      const timesOf = (records: readonly LogRecord[]) => records.map((record) => record.appendedAt)
      assert.deepEqual(timesOf(await readAll(log, partition)), times)
      await t.pass(1_000)
      assert.deepEqual(timesOf(await readAll(await t.open(), partition)), times)
      const again = await t.reopen(log)
      assert.deepEqual(timesOf(await readAll(again, partition, 2)), times)
      await using consumer = await again.join()
      const polled: LogRecord[] = []
      await t.eventually('all records', async () => {
        polled.push(...(await consumer.poll(100, 0)).records)
        return polled.length >= times.length
      })
      assert.deepEqual(timesOf(polled), times)
    },

    ...sharing.promises,

    'A position says which epoch it belongs to; a log that lost or re-dealt its records has a higher epoch.': async (
      t,
    ) => {
      const log = await t.open()
      const user = t.user()
      const [first] = await appendAll(log, [sampleValue(user, 0)])
      assert.equal(epochOf(first?.seq ?? -1), log.info.epoch)
      const { epoch, epochName } = log.info
      const other = await t.open()
      assert.deepEqual(other.info, log.info)
      await other[Symbol.asyncDispose]()
      const reopened = await t.reopen(log)
      assert.equal(reopened.info.epoch, epoch)
      assert.equal(reopened.info.epochName, epochName)
      await reopened[Symbol.asyncDispose]()
      await t.disturb('loseLog')
      const lost = await t.open()
      assert(lost.info.epoch > epoch)
      assert.notEqual(lost.info.epochName, epochName)
      const [later] = await appendAll(lost, [sampleValue(user, 1)])
      assert.equal(epochOf(later?.seq ?? -1), lost.info.epoch)
      assert((later?.seq ?? 0) > (first?.seq ?? 0))
    },

    'Reading below what is kept says where the log starts.': async (t) => {
      const log = await t.open()
      const [user] = usersOf(log, 0, t.user) as [UserId]
      const stored: Stored[] = []
      for (let n = 0; n < 9; n++) {
        stored.push(...(await appendAll(log, [sampleValue(user, n)])))
        await t.pass(10)
      }
      const [, , , fourth, , , seventh] = (await readAll(log, 0)) as [
        LogRecord,
        LogRecord,
        LogRecord,
        LogRecord,
        LogRecord,
        LogRecord,
        LogRecord,
      ]
      const consumer = await log.join()
      await t.eventually(
        'the partition',
        async () => (await consumer.poll(1, 0)).assigned.some(({ partition }) => partition === 0) || undefined,
      )
      await consumer.commit(new Map([[0, seventh.offset]]))
      await log.trim(fourth.appendedAt)
      await t.eventually('the log starts later', async () => (await log.bounds(0)).start === fourth.offset)
      const page = await log.read(0, 0, 100)
      assert.deepEqual(
        page.records.map((record) => record.value),
        stored.slice(3).map(({ value }) => value),
      )
      assert.equal(page.records[0]?.offset, (await log.bounds(0)).start)
      await log.trim(t.seams.clock.now() + 60_000)
      await t.eventually('all that is committed is gone', async () => (await log.bounds(0)).start === seventh.offset)
      assert.deepEqual((await log.read(0, 0, 1)).records[0]?.value, stored[6]?.value)
      const again = await t.reopen(log)
      assert.equal((await again.bounds(0)).start, seventh.offset)
      assert.deepEqual((await readAll(again, 0)).length, 3)
    },
  },

  also: sharing.also,

  model: async (t) => {
    let log = await t.open()
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('append'), to: fc.array(fc.nat(4), { maxLength: 6 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('read'), limit: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (operations) => {
        const everyone = users(t, 5)
        const model = new Map<UserId, Stored[]>(everyone.map((user) => [user, []]))
        const starts = await Promise.all(partitionsOf(log).map(async (partition) => (await log.bounds(partition)).end))
        let n = 0
        for (const step of operations) {
          if ('to' in step) {
            const values = step.to.map((to) => sampleValue(everyone[to] as UserId, n++))
            for (const stored of await appendAll(log, values)) model.get(userOf(stored.value))?.push(stored)
          } else if ('limit' in step) {
            for (const partition of partitionsOf(log)) {
              const read = await readAll(log, partition, step.limit, starts[partition])
              for (const user of everyone.filter((each) => log.partitionOf(each) === partition)) {
                const own = read.filter((record) => userOf(record.value) === user)
                assert.deepEqual(
                  own.map(({ value, seq, appendedAt }) => ({ value, seq, appendedAt })),
                  model.get(user),
                )
              }
            }
          } else log = await t.reopen(log)
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

const users = (t: T, count: number): UserId[] => Array.from({ length: count }, t.user)

/** Appends, and appends again what came back as unknown; gives each value with where it is now. */
async function appendAll(log: EventLog, values: readonly LogValue[]): Promise<Stored[]> {
  const outcomes = await log.append(values)
  assert.equal(outcomes.length, values.length)
  return outcomes.map((outcome, i) => {
    assert(outcome.stored === true, 'an append without trouble is known to be stored')
    return {
      value: values[i] ?? { kind: 'event', event: sampleEvent('', 0) },
      seq: outcome.seq,
      appendedAt: outcome.appendedAt,
    }
  })
}

async function readEverything(log: EventLog, limit = 100): Promise<LogRecord[]> {
  const parts = await Promise.all(partitionsOf(log).map((partition) => readAll(log, partition, limit)))
  return parts.flat()
}

function assertRising(records: readonly LogRecord[]): void {
  const last = new Map<number, number>()
  for (const { partition, offset } of records) {
    assert(
      offset > (last.get(partition) ?? -1),
      `offset ${offset} of partition ${partition} is not above the one before`,
    )
    last.set(partition, offset)
  }
}
