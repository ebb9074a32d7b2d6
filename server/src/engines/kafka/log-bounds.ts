import type { Seams } from '../../lib/seams.ts'
import type { Partition } from '../../model/ids.ts'
import type { LogBounds } from '../../ports/event-log.ts'
import type { KafkaClient } from './client.ts'

const keptMs = 1_000

/** Asks for the bounds of partitions, of many in the requests that one needs. */
export class BoundsReader {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #group: string
  readonly #partitions: readonly Partition[]
  readonly #seams: Seams
  #next: { readonly wanted: Set<Partition>; readonly answer: Promise<ReadonlyMap<Partition, LogBounds>> } | undefined
  #running: Promise<unknown> = Promise.resolve()
  #all: { readonly at: number; readonly answer: Promise<ReadonlyMap<Partition, LogBounds>> } | undefined

  constructor(client: KafkaClient, topic: string, group: string, partitions: number, seams: Seams) {
    this.#client = client
    this.#topic = topic
    this.#group = group
    this.#partitions = Array.from({ length: partitions }, (_, i) => i)
    this.#seams = seams
  }

  /** As they are now. Questions that come while one is asked go together with the next one. */
  async of(partition: Partition): Promise<LogBounds> {
    if (!this.#next) {
      const wanted = new Set<Partition>()
      const answer = this.#running.then(() => {
        this.#next = undefined
        return this.#ask([...wanted])
      })
      this.#running = answer.catch(() => {})
      this.#next = { wanted, answer }
    }
    this.#next.wanted.add(partition)
    const bounds = (await this.#next.answer).get(partition)
    if (!bounds) throw new RangeError(`there is no partition ${partition}`)
    return bounds
  }

  /** Of all partitions, at most a second old. */
  async all(): Promise<ReadonlyMap<Partition, LogBounds>> {
    const now = this.#seams.clock.monotonic()
    if (!this.#all || now - this.#all.at > keptMs) {
      const answer = this.#ask(this.#partitions)
      answer.catch(() => {
        this.#all = undefined
      })
      this.#all = { at: now, answer }
    }
    return this.#all.answer
  }

  async #ask(partitions: readonly Partition[]): Promise<ReadonlyMap<Partition, LogBounds>> {
    // What is committed first: it is never above an end that is asked for later.
    const committed = await this.#client.committed(this.#group, this.#topic, partitions)
    const [starts, ends] = await Promise.all([
      this.#client.offsets(this.#topic, 'start', partitions),
      this.#client.offsets(this.#topic, 'end', partitions),
    ])
    return new Map(
      partitions.flatMap((partition) => {
        const [start, end] = [starts.get(partition), ends.get(partition)]
        if (start === undefined || end === undefined) return []
        return [[partition, { start, end, committed: committed.get(partition) ?? 0 }] as const]
      }),
    )
  }
}
