import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeadwaterError } from '../../lib/error.ts'
import { virtualSeams } from '../../lib/virtual-seams.ts'
import { toSeq } from '../../model/position.ts'
import type { Batch, BatchSource, KafkaClient, KafkaProducer } from './client.ts'
import { type AppendSettings, LogAppender } from './log-appender.ts'

const settings: AppendSettings = { deadlineMs: 1_000, maxHeldBytes: 1 << 20, maxHeldRecords: 1_000 }
const epoch = 3
const appendedAt = 1_700_000_000_000

const record = (text: string) => ({ key: 'user', value: Buffer.from(text) })
const textOf = (batch: Batch) => batch.records.map(({ value }) => Buffer.from(value).toString())

/** A producer whose broker does what a test says. */
function bench(over: Partial<AppendSettings> = {}) {
  const seams = virtualSeams()
  const offered = new Set<number>()
  let source: BatchSource | undefined
  let away: number | undefined
  const producer: KafkaProducer = {
    offer: (partition) => void offered.add(partition),
    unreachableSince: () => away,
    async [Symbol.asyncDispose]() {},
  }
  const client = {
    producer(_topic: string, itsSource: BatchSource) {
      source = itsSource
      return producer
    },
  } as unknown as KafkaClient
  const appender = new LogAppender(client, 'topic', epoch, { ...settings, ...over }, seams)
  return {
    seams,
    appender,
    offered,
    take(partition: number): Batch {
      offered.delete(partition)
      const batch = source?.take(partition)
      assert(batch, `nothing to take of partition ${partition}`)
      return batch
    },
    takeNothing: (partition: number) => assert.equal(source?.take(partition), undefined),
    store: (batch: Batch, offset: number) => source?.stored(batch, { offset, appendedAt }),
    refuse: (batch: Batch) => source?.refused(batch, new Error('too large')),
    unknown: (batch: Batch) => source?.unknown(batch),
    goAway: () => {
      away = seams.clock.monotonic()
    },
    comeBack: () => {
      away = undefined
    },
  }
}

const rejectsAs = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (error) => HeadwaterError.is(error) && error.code === code)

describe('the appender of the Kafka log', () => {
  test('what comes while a batch is under way goes with the next one, in order', async () => {
    const b = bench()
    const first = b.appender.append([record('1')], [0])
    const batch = b.take(0)
    const second = b.appender.append([record('2'), record('x'), record('3')], [0, 1, 0])
    const third = b.appender.append([record('4')], [0])
    b.store(batch, 10)
    assert.deepEqual(await first, [{ stored: true, seq: toSeq(epoch, 10), appendedAt }])
    const next = b.take(0)
    assert.deepEqual(textOf(next), ['2', '3', '4'])
    b.store(b.take(1), 5)
    b.store(next, 11)
    assert.deepEqual(
      (await second).map((outcome) => outcome.stored === true && outcome.seq),
      [toSeq(epoch, 11), toSeq(epoch, 5), toSeq(epoch, 12)],
    )
    assert.deepEqual(await third, [{ stored: true, seq: toSeq(epoch, 13), appendedAt }])
  })

  test('what was not sent by the deadline is refused and never sent', async () => {
    const b = bench()
    const append = b.appender.append([record('1')], [0])
    const refused = rejectsAs(append, 'ingest_unavailable')
    b.seams.time.advance(1_200)
    await refused
    b.takeNothing(0)
  })

  test('what was sent and not answered by the deadline is unknown; what came behind it was not sent', async () => {
    const b = bench()
    const sent = b.appender.append([record('1'), record('2')], [0, 1])
    const batch = b.take(0)
    const behind = b.appender.append([record('3')], [0])
    const refused = rejectsAs(behind, 'ingest_unavailable')
    b.seams.time.advance(1_200)
    assert.deepEqual(await sent, [{ stored: 'unknown' }, { stored: 'unknown' }])
    await refused
    // Stored later all the same; nobody waits for it, and the rest was withdrawn.
    b.store(batch, 0)
    b.takeNothing(0)
    b.takeNothing(1)
    const later = b.appender.append([record('4')], [0])
    const next = b.take(0)
    assert.deepEqual(textOf(next), ['4'])
    b.store(next, 1)
    assert.deepEqual(await later, [{ stored: true, seq: toSeq(epoch, 1), appendedAt }])
  })

  test('all refused is an error, a part of it unknown', async () => {
    const b = bench()
    const all = rejectsAs(b.appender.append([record('1')], [0]), 'ingest_unavailable')
    b.refuse(b.take(0))
    await all
    const part = b.appender.append([record('1'), record('2')], [0, 1])
    b.refuse(b.take(0))
    b.store(b.take(1), 7)
    assert.deepEqual(await part, [{ stored: 'unknown' }, { stored: true, seq: toSeq(epoch, 7), appendedAt }])
  })

  test('more than may be held is refused as overloaded, and taken again when there is room', async () => {
    const b = bench({ maxHeldRecords: 3 })
    const held = b.appender.append([record('1'), record('2')], [0, 0])
    await rejectsAs(b.appender.append([record('3'), record('4')], [0, 0]), 'overloaded')
    const third = b.appender.append([record('3')], [0])
    b.store(b.take(0), 0)
    await Promise.all([held, third])
    const many = b.appender.append([record('1'), record('2'), record('3'), record('4')], [0, 0, 0, 0])
    b.store(b.take(0), 3)
    assert.equal((await many).length, 4, 'one alone is taken, however large')
  })

  test('bytes are bounded as well, and given back also for what was given up', async () => {
    const b = bench({ maxHeldBytes: 1_000 })
    const given = rejectsAs(b.appender.append([record('x'.repeat(800))], [0]), 'ingest_unavailable')
    await rejectsAs(b.appender.append([record('y'.repeat(300))], [1]), 'overloaded')
    b.seams.time.advance(1_200)
    await given
    const later = b.appender.append([record('y'.repeat(300))], [1])
    b.store(b.take(1), 0)
    assert.equal((await later)[0]?.stored, true)
  })

  test('while a leader is away for long its appends are refused at once', async () => {
    const b = bench()
    b.goAway()
    b.seams.time.advance(500)
    const early = b.appender.append([record('1')], [0])
    b.seams.time.advance(600)
    const refused = rejectsAs(early, 'ingest_unavailable')
    b.seams.time.advance(1_500)
    await refused
    await rejectsAs(b.appender.append([record('2')], [0]), 'ingest_unavailable')
    b.takeNothing(0)
    b.comeBack()
    const append = b.appender.append([record('3')], [0])
    b.store(b.take(0), 0)
    assert.equal((await append)[0]?.stored, true)
  })

  test('closing waits for what is under way and refuses the rest', async () => {
    const b = bench()
    const sent = b.appender.append([record('1')], [0])
    const batch = b.take(0)
    const waiting = rejectsAs(b.appender.append([record('2')], [0]), 'ingest_unavailable')
    const closed = b.appender[Symbol.asyncDispose]()
    await waiting
    await rejectsAs(b.appender.append([record('3')], [0]), 'ingest_unavailable')
    b.store(batch, 0)
    assert.equal((await sent)[0]?.stored, true)
    await closed
  })

  test('any mixture: each partition keeps the order, each value ends once', async () => {
    const calls = fc.array(fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(calls, fc.infiniteStream(fc.nat(5)), async (all, chance) => {
        const b = bench()
        const log: string[][] = [[], [], []]
        const under = new Map<number, Batch>()
        const step = () => {
          const { value } = chance.next()
          const partition = (value as number) % 3
          const batch = under.get(partition)
          if (batch) {
            under.delete(partition)
            const lane = log[partition] as string[]
            if (value > 0) lane.push(...textOf(batch))
            if (value > 0) b.store(batch, lane.length - batch.records.length)
            else b.refuse(batch)
          } else if (b.offered.has(partition)) under.set(partition, b.take(partition))
        }
        const appends = all.map((partitions, call) => {
          const append = b.appender.append(
            partitions.map((_, i) => record(`${call}.${i}`)),
            partitions,
          )
          step()
          return append.catch((error) => assert(HeadwaterError.is(error)))
        })
        for (let turn = 0; turn < 5_000 && (under.size > 0 || b.offered.size > 0); turn++) step()
        const outcomes = await Promise.all(appends)
        for (const lane of log) assert.deepEqual(lane, lane.toSorted(byCall), 'the order in which they came')
        for (const [call, outcome] of outcomes.entries()) {
          for (const [i, each] of (outcome ?? []).entries()) {
            if (each.stored !== true) continue
            assert.equal(log[all[call]?.[i] ?? -1]?.[each.seq - toSeq(epoch, 0)], `${call}.${i}`)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

function byCall(a: string, b: string): number {
  const [callA = 0, indexA = 0] = a.split('.').map(Number)
  const [callB = 0, indexB = 0] = b.split('.').map(Number)
  return callA - callB || indexA - indexB
}
