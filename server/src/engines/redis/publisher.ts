import { LRUCache } from 'lru-cache'
import type { StreamMessage } from '../../ports/pub-sub.ts'
import type { RedisConnection } from './connection.ts'
import type { Interest } from './interest.ts'
import type { RedisLimits } from './settings.ts'

export const channelOf = (prefix: string, node: string): string => `${prefix}:n:{${node}}`
/** Heard by every node. */
export const everywhere = (prefix: string): string => `${prefix}:all`

/** Channels whose numbers are remembered. One that was forgotten begins anew, which its node takes for a gap. */
const channelsMax = 10_000
/** What is larger is not sent: its number is missing then, and the nodes read from the stores. */
const oversizeBytes = 8 * 1_024 * 1_024

/**
 * Sends one message per node and batch: a head line with the publisher and the number of this message on this channel,
 * then the stream messages, each encoded once whichever nodes get it.
 */
export class Publisher {
  readonly #connection: RedisConnection
  readonly #interest: Interest
  readonly #limits: RedisLimits
  readonly #name: string
  readonly #numbers = new LRUCache<string, number>({ max: channelsMax })
  /** Sends happen in the order of the calls, whatever the order in which their lookups are answered. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(connection: RedisConnection, interest: Interest, limits: RedisLimits, name: string) {
    this.#connection = connection
    this.#interest = interest
    this.#limits = limits
    this.#name = name
  }

  async publish(messages: readonly StreamMessage[]): Promise<void> {
    if (messages.length === 0) return
    const told = [...new Set(messages.flatMap((message) => (message.kind === 'changes' ? [message.user] : [])))]
    const lookup = told.length > 0 ? this.#interest.nodesOf(told) : Promise.resolve([])
    const before = this.#turn
    const sending = lookup.then(async (nodes) => {
      await before
      // Written to the connection in this very step; only the answers are waited for outside the turn.
      return { sent: Promise.all(this.#send(messages, new Map(told.map((user, i) => [user, nodes[i] ?? []])))) }
    })
    this.#turn = Promise.allSettled([before, sending])
    await (await sending).sent
  }

  #send(messages: readonly StreamMessage[], nodes: ReadonlyMap<string, readonly string[]>): Promise<unknown>[] {
    const { prefix, messageBytes } = this.#limits
    const sent: Promise<unknown>[] = []
    const batches = new Map<string, { texts: string[]; bytes: number }>()
    for (const message of messages) {
      // An order about a user's sockets goes to every node: it must not hang on a key that may be lost.
      const channels =
        message.kind === 'revoked'
          ? [everywhere(prefix)]
          : (nodes.get(message.user) ?? []).map((node) => channelOf(prefix, node))
      if (channels.length === 0) continue
      const text = JSON.stringify(message)
      const bytes = Buffer.byteLength(text)
      for (const channel of channels) {
        let batch = batches.get(channel)
        if (batch && batch.bytes + bytes > messageBytes) {
          sent.push(this.#spublish(channel, batch.texts))
          batch = undefined
        }
        if (bytes > oversizeBytes) {
          batches.delete(channel)
          this.#nextNumber(channel)
          continue
        }
        batch ??= { texts: [], bytes: 0 }
        batch.texts.push(text)
        batch.bytes += bytes
        batches.set(channel, batch)
      }
    }
    for (const [channel, { texts }] of batches) sent.push(this.#spublish(channel, texts))
    return sent
  }

  #spublish(channel: string, texts: readonly string[]): Promise<unknown> {
    const head = `${this.#name} ${this.#nextNumber(channel)}`
    return this.#connection.call(['SPUBLISH', channel, `${head}\n[${texts.join()}]`])
  }

  #nextNumber(channel: string): number {
    const number = (this.#numbers.get(channel) ?? 0) + 1
    this.#numbers.set(channel, number)
    return number
  }
}
