import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { LogFollower, partitionsOf, usersOf } from '../../conformance/log-follower.ts'
import { sampleValue } from '../../conformance/samples.ts'
import { HeadwaterError } from '../../lib/error.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import type { UserId } from '../../model/ids.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import { epochTopic, raiseEpoch } from './log-epoch.ts'
import { connectKafka, openKafka } from './open.ts'
import { dropTopics, openTestLog, testSettings } from './testing/kafka-harness.ts'

const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')
let topics = 0

/** What the operator is told. */
const refused = (promise: Promise<unknown>, detail: RegExp) =>
  assert.rejects(promise, (error) => {
    assert(HeadwaterError.is(error), String(error))
    assert.match(error.detail, detail)
    return true
  })

test('where no broker listens, opening fails and says where', async () => {
  await refused(openKafka({ brokers: ['127.0.0.1:1'], topic: 'none' }, systemSeams), /127\.0\.0\.1:1/)
})

whereServicesRun('opening the log on Kafka', ['kafka'], ({ kafka: { brokers } }) => {
  function newTopic() {
    const topic = `hw_open_${runId}_${++topics}`
    return {
      topic,
      settings: testSettings(brokers, topic),
      [Symbol.asyncDispose]: () => dropTopics(brokers, [topic, epochTopic(topic)]),
    }
  }

  describe('opening the log on Kafka', () => {
    test('several servers that start at once make one log of one epoch', async () => {
      await using made = newTopic()
      const logs = await Promise.all(Array.from({ length: 4 }, () => openTestLog(made.settings)))
      for (const log of logs) assert.deepEqual(log.info, logs[0]?.info)
      assert.equal(logs[0]?.info.epoch, 0)
      for (const log of logs) await log[Symbol.asyncDispose]()
    })

    test('other partitions than the topic has are refused', async () => {
      await using made = newTopic()
      await (await openTestLog(made.settings))[Symbol.asyncDispose]()
      await refused(openKafka({ ...made.settings, partitions: 5 }, systemSeams), /has 4 partitions .* asks for 5/)
    })

    test('a topic made anew with other partitions has a higher epoch', async () => {
      await using made = newTopic()
      await (await openTestLog(made.settings))[Symbol.asyncDispose]()
      await dropTopics(brokers, [made.topic])
      await using log = await openTestLog({ ...made.settings, partitions: 3 })
      assert.deepEqual([log.info.epoch, log.info.partitions], [1, 3])
    })

    test('a topic that would date records by the clocks of its writers is refused', async () => {
      await using made = newTopic()
      await using client = await connectKafka({ brokers }, systemSeams)
      await client.createTopic(made.topic, { partitions: 4, replication: 1, settings: {} })
      await refused(openKafka(made.settings, systemSeams), /message\.timestamp\.type=CreateTime/)
    })

    test('a single copy is told as a warning', async () => {
      await using made = newTopic()
      await using kafka = await openKafka(made.settings, systemSeams)
      assert.match(kafka.warnings.join(), /1 replicas .* the loss of one broker loses events/)
    })

    test('records without their epochs are refused, and taken with a first epoch', async () => {
      await using made = newTopic()
      const log = await openTestLog(made.settings)
      await fillAll(log)
      await log[Symbol.asyncDispose]()
      await dropTopics(brokers, [epochTopic(made.topic)])
      await refused(openKafka(made.settings, systemSeams), /Positions could go back/)
      await using later = await openTestLog({ ...made.settings, firstEpoch: 7 })
      assert.equal(later.info.epoch, 7)
    })

    test('an epoch begun by hand has another name, and its workers begin at the start', async () => {
      await using made = newTopic()
      const log = await openTestLog(made.settings)
      await fillAll(log)
      const before = await LogFollower.join(log)
      await untilAll(before, 4)
      await before.commit()
      await log[Symbol.asyncDispose]()
      await using client = await connectKafka({ brokers }, systemSeams)
      assert.equal(await raiseEpoch(client, made.topic), 1)
      await using later = await openTestLog(made.settings)
      assert.equal(later.info.epoch, 1)
      assert.notEqual(later.info.epochName, log.info.epochName)
      const after = await LogFollower.join(later)
      await untilAll(after, 4)
      assert.deepEqual(
        after.records.map(({ value }) => value).toSorted(byText),
        before.records.map(({ value }) => value).toSorted(byText),
      )
    })

    test('a log that ends before what was committed lost records, and begins an epoch', async () => {
      await using made = newTopic()
      const log = await openTestLog(made.settings)
      const worker = await LogFollower.join(log)
      await untilAll(worker, 0)
      await worker.consumer.commit(new Map([[1, 1_000]]))
      await log[Symbol.asyncDispose]()
      await using later = await openTestLog(made.settings)
      assert.equal(later.info.epoch, 1)
    })

    test('requests do not grow with the partitions: opening, sharing, writing to all, reading all, bounds', async () => {
      await using made = newTopic()
      const partitions = 200
      let requests = 0
      const count = () => void requests++
      subscribe('tracing:plt:kafka:connections:api:start', count)
      try {
        await using log = await openTestLog({ ...made.settings, partitions }, { heartbeatMs: 1_000 })
        const worker = await LogFollower.join(log)
        const users = partitionsOf(log).map((partition) => usersOf(log, partition, () => `u-${topics++}`)[0] as UserId)
        await log.append(users.map((user) => sampleValue(user, 1)))
        while (worker.records.length < partitions || worker.owned.size < partitions) await worker.poll(1_000, 200)
        await worker.commit()
        const bounds = await Promise.all(partitionsOf(log).map((partition) => log.bounds(partition)))
        assert.deepEqual(new Set(bounds.map(({ end, committed }) => end - committed)), new Set([0]))
        const all = [...(await log.allBounds()).values()]
        assert.deepEqual(all, Array(partitions).fill({ start: 0, end: 1, committed: 1 }))
      } finally {
        unsubscribe('tracing:plt:kafka:connections:api:start', count)
      }
      assert(requests > 10 && requests < partitions, `${requests} requests`)
    })
  })
})

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

/** One record in each partition. */
async function fillAll(log: EventLog): Promise<void> {
  let user = 0
  for (const partition of partitionsOf(log)) {
    const [mine] = usersOf(log, partition, () => `user-${user++}`) as [UserId]
    await log.append([sampleValue(mine, 0)])
  }
}

async function untilAll(worker: LogFollower, records: number): Promise<void> {
  const started = systemSeams.clock.monotonic()
  while (worker.owned.size < 4 || worker.records.length < records) {
    await worker.poll(100, 200)
    assert(
      systemSeams.clock.monotonic() - started < 60_000,
      `${worker.owned.size} owned, ${worker.records.length} records`,
    )
  }
}
