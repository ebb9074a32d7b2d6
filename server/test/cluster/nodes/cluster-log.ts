import type { Config } from '../../../src/config/secrets.ts'
import { KafkaEventLog } from '../../../src/engines/kafka/event-log.ts'
import { openKafka } from '../../../src/engines/kafka/open.ts'
import { systemSeams } from '../../../src/lib/system-seams.ts'
import type { LogRecord } from '../../../src/model/log-record.ts'

const pageOf = 2_000

/** The log of a cluster, as one looks at it from outside. */
export class ClusterLog implements AsyncDisposable {
  readonly #opening: ReturnType<typeof open>

  constructor(config: Config) {
    this.#opening = open(config)
    this.#opening.catch(() => {})
  }

  /** Records that the workers have not committed. */
  async lag(): Promise<number> {
    const { log } = await this.#opening
    let lag = 0
    for (const { end, committed } of await allBounds(log)) lag += end - committed
    return lag
  }

  async partitionOf(user: string): Promise<number> {
    return (await this.#opening).log.partitionOf(user)
  }

  /** Of each partition that has some: for whoever wonders why there is a lag. */
  async standing(): Promise<string> {
    const { log } = await this.#opening
    const lags = (await allBounds(log)).flatMap(({ end, committed }, partition) =>
      end > committed ? `partition ${partition} stands at ${committed} of ${end}` : [],
    )
    return lags.join(', ')
  }

  /** Everything that is in it, each partition in its order. */
  async records(): Promise<readonly LogRecord[]> {
    const { log } = await this.#opening
    const all: LogRecord[] = []
    for (const [partition, { start, end }] of (await allBounds(log)).entries()) {
      for (let from = start; from < end; ) {
        const { records, next } = await log.read(partition, from, pageOf)
        all.push(...records)
        from = next
      }
    }
    return all
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opening.catch(() => null)
    await opened?.log[Symbol.asyncDispose]()
    await opened?.kafka[Symbol.asyncDispose]()
  }
}

async function open({ kafka: settings, cluster }: Config) {
  const topic = `${cluster.namespace}.activity`
  const { brokers, partitions, replicationFactor: replication } = settings
  const kafka = await openKafka({ brokers, partitions, replication, topic }, systemSeams)
  return { kafka, log: new KafkaEventLog(kafka, systemSeams) }
}

const allBounds = (log: KafkaEventLog) =>
  Promise.all(Array.from({ length: log.info.partitions }, (_, partition) => log.bounds(partition)))
