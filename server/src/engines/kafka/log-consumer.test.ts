import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LogFollower, partitionsOf, usersOf } from '../../conformance/log-follower.ts'
import { sampleValue } from '../../conformance/samples.ts'
import { systemSeams } from '../../lib/system-seams.ts'
import type { UserId } from '../../model/ids.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { whereServicesRun } from '../services-for-tests.ts'
import type { KafkaEventLog } from './event-log.ts'
import { epochTopic } from './log-epoch.ts'
import { dropTopics, openTestLog, testSettings } from './testing/kafka-harness.ts'

const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')
let topics = 0

whereServicesRun('a worker on Kafka', ['kafka'], ({ kafka: { brokers } }) => {
  const newTopic = () => `hw_worker_${runId}_${++topics}`

  describe('a worker on Kafka', () => {
    test('a process that stood still is put out: it hears of that before it is given what it had fetched', async () => {
      await using setting = await openSetting(brokers, newTopic())
      const { log } = setting
      await fill(log, 40)
      const follower = await LogFollower.join(log)
      await until('all partitions, one record', async () => {
        await follower.poll(1)
        return follower.owned.size === 4 && follower.records.length === 1
      })
      await follower.commit()
      // Longer than the session of the group: nothing of this process runs, heartbeats neither.
      standStill(7_500)
      const before = follower.records.length
      await until('it hears of its loss', async () => {
        const { revoked, assigned, records } = await follower.poll(1_000)
        const again = new Set(assigned.map(({ partition }) => partition))
        for (const { partition } of records) assert(again.has(partition), 'nothing of what was lost')
        if (revoked.length > 0) assert.deepEqual(revoked.toSorted(), [0, 1, 2, 3])
        else assert.equal(follower.records.length, before)
        return revoked.length > 0
      })
      await until('it is a member again, and goes on where it committed', async () => {
        await follower.poll(1_000)
        return follower.owned.size === 4 && follower.records.length === 160
      })
      const given = follower.records.map(({ partition, offset }) => `${partition}:${offset}`)
      assert.equal(new Set(given).size, 160, 'the one that was committed is not given again')
      await follower.commit()
      assert.deepEqual([...(await log.lags()).values()], [0, 0, 0, 0])
    })

    test('a worker that leaves hands over at what it has committed', async () => {
      const topic = newTopic()
      await using setting = await openSetting(brokers, topic)
      await using second = await openTestLog(testSettings(brokers, topic))
      const { log } = setting
      await fill(log, 10)
      const [one, two] = [await LogFollower.join(log), await LogFollower.join(second)]
      await until('each has its share', async () => {
        await Promise.all([one.turn(), two.turn()])
        return one.owned.size === 2 && two.owned.size === 2
      })
      await until('all records', async () => {
        await Promise.all([one.turn(), two.turn()])
        await Promise.all([one.commit(), two.commit()])
        const given = new Set([...one.records, ...two.records].map(({ partition, seq }) => `${partition} ${seq}`))
        // A commit of a member that the group has just put out for its silence is none: it is given again, and committed again.
        return given.size === 40 && [...(await log.lags()).values()].every((lag) => lag === 0)
      })
      const before = two.records.length
      await one.consumer[Symbol.asyncDispose]()
      await fill(log, 1)
      await until('the other has all', async () => {
        await two.turn()
        return two.owned.size === 4 && two.records.length >= before + 4
      })
      assert.equal(two.records.length, before + 4, 'what was committed is not given again')
    })

    test('what is fetched and not asked for is bounded, and goes on as it is asked for', async () => {
      const topic = newTopic()
      await using setting = await openSetting(brokers, topic)
      await using small = await openTestLog(testSettings(brokers, topic), { bufferBytes: 4_096, bufferRecords: 50 })
      const { log } = setting
      for (let turn = 0; turn < 10; turn++) await fill(log, 60)
      const follower = await LogFollower.join(small)
      await until('every record', async () => {
        await follower.poll(61)
        return follower.records.length === 2_400
      })
      const given = follower.records.map(({ partition, offset }) => `${partition}:${offset}`)
      assert.equal(new Set(given).size, 2_400)
    })

    test('records that were dropped before anyone read them are passed over', async () => {
      await using setting = await openSetting(brokers, newTopic())
      const { log } = setting
      await fill(log, 20)
      await setting.deleteBelow(15)
      const follower = await LogFollower.join(log)
      await until('the rest', async () => {
        await follower.turn()
        return follower.records.length === 20
      })
      assert(follower.records.every(({ offset }) => offset >= 15))
    })

    test('what was dropped behind the last commit is told as missing', async () => {
      const topic = newTopic()
      await using setting = await openSetting(brokers, topic)
      const { log } = setting
      await fill(log, 20)
      const one = await LogFollower.join(log)
      await until('all of it', async () => {
        await one.turn()
        return one.records.length === 80
      })
      await one.commit()
      await one.consumer[Symbol.asyncDispose]()
      await fill(log, 20)
      await setting.deleteBelow(35)
      const next = await LogFollower.join(log)
      await until('the rest', async () => {
        await next.turn()
        return next.records.length === 20
      })
      assert.equal(next.dropped, 60)
    })

    test('a topic that was made anew while it is open is an error and not silence', async () => {
      const topic = newTopic()
      await using setting = await openSetting(brokers, topic)
      const { log } = setting
      await fill(log, 1)
      const follower = await LogFollower.join(log)
      await until('all partitions', async () => {
        await follower.poll()
        return follower.owned.size === 4
      })
      await dropTopics(brokers, [topic])
      await using anew = await openTestLog(testSettings(brokers, topic))
      assert.equal(anew.info.epoch, log.info.epoch + 1)
      await assert.rejects(
        until('the end', async () => {
          await follower.poll(10, 500)
          return false
        }),
        /a restart begins a new epoch/,
      )
    })
  })
})

interface Setting extends AsyncDisposable {
  readonly log: KafkaEventLog
  deleteBelow(offset: number): Promise<void>
}

async function openSetting(brokers: readonly string[], topic: string): Promise<Setting> {
  const log = await openTestLog(testSettings(brokers, topic))
  return {
    log,
    async deleteBelow(offset) {
      await log.client.deleteRecords(topic, new Map(partitionsOf(log).map((partition) => [partition, offset])))
    },
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]()
      await dropTopics(brokers, [topic, epochTopic(topic)])
    },
  }
}

/** `count` records in each partition. */
async function fill(log: EventLog, count: number): Promise<void> {
  let user = 0
  for (const partition of partitionsOf(log)) {
    const [mine] = usersOf(log, partition, () => `user-${user++}`) as [UserId]
    await log.append(Array.from({ length: count }, (_, n) => sampleValue(mine, n)))
  }
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const started = systemSeams.clock.monotonic()
  while (!(await ask())) {
    assert(systemSeams.clock.monotonic() - started < 60_000, `waited in vain: ${what}`)
    await systemSeams.scheduler.sleep(20)
  }
}
