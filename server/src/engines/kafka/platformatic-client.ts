import type { Offset, Partition } from '../../model/ids.ts'
import type {
  BatchSource,
  Fetched,
  FetchSink,
  KafkaClient,
  KafkaFetcher,
  KafkaMember,
  KafkaProducer,
  KafkaTopic,
  MemberSettings,
  TopicShape,
} from './client.ts'
import type { Cluster, TopicView } from './cluster.ts'
import { isFailure, KafkaFailure, kafkaErrors } from './failure.ts'
import { type FetchApi, fetchApi } from './fetch-api.ts'
import { decompressor, Fetcher } from './fetcher.ts'
import { GroupMember } from './group-member.ts'
import { Producer } from './producer.ts'
import { decodeBatches } from './record-batch.ts'

const earliest = -2n
const latest = -1n
const adminMs = 10_000
/** A question is asked again for so long. */
const patienceMs = 8_000
const retryMs = 75
const topicResource = 2

/** The client on @platformatic/kafka: its connections, its encoding of requests and its tables of the protocol. */
export class PlatformaticClient implements KafkaClient {
  readonly #cluster: Cluster
  readonly #reads: ReturnType<Cluster['newPool']>
  readonly #fetch: FetchApi
  #closed = false

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#reads = cluster.newPool()
    this.#fetch = fetchApi(cluster.driver)
  }

  async lacking(): Promise<string | undefined> {
    const { apiVersionsV4, fetchV17, produceV11, consumerGroupHeartbeatV1 } = this.#cluster.driver
    const { apiKeys } = await this.#cluster.ask(apiVersionsV4.api, 'headwater', '1')
    const can = ({ key, version }: { key: number; version: number }) =>
      apiKeys.some((known) => known.apiKey === key && version >= known.minVersion && version <= known.maxVersion)
    const all = [fetchV17.api, produceV11.api, consumerGroupHeartbeatV1.api].every(can)
    return all
      ? undefined
      : 'The brokers are older than Kafka 4.0, or their groups of the consumer protocol are switched off'
  }

  async topic(name: string): Promise<KafkaTopic | undefined> {
    const view = await this.#cluster.refresh(name)
    return view && { id: view.id, partitions: view.leaders.length, replication: view.replication }
  }

  async createTopic(name: string, shape: TopicShape): Promise<void> {
    const topic = {
      name,
      numPartitions: shape.partitions,
      replicationFactor: shape.replication,
      assignments: [],
      configs: Object.entries(shape.settings).map(([key, value]) => ({ name: key, value })),
    }
    const { api } = this.#cluster.driver.createTopicsV7
    const { topics } = await this.#cluster.ask(api, [topic], adminMs, false)
    const answer = topics.find((each) => each.name === name)
    const code = answer?.errorCode ?? kafkaErrors.network
    if (code !== 0 && code !== kafkaErrors.topicExists) {
      throw new KafkaFailure(code, `making the topic ${name} (${answer?.errorMessage ?? 'no reason given'})`)
    }
    // It is not known to every broker at once, nor has it leaders.
    await this.#again(async () => {
      const view = await this.#cluster.refresh(name)
      if (view && view.leaders.length > 0 && view.leaders.every((node) => node >= 0)) return
      throw new KafkaFailure(kafkaErrors.leaderNotAvailable, `the topic ${name}`)
    })
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    const { api } = this.#cluster.driver.deleteTopicsV6
    const { responses } = await this.#cluster.ask(
      api,
      names.map((name) => ({ name })),
      adminMs,
    )
    const failed = responses.find(({ errorCode }) => errorCode !== 0 && errorCode !== kafkaErrors.unknownTopic)
    if (failed) throw new KafkaFailure(failed.errorCode, `deleting the topic ${failed.name}`)
  }

  async topicSettings(name: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { api } = this.#cluster.driver.describeConfigsV4
    const resource = { resourceType: topicResource, resourceName: name, configurationKeys: [...keys] }
    const { results } = await this.#cluster.ask(api, [resource as never], false, false)
    const configs = results.flatMap((result) => result.configs)
    return new Map(configs.map(({ name: key, value }) => [key, value ?? '']))
  }

  async offsets(
    topic: string,
    at: 'start' | 'end' | number,
    partitions: readonly Partition[],
  ): Promise<Map<Partition, Offset>> {
    const timestamp = at === 'start' ? earliest : at === 'end' ? latest : BigInt(Math.ceil(at))
    const found = new Map<Partition, Offset>()
    await this.#ofLeaders(topic, partitions, async (node, own) => {
      const asked = own.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp }))
      const { api } = this.#cluster.driver.listOffsetsV9
      const answer = await this.#cluster.request(node, api, [-1, 0, [{ name: topic, partitions: asked }]])
      return answer.topics.flatMap((each) =>
        each.partitions.map(({ partitionIndex, errorCode, offset }) => {
          if (errorCode === 0 && offset >= 0n) found.set(partitionIndex, Number(offset))
          return { partition: partitionIndex, code: errorCode }
        }),
      )
    })
    return found
  }

  async committed(group: string, topic: string, partitions: readonly Partition[]): Promise<Map<Partition, Offset>> {
    const { api } = this.#cluster.driver.offsetFetchV9
    const asked = {
      groupId: group,
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: topic, partitionIndexes: [...partitions] }],
    }
    const answer = await this.#again(async () => {
      const { groups } = await this.#cluster.requestCoordinator(group, api, [[asked], false])
      const code = groups[0]?.errorCode ?? kafkaErrors.network
      // A group that nobody joined yet has committed nothing.
      if (code === groupIdNotFound) return []
      if (code !== 0) {
        this.#cluster.forgetCoordinator(group)
        throw new KafkaFailure(code, `the commits of the group ${group}`)
      }
      return groups.flatMap(({ topics }) => topics).flatMap((each) => each.partitions)
    })
    const found = answer.filter(({ committedOffset }) => committedOffset >= 0n)
    return new Map(found.map(({ partitionIndex, committedOffset }) => [partitionIndex, Number(committedOffset)]))
  }

  async deleteRecords(topic: string, below: ReadonlyMap<Partition, Offset>): Promise<void> {
    await this.#ofLeaders(topic, [...below.keys()], async (node, own) => {
      const partitions = own.map((partitionIndex) => ({
        partitionIndex,
        offset: BigInt(below.get(partitionIndex) ?? 0),
      }))
      const { api } = this.#cluster.driver.deleteRecordsV2
      const answer = await this.#cluster.request(node, api, [[{ name: topic, partitions }], adminMs])
      return answer.topics.flatMap((each) =>
        each.partitions.map(({ partitionIndex, errorCode }) => ({ partition: partitionIndex, code: errorCode })),
      )
    })
  }

  async read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Fetched> {
    return await this.#again(async () => {
      const view = await this.#cluster.view(topic)
      const asked = {
        topicId: view.id,
        maxWaitMs: 0,
        maxBytes,
        partitionMaxBytes: maxBytes,
        sessionId: 0,
        sessionEpoch: -1,
        partitions: [[partition, from]] as const,
        forgotten: [],
      }
      const answer = await this.#cluster.request(view.leaders[partition] ?? -1, this.#fetch, [asked], this.#reads)
      const fetched = answer.partitions.find((each) => each.partition === partition)
      const code = fetched?.code ?? answer.code
      if (fetched && code === 0) return decodeBatches(fetched.bytes, from, decompressor(this.#cluster.driver))
      if (code !== kafkaErrors.offsetOutOfRange) throw new KafkaFailure(code, `reading the topic ${topic}`)
      const start = (await this.offsets(topic, 'start', [partition])).get(partition) ?? 0
      return { records: [], next: Math.max(from, start), start }
    }, topic)
  }

  producer(topic: string, source: BatchSource): KafkaProducer {
    return new Producer(this.#cluster, topic, this.#known(topic), source)
  }

  fetcher(topic: string, sink: FetchSink): KafkaFetcher {
    const starts = (partitions: readonly Partition[]) => this.offsets(topic, 'start', partitions)
    return new Fetcher(this.#cluster, topic, this.#known(topic), sink, starts)
  }

  member(group: string, topic: string, settings: MemberSettings, changed: () => void): KafkaMember {
    return new GroupMember(this.#cluster, group, topic, this.#known(topic).id, settings, changed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#cluster[Symbol.asyncDispose]()
  }

  #known(topic: string): TopicView {
    const view = this.#cluster.known(topic)
    if (!view) throw new Error(`the topic ${topic} was not asked for`)
    return view
  }

  /** Asks each leader for its share; what came back with an error is asked again. */
  async #ofLeaders(
    topic: string,
    partitions: readonly Partition[],
    ask: (node: number, own: readonly Partition[]) => Promise<readonly { partition: Partition; code: number }[]>,
  ): Promise<void> {
    let left = partitions
    await this.#again(async () => {
      if (left.length === 0) return
      const shares = await this.#cluster.byLeader(topic, left)
      const failed: Partition[] = []
      let failure: unknown
      await Promise.all(
        [...shares].map(async ([node, own]) => {
          try {
            for (const { partition, code } of await ask(node, own)) {
              if (code === 0) continue
              failed.push(partition)
              failure = new KafkaFailure(code, `the topic ${topic}`)
            }
          } catch (error) {
            failed.push(...own)
            failure = error
          }
        }),
      )
      left = failed
      if (failure) throw failure
    }, topic)
  }

  /** A question may be asked again until it is answered; the leader may have changed meanwhile. */
  async #again<Answer>(ask: () => Promise<Answer>, topic?: string): Promise<Answer> {
    const { clock, scheduler } = this.#cluster.seams
    const until = clock.monotonic() + patienceMs
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        const over = this.#closed || clock.monotonic() > until
        if (over || !(error instanceof KafkaFailure) || isFailure(error, ...final)) throw error
        await scheduler.sleep(retryMs)
        if (topic !== undefined) await this.#cluster.refresh(topic).catch(() => {})
      }
    }
  }
}

const groupIdNotFound = 69
const final = [
  kafkaErrors.topicAuthorization,
  kafkaErrors.groupAuthorization,
  kafkaErrors.clusterAuthorization,
] as const
