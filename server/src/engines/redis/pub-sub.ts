import type { Seams } from '../../lib/seams.ts'
import type { UserId } from '../../model/ids.ts'
import type { PubSub, StreamMessage, Subscription } from '../../ports/pub-sub.ts'
import type { RedisConnection } from './connection.ts'
import { Inbox } from './inbox.ts'
import type { Interest } from './interest.ts'
import { type Listener, Listeners } from './listeners.ts'
import { channelOf, everywhere, Publisher } from './publisher.ts'
import type { RedisLimits } from './settings.ts'

export interface PubSubParts {
  readonly commands: RedisConnection
  readonly interest: Interest
  readonly limits: RedisLimits
  readonly seams: Seams
  /** A connection of its own, made when somebody subscribes. */
  openSubscriber(): Promise<RedisConnection>
}

/**
 * Publishers ask which nodes have sockets of a user and send each node one message per batch, on a sharded channel of the
 * node. The node says so in Redis for each of its users, and again at every heartbeat. A connection that was made anew, a
 * number left out and a Redis that forgot the node all mean a gap; the node then makes itself known again first, so that
 * whoever compares heads at the gap hears of what comes after.
 */
export class RedisPubSub implements PubSub {
  readonly #parts: PubSubParts
  /** This process, to everybody else. */
  readonly #node: string
  readonly #publisher: Publisher
  readonly #listeners = new Listeners()
  readonly #inboxes: ReadonlyMap<string, Inbox>
  readonly #timers: Disposable[] = []
  #subscribing: Promise<RedisConnection> | null = null
  #announcing: Promise<void> | null = null
  #isDue = false
  #isGapDue = false
  #closed = false

  constructor(parts: PubSubParts) {
    const { commands, interest, limits, seams } = parts
    this.#parts = parts
    this.#node = Buffer.from(seams.random.bytes(9)).toString('base64url')
    this.#publisher = new Publisher(commands, interest, limits, this.#node)
    this.#inboxes = new Map([
      [channelOf(limits.prefix, this.#node), new Inbox(true)],
      [everywhere(limits.prefix), new Inbox(false)],
    ])
  }

  async mayBeHeard(users: readonly UserId[]): Promise<readonly boolean[]> {
    if (users.length === 0) return []
    return (await this.#parts.interest.nodesOf(users)).map((nodes) => nodes.length > 0)
  }

  publish(messages: readonly StreamMessage[]): Promise<void> {
    return this.#publisher.publish(messages)
  }

  async subscribe(on: Listener): Promise<Subscription> {
    this.#subscribing ??= this.#connect().catch((error: unknown) => {
      this.#subscribing = null
      throw error
    })
    await this.#subscribing
    const listener: Listener = { message: (message) => on.message(message), gap: () => on.gap() }
    this.#listeners.enter(listener)
    return {
      add: async (users) => {
        const entered = this.#listeners.add(listener, users)
        try {
          // Also of those who were added before: the call says that they can be heard from now on.
          await this.#parts.interest.add([...new Set(users)], this.#node)
        } catch (error) {
          // They would be announced for good: nobody removes who was not added.
          this.#listeners.remove(listener, entered)
          throw error
        }
      },
      remove: (users) => this.#forget(this.#listeners.remove(listener, users)),
      [Symbol.asyncDispose]: () => this.#forget(this.#listeners.leave(listener)).catch(() => {}),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) timer[Symbol.dispose]()
    const subscriber = await this.#subscribing?.catch(() => null)
    await subscriber?.[Symbol.asyncDispose]()
    await this.#announcing
    const { interest } = this.#parts
    if (subscriber) await interest.remove(this.#listeners.users, this.#node).catch(() => {})
  }

  async #connect(): Promise<RedisConnection> {
    const { commands, limits, seams } = this.#parts
    const subscriber = await this.#parts.openSubscriber()
    try {
      await subscriber.listen([...this.#inboxes.keys()], (text, channel) => this.#hear(text, channel))
      await this.#sign()
    } catch (error) {
      await subscriber[Symbol.asyncDispose]()
      throw error
    }
    subscriber.onReady(() => {
      for (const inbox of this.#inboxes.values()) inbox.startOver()
      this.#announce(true)
    })
    commands.onReady(() => this.#announce(false))
    this.#timers.push(
      seams.scheduler.every(limits.heartbeatMs, () => this.#announce(false)),
      seams.scheduler.every(limits.checkMs, () => void this.#check()),
    )
    return subscriber
  }

  #hear(text: string, channel: string): void {
    const taken = this.#inboxes.get(channel)?.take(text)
    if (taken?.isGap === true) this.#listeners.tellGap()
    this.#listeners.tell(taken?.messages ?? [])
  }

  async #forget(users: readonly UserId[]): Promise<void> {
    if (users.length === 0) return
    await this.#parts.interest.remove(users, this.#node)
    // One of them may have been added again while that was under way.
    const back = users.filter((user) => this.#listeners.has(user))
    if (back.length > 0) await this.#parts.interest.add(back, this.#node)
  }

  /** Says of all users here that they can be heard; then, if so, that there was a gap. Calls meanwhile share the next round. */
  #announce(isGap: boolean): void {
    this.#isGapDue ||= isGap
    this.#isDue = true
    this.#announcing ??= this.#announceAll().finally(() => {
      this.#announcing = null
    })
  }

  async #announceAll(): Promise<void> {
    while (this.#isDue && !this.#closed) {
      const isGap = this.#isGapDue
      this.#isDue = false
      this.#isGapDue = false
      try {
        await this.#parts.interest.add(this.#listeners.users, this.#node)
        await this.#sign()
      } catch {
        // The next connection, check or heartbeat tries again.
      }
      if (isGap) this.#listeners.tellGap()
    }
  }

  /** As long as this key is there, Redis has not lost what this node wrote. */
  get #signature(): string {
    return `${this.#parts.limits.prefix}:node:${this.#node}`
  }

  async #sign(): Promise<void> {
    await this.#parts.commands.call(['SET', this.#signature, '1', 'PX', String(this.#parts.limits.interestTtlMs)])
  }

  async #check(): Promise<void> {
    try {
      const found = await this.#parts.commands.call<number>(['EXISTS', this.#signature])
      if (found === 0) this.#announce(true)
    } catch {
      // Without an answer nothing is known; a new connection says so by itself.
    }
  }
}
