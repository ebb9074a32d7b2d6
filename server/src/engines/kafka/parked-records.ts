import { HeadwaterError, UnknownOutcome } from '../../lib/error.ts'
import type { Clock } from '../../lib/seams.ts'
import type { ParkedRecord, ParkedRecords, RecordPlace } from '../../ports/parked-records.ts'
import { appendOne } from './append-one.ts'
import type { KafkaClient, TopicShape } from './client.ts'
import type { Kafka } from './open.ts'

/** Parked records: a topic of one partition beside the log, made when the first one is parked. */
export const parkedTopic = (topic: string): string => `${topic}.parked`

/** Past it the oldest are dropped: a log full of what nobody can read must not fill the disks a second time. */
const keptBytes = 256 << 20
const pageBytes = 1 << 20
/** Of the longest record of the log, in JSON, where bytes take a third more. */
const entryBytes = 2 << 20
const nothing = new Uint8Array()

/** The value of a record about a parked one, as JSON; its key is the place. `null` = it is parked no longer. */
type Entry = (Omit<ParkedRecord, 'bytes' | 'appendedAt'> & Kept) | null

interface Kept {
  readonly bytes: string
  /** Left out in older entries. */
  readonly appendedAt?: number
}

export interface ParkedSettings {
  readonly replication: number
  readonly retentionMs: number
}

/** Parked records of the log in a topic. */
export class KafkaParkedRecords implements ParkedRecords {
  readonly #kafka: Kafka
  readonly #settings: ParkedSettings
  readonly #clock: Clock
  readonly #topic: string

  constructor(kafka: Kafka, settings: ParkedSettings, clock: Clock) {
    this.#kafka = kafka
    this.#settings = settings
    this.#clock = clock
    this.#topic = parkedTopic(kafka.topic)
  }

  async park({ partition, offset }: Pick<RecordPlace, 'partition' | 'offset'>, reason: string): Promise<void> {
    const { client, topic, epoch } = this.#kafka
    await this.#asked(async () => {
      const { records } = await client.read(topic, partition, offset, 1)
      const found = records.find((record) => record.offset === offset)
      // The log keeps it no longer: there is nothing to set aside.
      if (!found) return
      const { key, value, appendedAt } = found
      const bytes = Buffer.from(value ?? nothing).toString('base64')
      const parkedAt = this.#clock.now()
      const entry: Entry = { epoch, partition, offset, user: key, appendedAt, reason, parkedAt, bytes }
      await client.createTopic(this.#topic, this.#shape())
      await this.#append([[{ epoch, partition, offset }, entry]])
    })
  }

  async list(): Promise<readonly ParkedRecord[]> {
    const { client } = this.#kafka
    return await this.#asked(async () => {
      const parked = new Map<string, ParkedRecord>()
      if (!(await client.topic(this.#topic))) return []
      for await (const { key, value } of recordsOf(client, this.#topic)) {
        const entry = JSON.parse(Buffer.from(value ?? nothing).toString()) as Entry
        if (entry === null) parked.delete(key)
        else if (!parked.has(key)) {
          const { appendedAt = entry.parkedAt } = entry
          parked.set(key, { ...entry, appendedAt, bytes: Buffer.from(entry.bytes, 'base64') })
        }
      }
      return [...parked.values()]
    })
  }

  async remove(places: readonly RecordPlace[]): Promise<void> {
    if (places.length === 0) return
    await this.#asked(async () => {
      if (!(await this.#kafka.client.topic(this.#topic))) return
      await this.#append(places.map((place) => [place, null]))
    })
  }

  async #append(entries: readonly (readonly [RecordPlace, Entry])[]): Promise<void> {
    const records = entries.map(([place, entry]) => ({ key: keyOf(place), value: Buffer.from(JSON.stringify(entry)) }))
    const outcome = await appendOne(this.#kafka.client, this.#topic, records)
    if (outcome === 'unknown') throw new UnknownOutcome('it is not known whether a record was parked')
  }

  #shape(): TopicShape {
    const { replication, retentionMs } = this.#settings
    return {
      partitions: 1,
      replication,
      settings: {
        'cleanup.policy': 'delete',
        'retention.ms': String(retentionMs),
        'retention.bytes': String(keptBytes),
        'max.message.bytes': String(entryBytes),
        'min.insync.replicas': String(Math.max(1, replication - 1)),
      },
    }
  }

  async #asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask()
    } catch (error) {
      if (HeadwaterError.is(error) || UnknownOutcome.is(error)) throw error
      throw new HeadwaterError('store_unavailable', { retryAfterS: 1, cause: error })
    }
  }
}

const keyOf = ({ epoch, partition, offset }: RecordPlace): string => `${epoch}:${partition}:${offset}`

async function* recordsOf(client: KafkaClient, topic: string) {
  const end = (await client.offsets(topic, 'end', [0])).get(0) ?? 0
  let from = (await client.offsets(topic, 'start', [0])).get(0) ?? 0
  while (from < end) {
    const page = await client.read(topic, 0, from, pageBytes)
    yield* page.records
    if (page.next <= from) return
    from = page.next
  }
}
