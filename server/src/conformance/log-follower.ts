import assert from 'node:assert/strict'
import type { Offset, Partition } from '../model/ids.ts'
import type { LogRecord } from '../model/log-record.ts'
import type { EventLog, LogConsumer, LogPoll } from '../ports/event-log.ts'

/** A worker as the log sees it: takes in polls in the order loss, gain, records, and checks that each fits the last. */
export class LogFollower {
  readonly consumer: LogConsumer
  /** What this worker believes it owns, with the offset it expects next or above. */
  readonly owned = new Map<Partition, Offset>()
  readonly records: LogRecord[] = []
  /** Told to let go, and not let go yet. */
  readonly revoked = new Set<Partition>()
  /** Records that it was told are gone. */
  dropped = 0

  constructor(consumer: LogConsumer) {
    this.consumer = consumer
  }

  static async join(log: EventLog): Promise<LogFollower> {
    return new LogFollower(await log.join())
  }

  async poll(maxRecords = 100, maxWaitMs = 0): Promise<LogPoll> {
    const poll = await this.consumer.poll(maxRecords, maxWaitMs)
    this.dropped += poll.dropped ?? 0
    for (const partition of poll.revoked) {
      assert(this.owned.delete(partition), `partition ${partition} was revoked and not owned`)
      this.revoked.add(partition)
    }
    for (const { partition, from } of poll.assigned) {
      assert(!this.owned.has(partition), `partition ${partition} was assigned twice`)
      this.owned.set(partition, from)
      this.revoked.delete(partition)
    }
    assert(poll.records.length <= maxRecords)
    for (const record of poll.records) {
      const next = this.owned.get(record.partition)
      assert(next !== undefined, `a record of partition ${record.partition}, which is not owned`)
      assert(record.offset >= next, `offset ${record.offset} came after ${next - 1}`)
      this.owned.set(record.partition, record.offset + 1)
      this.records.push(record)
    }
    return poll
  }

  /** Polls and lets go of everything that was revoked. */
  async turn(): Promise<void> {
    await this.poll()
    for (const partition of this.revoked) await this.consumer.release(partition)
    this.revoked.clear()
  }

  /** Commits everything that was given. */
  async commit(): Promise<void> {
    await this.consumer.commit(new Map(this.owned))
  }
}

/** Two workers join and one asks; then a third joins. How many partitions each has when all have asked three times. */
export async function sharesOfThree(log: EventLog): Promise<number[]> {
  const workers = [await LogFollower.join(log), await LogFollower.join(log)]
  await workers[0]?.turn()
  workers.push(await LogFollower.join(log))
  for (let turn = 0; turn < 3; turn++) for (const worker of workers) await worker.turn()
  return workers.map(({ owned }) => owned.size)
}

/** Everything a partition keeps, read in pages of `limit`. */
export async function readAll(log: EventLog, partition: Partition, limit = 100, from?: Offset): Promise<LogRecord[]> {
  const { start, end } = await log.bounds(partition)
  const records: LogRecord[] = []
  for (let next = from ?? start; next < end; ) {
    const page = await log.read(partition, next, limit)
    assert(page.records.length <= limit)
    assert(page.next > next, `reading on from ${next} came to ${page.next}, and the end is ${end}`)
    records.push(...page.records)
    next = page.next
  }
  return records
}

/** `count` users of one partition. */
export function usersOf(log: EventLog, partition: Partition, user: () => string, count = 1): string[] {
  const users: string[] = []
  while (users.length < count) {
    const candidate = user()
    if (log.partitionOf(candidate) === partition) users.push(candidate)
  }
  return users
}

export const partitionsOf = (log: EventLog): Partition[] => Array.from({ length: log.info.partitions }, (_, i) => i)
