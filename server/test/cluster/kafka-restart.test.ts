// The log while brokers are killed, stand still and come back, on brokers of the test's own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LogFollower, partitionsOf, readAll } from '../../src/conformance/log-follower.ts'
import { sampleEvent } from '../../src/conformance/samples.ts'
import { openTestLog, testSettings } from '../../src/engines/kafka/testing/kafka-harness.ts'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { HeadwaterError } from '../../src/lib/error.ts'
import { type LogRecord, userOf } from '../../src/model/log-record.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { type OwnServices, startOwnServices } from './nodes/own-services.ts'

interface Acknowledged {
  readonly user: string
  readonly n: number
  readonly seq: number
  readonly appendedAt: number
}

interface Answers {
  stored: number
  unknown: number
  refused: number
}

whereServicesRun('the log on Kafka while brokers go and come', ['kafka'], () => {
  test('the only broker is killed in the middle of appends', { timeout: 110_000 }, async () => {
    await using brokers = await startBrokers(1)
    await checkThrough(brokers, 1, async ({ answers, acknowledged }) => {
      for (let kill = 0; kill < 2; kill++) {
        await until('records', () => acknowledged.length > (kill + 1) * 300)
        await brokers.control.kill('kafka')
        const seen = answers.refused + answers.unknown
        await until('someone is told', () => answers.refused + answers.unknown > seen)
        await brokers.control.start('kafka')
        const count = acknowledged.length
        await until('appends go on', () => acknowledged.length > count + 300)
      }
      assert(answers.unknown > 0, 'some outcomes were unknown')
    })
  })

  test('the only broker stands still: callers are told at once after a while, and all heals', {
    timeout: 110_000,
  }, async () => {
    await using brokers = await startBrokers(1)
    await checkThrough(brokers, 1, async ({ answers, acknowledged }) => {
      await until('records', () => acknowledged.length > 300)
      await brokers.control.kill('kafka', 'SIGSTOP')
      // More than one deadline and one timeout of the connection.
      await until('many are refused', () => answers.refused > 1_000)
      const count = acknowledged.length
      await brokers.control.kill('kafka', 'SIGCONT')
      await until('appends go on', () => acknowledged.length > count + 300)
    })
  })

  if (process.env.HEADWATER_LONG === '1') {
    test('of three brokers each is killed, and each stands still, in the middle of appends', {
      timeout: 400_000,
    }, async () => {
      await using brokers = await startBrokers(3)
      await checkThrough(brokers, 3, async ({ acknowledged }) => {
        const goOn = async () => {
          const count = acknowledged.length
          await until('appends go on', () => acknowledged.length > count + 2_000)
        }
        for (const name of brokers.control.names) {
          await goOn()
          await brokers.control.kill(name)
          await goOn()
          await brokers.control.start(name)
          await goOn()
          await brokers.control.kill(name, 'SIGSTOP')
          await goOn()
          await brokers.control.kill(name, 'SIGCONT')
        }
        await goOn()
      })
    })
  }
})

const startBrokers = (nodes: 1 | 3) => startOwnServices(nodes, ['kafka'])

interface Progress {
  readonly acknowledged: readonly Acknowledged[]
  readonly answers: Answers
}

/** Writes and reads all through `trouble`: nothing acknowledged is lost, users keep their order, the reader gets all. */
async function checkThrough(
  { addresses }: OwnServices,
  replication: number,
  trouble: (progress: Progress) => Promise<void>,
): Promise<void> {
  const settings = { ...testSettings(addresses.kafka?.brokers ?? [], 'through'), replication }
  // So short that callers give up while a broker is away, and try again.
  await using writer = await openTestLog(settings, { appendDeadlineMs: 1_500 })
  await using reader = await openTestLog(settings)
  const follower = await LogFollower.join(reader)
  const acknowledged: Acknowledged[] = []
  const answers: Answers = { stored: 0, unknown: 0, refused: 0 }
  let writing = true
  const writers = Array.from({ length: 24 }, (_, i) =>
    writeOn(writer, `user-${i}`, () => writing, acknowledged, answers),
  )
  let following = true
  const followed = followOn(follower, () => following)
  const everything = Promise.all([...writers, followed])
  await Promise.race([trouble({ acknowledged, answers }), everything])
  writing = false
  await Promise.all(writers)

  const stored = (await Promise.all(partitionsOf(reader).map((partition) => readAll(reader, partition)))).flat()
  assertKept(acknowledged, stored)
  assertOrder(stored)
  const given = () => new Set(follower.records.map(({ partition, offset }) => `${partition}:${offset}`))
  await until('the follower has all', () => given().size === stored.length)
  following = false
  await followed
  await until('the lag is gone', async () => [...(await reader.lags()).values()].every((lag) => lag === 0))
}

function assertKept(acknowledged: readonly Acknowledged[], stored: readonly LogRecord[]): void {
  const bySeq = new Map(stored.map((record) => [`${userOf(record.value)} ${record.seq}`, record]))
  for (const { user, n, seq, appendedAt } of acknowledged) {
    const record = bySeq.get(`${user} ${seq}`)
    assert(record, `${user} ${n}, acknowledged at ${seq}, is gone`)
    assert.equal(record.appendedAt, appendedAt)
    assert.deepEqual(record.value, { kind: 'event', event: sampleEvent(user, n) })
  }
}

/** Who tries again after an unknown outcome may have it twice, and never behind what came later. */
function assertOrder(stored: readonly LogRecord[]): void {
  const last = new Map<string, number>()
  for (const { value } of stored) {
    assert(value.kind === 'event')
    const n = numberOf(value.event.eventId, userOf(value))
    const before = last.get(userOf(value)) ?? 0
    assert(n >= before, `${userOf(value)} ${n} came after ${before}`)
    last.set(userOf(value), n)
  }
}

const numbers = new Map<string, number>()
function numberOf(eventId: string, user: string): number {
  const n = numbers.get(`${user} ${eventId}`)
  assert(n !== undefined, 'an event that nobody sent')
  return n
}

/** One after the other, each until it is known to be stored. */
async function writeOn(
  log: EventLog,
  user: string,
  goOn: () => boolean,
  acknowledged: Acknowledged[],
  answers: Answers,
): Promise<void> {
  for (let n = 0; goOn(); n++) {
    const event = sampleEvent(user, n)
    numbers.set(`${user} ${event.eventId}`, n)
    for (let known = false; !known; ) {
      try {
        const [outcome] = await log.append([{ kind: 'event', event }])
        known = outcome?.stored === true
        if (outcome?.stored === true) {
          answers.stored++
          acknowledged.push({ user, n, seq: outcome.seq, appendedAt: outcome.appendedAt })
        } else answers.unknown++
      } catch (error) {
        assert(HeadwaterError.is(error) && error.code === 'ingest_unavailable', String(error))
        answers.refused++
        await sleep(20)
      }
    }
  }
}

/** A commit may fail while the broker is away; the next one says the same and more. */
async function followOn(follower: LogFollower, goOn: () => boolean): Promise<void> {
  while (goOn()) {
    await follower.poll(500, 200)
    for (const partition of follower.revoked) await follower.consumer.release(partition)
    follower.revoked.clear()
    await follower.commit().catch((error) => assert(HeadwaterError.is(error), String(error)))
  }
  await follower.commit()
}

async function until(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
  for (const started = performance.now(); !(await ask()); await sleep(25)) {
    assert(performance.now() - started < 60_000, `waited in vain: ${what}`)
  }
}
