import type { Offset, Partition } from '../../model/ids.ts'

/**
 * What the log needs of a Kafka client. Everything that knows the wire or the driver lies behind it, so that another
 * client can take its place.
 */
export interface KafkaClient extends AsyncDisposable {
  /** What the brokers are too old for, in words for the operator; nothing when all is well. */
  lacking(): Promise<string | undefined>
  topic(name: string): Promise<KafkaTopic | undefined>
  /** Also fine when there is one of that name already. */
  createTopic(name: string, shape: TopicShape): Promise<void>
  /** Also fine when there are none. */
  deleteTopics(names: readonly string[]): Promise<void>
  topicSettings(name: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>>

  /** One request per broker, however many partitions. A time gives the first record that was appended then or later. */
  offsets(
    topic: string,
    at: 'start' | 'end' | number,
    partitions: readonly Partition[],
  ): Promise<Map<Partition, Offset>>
  /** Nothing for a partition of which nothing was committed. */
  committed(group: string, topic: string, partitions: readonly Partition[]): Promise<Map<Partition, Offset>>
  deleteRecords(topic: string, below: ReadonlyMap<Partition, Offset>): Promise<void>
  /** What lies at `from` and behind it, as far as `maxBytes` reach and one record at least. */
  read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Fetched>

  /** These three are for the topic as it was when it was last asked for; not for another one of its name later. */
  producer(topic: string, source: BatchSource): KafkaProducer
  fetcher(topic: string, sink: FetchSink): KafkaFetcher
  member(group: string, topic: string, settings: MemberSettings, changed: () => void): KafkaMember
}

export interface KafkaTopic {
  /** Another topic of the same name has another one. */
  readonly id: string
  readonly partitions: number
  /** Copies of the partition that has the fewest. */
  readonly replication: number
}

export interface TopicShape {
  readonly partitions: number
  readonly replication: number
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Sends batches so that none is there twice and those of one partition keep their order: one of a partition is under way
 * at a time, and it is tried again, the same one, until its outcome is known.
 */
export interface KafkaProducer extends AsyncDisposable {
  /** There is something to take for this partition. Its batch is taken as soon as it can be sent. */
  offer(partition: Partition): void
  /** Since when the leader of the partition cannot be reached, monotonic milliseconds; asking has it tried again. */
  unreachableSince(partition: Partition): number | undefined
}

export interface BatchSource {
  /** The next batch of a partition; it is written to the leader at once. */
  take(partition: Partition): Batch | undefined
  stored(batch: Batch, at: { readonly offset: Offset; readonly appendedAt: number }): void
  /** It is in the log, or it is not, and this is the last that is heard of it. */
  unknown(batch: Batch): void
  /** Certainly not in the log. */
  refused(batch: Batch, error: Error): void
}

export interface Batch {
  readonly partition: Partition
  readonly records: readonly NewRecord[]
}

export interface NewRecord {
  readonly key: string
  readonly value: Uint8Array
}

export interface Fetched {
  readonly records: readonly FetchedRecord[]
  /** Read on from here. */
  readonly next: Offset
  /** The oldest offset that is kept, where it is above what was asked for. */
  readonly start?: Offset
}

export interface FetchedRecord {
  readonly offset: Offset
  readonly appendedAt: number
  readonly key: string
  readonly value: Uint8Array | null
}

/** Reads on and on from the positions it was given, one request per broker at a time. */
export interface KafkaFetcher extends AsyncDisposable {
  start(positions: ReadonlyMap<Partition, Offset>): void
  stop(partitions: readonly Partition[]): void
  /** The sink has room again. */
  resume(): void
}

export interface FetchSink {
  /** How many bytes may come; none when zero. */
  room(): number
  /** Called only for a partition that is being read. */
  take(partition: Partition, records: readonly FetchedRecord[]): void
  /** So many records were dropped before they could be read. */
  dropped(records: number): void
  /** Records that were there are not there any more: the log ends before the position, or it is another topic now. */
  lost(): void
}

export interface MemberSettings {
  /** Who does not let go of a partition for longer is put out of the group. */
  readonly rebalanceTimeoutMs: number
  /** Heartbeats at least this often. */
  readonly heartbeatMs: number
}

/** A member of a group: the broker deals the partitions, and a partition goes to another one when it was released. */
export interface KafkaMember extends AsyncDisposable {
  /** What the group wants this member to have. */
  readonly target: ReadonlySet<Partition>
  /** Grows when the membership was lost, and with it everything that it had. */
  readonly term: number
  /** When the group was last heard of, monotonic milliseconds. */
  readonly heardAt: number
  /** Asks the group now. False when it has not answered within a second, nor has the connection failed. */
  beat(): Promise<boolean>
  /** From now on the member has these. */
  hold(partitions: readonly Partition[]): void
  release(partitions: readonly Partition[]): void
  /** False when the member may not commit any more. */
  commit(offsets: ReadonlyMap<Partition, Offset>): Promise<boolean>
  /** Out of the group; it comes back with `rejoin`. */
  leave(): Promise<void>
  rejoin(): void
}
