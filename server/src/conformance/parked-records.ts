import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeLogValue } from '../model/log-codec.ts'
import { type LogValue, userOf } from '../model/log-record.ts'
import { offsetOf } from '../model/position.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ParkedRecord, ParkedRecords, RecordPlace } from '../ports/parked-records.ts'
import { defineSuite } from './frame.ts'
import { sampleValue } from './samples.ts'

/** The parked records of a log, and the log that they are copied from. */
export interface LogWithParked extends AsyncDisposable {
  readonly log: EventLog
  readonly parked: ParkedRecords
}

export const parkedRecordsSuite = defineSuite<LogWithParked>('parked-records', {
  promises: {
    'A record that is parked is there as it lies in the log, also for another server and after a restart.': async (
      t,
    ) => {
      const [one, other] = [await t.open(), await t.open()]
      const user = t.user()
      const values = [0, 1, 2, 3, 4].map((n) => sampleValue(user, n))
      const appended = await appendAll(one.log, values)
      assert.deepEqual(await one.parked.list(), [])
      const before = t.seams.clock.now()
      const expected: unknown[] = []
      for (const n of [1, 4]) {
        const { place, appendedAt } = appended[n] as Appended
        await one.parked.park(place, 'fünf Versuche')
        const bytes = Buffer.from(encodeLogValue(values[n] as LogValue)).toString('base64')
        expected.push({ ...place, user, appendedAt, reason: 'fünf Versuche', bytes })
      }
      const after = t.seams.clock.now()
      const check = async ({ parked }: LogWithParked) => {
        const found = await parked.list()
        assert.deepEqual(found.map(comparable), expected)
        for (const { parkedAt } of found) assert.ok(parkedAt >= before && parkedAt <= after)
      }
      await check(one)
      await check(other)
      await check(await t.reopen(one))
    },

    'A record that is parked twice is there once, as it was parked first.': async (t) => {
      const { log, parked } = await t.open()
      const [first, second] = await appendAll(
        log,
        [0, 1].map((n) => sampleValue(t.user(), n)),
      )
      assert.ok(first && second)
      await parked.park(first.place, 'once')
      await parked.park(second.place, 'other')
      await parked.park(first.place, 'twice')
      assert.deepEqual(
        await placesOf(parked),
        [first, second].map(({ place }) => keyOf(place)),
      )
      assert.deepEqual(
        (await parked.list()).map(({ reason }) => reason),
        ['once', 'other'],
      )
    },

    'Records are listed in the order in which they were parked.': async (t) => {
      const { log, parked } = await t.open()
      const appended = await appendAll(
        log,
        [0, 1, 2, 3, 4, 5].map((n) => sampleValue(t.user(), n)),
      )
      const places = [3, 0, 5, 1].map((n) => appended[n]?.place as RecordPlace)
      for (const place of places) await parked.park(place, 'no reason')
      assert.deepEqual(await placesOf(parked), places.map(keyOf))
    },

    'What is removed is gone, and may be parked again.': async (t) => {
      const stand = await t.open()
      const { log, parked } = stand
      const appended = await appendAll(
        log,
        [0, 1, 2].map((n) => sampleValue(t.user(), n)),
      )
      const [first, second, third] = appended.map(({ place }) => place) as [RecordPlace, RecordPlace, RecordPlace]
      for (const place of [first, second, third]) await parked.park(place, 'first')
      await parked.remove([])
      await parked.remove([first, third])
      assert.deepEqual(await placesOf(parked), [keyOf(second)])
      await parked.park(first, 'second')
      const again = await t.reopen(stand)
      assert.deepEqual(await placesOf(again.parked), [second, first].map(keyOf))
      assert.deepEqual(
        (await again.parked.list()).map(({ reason }) => reason),
        ['first', 'second'],
      )
    },

    'To remove what was never parked does nothing.': async (t) => {
      const { log, parked } = await t.open()
      const [first, second] = (
        await appendAll(
          log,
          [0, 1].map((n) => sampleValue(t.user(), n)),
        )
      ).map(({ place }) => place) as [RecordPlace, RecordPlace]
      await parked.remove([first])
      assert.deepEqual(await parked.list(), [])
      await parked.park(second, 'no reason')
      await parked.remove([first])
      assert.deepEqual(await placesOf(parked), [keyOf(second)])
    },

    'A record that the log does not have is not parked.': async (t) => {
      const { log, parked } = await t.open()
      const [only] = await appendAll(log, [sampleValue(t.user(), 0)])
      assert.ok(only)
      await parked.park({ ...only.place, offset: only.place.offset + 1 }, 'not there')
      assert.deepEqual(await parked.list(), [])
    },
  },

  model: async (t) => {
    let stand = await t.open()
    const appended = await appendAll(
      stand.log,
      Array.from({ length: 6 }, (_, n) => sampleValue(t.user(), n)),
    )
    const places = appended.map(({ place }) => place)
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ park: fc.nat(places.length - 1) }) },
      { weight: 2, arbitrary: fc.record({ remove: fc.uniqueArray(fc.nat(places.length - 1), { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 8 }), async (steps) => {
        await stand.parked.remove(await stand.parked.list())
        const model = new Map<string, string>()
        for (const [step, did] of steps.entries()) {
          if ('park' in did) {
            const place = places[did.park] as RecordPlace
            await stand.parked.park(place, `step ${step}`)
            if (!model.has(keyOf(place))) model.set(keyOf(place), `step ${step}`)
          } else if ('remove' in did) {
            const removed = did.remove.map((n) => places[n] as RecordPlace)
            await stand.parked.remove(removed)
            for (const place of removed) model.delete(keyOf(place))
          } else stand = await t.reopen(stand)
          const found = (await stand.parked.list()).map((record) => [keyOf(record), record.reason])
          assert.deepEqual(found, [...model])
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

interface Appended {
  readonly place: RecordPlace
  readonly appendedAt: number
}

async function appendAll(log: EventLog, values: readonly LogValue[]): Promise<readonly Appended[]> {
  const outcomes = await log.append(values)
  return outcomes.map((outcome, n) => {
    assert.ok(outcome.stored === true)
    const { epoch } = log.info
    const partition = log.partitionOf(userOf(values[n] as LogValue))
    const place: RecordPlace = { epoch, partition, offset: offsetOf(outcome.seq) }
    return { place, appendedAt: outcome.appendedAt }
  })
}

const keyOf = ({ epoch, partition, offset }: RecordPlace): string => `${epoch} ${partition} ${offset}`

const placesOf = async (parked: ParkedRecords): Promise<readonly string[]> => (await parked.list()).map(keyOf)

const comparable = ({ epoch, partition, offset, user, appendedAt, reason, bytes }: ParkedRecord) => ({
  epoch,
  partition,
  offset,
  user,
  appendedAt,
  reason,
  bytes: Buffer.from(bytes).toString('base64'),
})
