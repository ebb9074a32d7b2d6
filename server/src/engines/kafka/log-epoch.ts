import { HeadwaterError } from '../../lib/error.ts'
import type { Offset } from '../../model/ids.ts'
import { maxEpoch } from '../../model/position.ts'
import { appendOne } from './append-one.ts'
import type { KafkaClient, KafkaTopic } from './client.ts'

/**
 * The epochs that a log has had: a topic of one partition beside it, a record for each, kept for ever. The first record of
 * an epoch's number counts, so that of several servers which find the same change one decides.
 */
export interface EpochRecord {
  readonly epoch: number
  readonly topicId: string
  readonly partitions: number
}

export const epochTopic = (topic: string): string => `${topic}.epochs`
/** Commits of one epoch mean nothing in another. */
export const groupOf = (topic: string, epoch: number): string => `${topic}.e${epoch}`

export interface EpochSettings {
  readonly replication: number
  readonly minInSync: number
  /** The first epoch of a log that has none: above all that the views were made from. */
  readonly firstEpoch: number
}

/** The epoch of the topic as it is now; a new one when it is another topic, has other partitions, or lost records. */
export async function settleEpoch(
  client: KafkaClient,
  topic: string,
  found: KafkaTopic,
  settings: EpochSettings,
): Promise<number> {
  await openEpochs(client, topic, found, settings)
  for (let turn = 0; turn < 10; turn++) {
    const last = await lastEpoch(client, topic)
    const same = last?.topicId === found.id && last.partitions === found.partitions
    if (last && same && !(await lostRecords(client, topic, last))) return last.epoch
    await append(client, topic, {
      epoch: last ? last.epoch + 1 : settings.firstEpoch,
      topicId: found.id,
      partitions: found.partitions,
    })
  }
  throw refusal(`The epochs of the log in the topic ${epochTopic(topic)} change all the time`)
}

/** Begins an epoch over the same records: for views that were restored from a backup. No server may have the log open. */
export async function raiseEpoch(client: KafkaClient, topic: string): Promise<number> {
  const last = await lastEpoch(client, topic)
  if (!last) throw refusal(`The topic ${epochTopic(topic)} holds no epoch`)
  await append(client, topic, { ...last, epoch: last.epoch + 1 })
  return (await lastEpoch(client, topic))?.epoch ?? last.epoch + 1
}

async function openEpochs(
  client: KafkaClient,
  topic: string,
  found: KafkaTopic,
  settings: EpochSettings,
): Promise<void> {
  if (await client.topic(epochTopic(topic))) return
  const ends = await client.offsets(topic, 'end', partitionsOf(found.partitions))
  if ([...ends.values()].some((end) => end > 0) && settings.firstEpoch === 0) {
    throw refusal(
      `The topic ${topic} holds records, and the topic ${epochTopic(topic)} with its epochs is gone. Positions could go ` +
        'back: set the first epoch above all that this log has had, or delete the topic as well',
    )
  }
  await client.createTopic(epochTopic(topic), {
    partitions: 1,
    replication: settings.replication,
    settings: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'min.insync.replicas': String(settings.minInSync) },
  })
}

async function lastEpoch(client: KafkaClient, topic: string): Promise<EpochRecord | undefined> {
  const name = epochTopic(topic)
  const end = (await client.offsets(name, 'end', [0])).get(0) ?? 0
  let last: EpochRecord | undefined
  for (let from: Offset = 0; from < end; ) {
    const page = await client.read(name, 0, from, 1 << 20)
    for (const { value } of page.records) {
      const record = JSON.parse(Buffer.from(value ?? []).toString()) as EpochRecord
      if (!last || record.epoch === last.epoch + 1) last = record
    }
    if (page.next <= from) break
    from = page.next
  }
  return last
}

/** Something is committed that the log does not have: the brokers lost their disks, or a replica that was behind took over. */
async function lostRecords(client: KafkaClient, topic: string, { epoch, partitions }: EpochRecord): Promise<boolean> {
  const all = partitionsOf(partitions)
  const committed = await client.committed(groupOf(topic, epoch), topic, all)
  const ends = await client.offsets(topic, 'end', all)
  return [...committed].some(([partition, offset]) => offset > (ends.get(partition) ?? 0))
}

async function append(client: KafkaClient, topic: string, record: EpochRecord): Promise<void> {
  if (record.epoch > maxEpoch) throw refusal('The log has no epochs left')
  const value = Buffer.from(JSON.stringify(record))
  // Read afterwards, whatever the outcome is.
  await appendOne(client, epochTopic(topic), [{ key: 'epoch', value }])
}

const partitionsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

export const refusal = (detail: string, cause?: unknown): HeadwaterError =>
  new HeadwaterError('store_unavailable', { detail, cause })
