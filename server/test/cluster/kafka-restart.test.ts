// The log while its only broker is killed and comes back, on a broker of the test's own.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { controlServices, type ServiceControl } from '../../../scripts/services/control.ts'
import { type ServiceSet, writeJson } from '../../../scripts/services/set.ts'
import { removeSet, startServices } from '../../../scripts/services/start.ts'
import { LogFollower, partitionsOf, readAll } from '../../src/conformance/log-follower.ts'
import { sampleEvent } from '../../src/conformance/samples.ts'
import { openTestLog, testSettings } from '../../src/engines/kafka/testing/kafka-harness.ts'
import { whereServicesRun } from '../../src/engines/services-for-tests.ts'
import { HeadwaterError } from '../../src/lib/error.ts'
import { userOf } from '../../src/model/log-record.ts'
import type { EventLog } from '../../src/ports/event-log.ts'

interface Acknowledged {
  readonly user: string
  readonly n: number
  readonly seq: number
  readonly appendedAt: number
}

whereServicesRun('the log on Kafka while the broker restarts', ['kafka'], () => {
  let set: ServiceSet
  let broker: ServiceControl
  let brokers: readonly string[]

  before(async () => {
    const started = await startServices({
      only: ['kafka'],
      nodes: 1,
      cassandraHeap: '256m',
      mayInstall: false,
      log: () => {},
    })
    set = started.set
    const file = join(set.dir, 'services.json')
    writeJson(file, started.addresses)
    broker = controlServices(file)
    brokers = started.addresses.kafka!.brokers
  })
  after(() => removeSet(set))

  describe('SIGKILL in the middle of appends', { timeout: 110_000 }, () => {
    test('nothing acknowledged is lost, users keep their order, and all heals by itself', async () => {
      // So short that callers give up while the broker is away, and try again.
      const settings = { appendDeadlineMs: 1_500 }
      await using writer = await openTestLog(testSettings(brokers, 'restart'), settings)
      await using reader = await openTestLog(testSettings(brokers, 'restart'))
      const follower = await LogFollower.join(reader)
      const acknowledged: Acknowledged[] = []
      const answers = { stored: 0, unknown: 0, refused: 0 }
      let writing = true
      const writers = Array.from({ length: 24 }, (_, i) =>
        writeOn(writer, `user-${i}`, () => writing, acknowledged, answers),
      )
      let following = true
      const followed = followOn(follower, () => following)

      for (let kill = 0; kill < 2; kill++) {
        await until('records', () => acknowledged.length > (kill + 1) * 300)
        await broker.kill('kafka')
        const seen = answers.refused + answers.unknown
        await until('someone is told', () => answers.refused + answers.unknown > seen)
        await broker.start('kafka')
        const count = acknowledged.length
        await until('appends go on', () => acknowledged.length > count + 300)
      }
      writing = false
      await Promise.all(writers)

      const stored = (await Promise.all(partitionsOf(reader).map((partition) => readAll(reader, partition)))).flat()
      const bySeq = new Map(stored.map((record) => [`${userOf(record.value)} ${record.seq}`, record]))
      for (const { user, n, seq, appendedAt } of acknowledged) {
        const record = bySeq.get(`${user} ${seq}`)
        assert(record, `${user} ${n}, acknowledged at ${seq}, is gone`)
        assert.equal(record.appendedAt, appendedAt)
        assert.deepEqual(record.value, { kind: 'event', event: sampleEvent(user, n) })
      }
      // Who tries again after an unknown outcome may have it twice, and never behind what came later.
      const last = new Map<string, number>()
      for (const { value } of stored) {
        assert(value.kind === 'event')
        const n = numberOf(value.event.eventId, userOf(value))
        assert(n >= (last.get(userOf(value)) ?? 0), `${userOf(value)} ${n} came after ${last.get(userOf(value))}`)
        last.set(userOf(value), n)
      }
      assert(answers.unknown > 0, 'some outcomes were unknown')
      await until('the follower has all', () => follower.records.length >= stored.length)
      following = false
      await followed
      const given = new Set(follower.records.map(({ partition, offset }) => `${partition}:${offset}`))
      for (const { partition, offset } of stored) assert(given.has(`${partition}:${offset}`))
      await until('the lag is gone', async () => [...(await reader.lags()).values()].every((lag) => lag === 0))
    })
  })
})

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
  answers: { stored: number; unknown: number; refused: number },
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
    assert(performance.now() - started < 40_000, `waited in vain: ${what}`)
  }
}
