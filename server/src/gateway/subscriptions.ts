import type { Seams } from '../lib/seams.ts'
import type { UserId } from '../model/ids.ts'
import type { PubSub, StreamMessage, Subscription } from '../ports/pub-sub.ts'
import { backoffMs } from './backoff.ts'

export interface SubscriptionEvents {
  message(message: StreamMessage): void
  /** Messages may have been lost of these users; `null` = of all. */
  gap(users: readonly UserId[] | null): void
  onFailure(error: unknown): void
}

/**
 * Keeps pub/sub to the users who have sockets here. Wishes are gathered while a call runs, so that a storm of sockets
 * makes few calls. Without pub/sub sockets work all the same, fed by comparing heads; so whoever waits for a user to be
 * added waits for one attempt and no longer.
 */
export class Subscriptions implements AsyncDisposable {
  readonly #pubSub: PubSub
  readonly #seams: Seams
  readonly #events: SubscriptionEvents
  readonly #wanted = new Set<UserId>()
  readonly #added = new Set<UserId>()
  /** Users whose wish may differ from what is. */
  #changed = new Set<UserId>()
  #attempt: Promise<void> | null = null
  #subscription: Subscription | null = null
  #failures = 0
  #retry: Disposable | null = null
  #closed = false

  constructor(pubSub: PubSub, seams: Seams, events: SubscriptionEvents) {
    this.#pubSub = pubSub
    this.#seams = seams
    this.#events = events
  }

  /** Resolves when the user is added, or when that failed and will be tried again. */
  async add(user: UserId): Promise<void> {
    this.#wanted.add(user)
    if (this.#added.has(user)) return
    this.#changed.add(user)
    // An attempt that runs has taken its users already: the one behind it is ours, and may have begun by then.
    if (this.#attempt) await this.#attempt
    if (!this.#added.has(user)) await this.#start()
  }

  remove(user: UserId): void {
    if (!this.#wanted.delete(user)) return
    this.#changed.add(user)
    void this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#retry?.[Symbol.dispose]()
    await this.#attempt
    await this.#subscription?.[Symbol.asyncDispose]()
  }

  #start(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#attempt ??= this.#reconcile().finally(() => {
      this.#attempt = null
      if (this.#changed.size === 0) return
      if (this.#failures === 0) void this.#start()
      else this.#retryLater()
    })
    return this.#attempt
  }

  async #reconcile(): Promise<void> {
    // Lets the wishes of this turn of the loop come together.
    await null
    const changed = this.#changed
    this.#changed = new Set()
    const add = [...changed].filter((user) => this.#wanted.has(user) && !this.#added.has(user))
    let remove: UserId[] = []
    try {
      this.#subscription ??= await this.#pubSub.subscribe({
        message: (message) => this.#events.message(message),
        gap: () => this.#events.gap(null),
      })
      if (add.length > 0) await this.#subscription.add(add)
      for (const user of add) this.#added.add(user)
      // Those who went on without waiting have heard nothing until now.
      if (this.#failures > 0 && add.length > 0) this.#events.gap(add)
      // Who came back while that was under way was told to be added, and stays.
      remove = [...changed].filter((user) => !this.#wanted.has(user) && this.#added.has(user))
      for (const user of remove) this.#added.delete(user)
      if (remove.length > 0) await this.#subscription.remove(remove)
      this.#failures = 0
    } catch (error) {
      this.#failures++
      for (const user of remove) if (!this.#wanted.has(user)) this.#added.add(user)
      for (const user of changed) this.#changed.add(user)
      this.#events.onFailure(error)
    }
  }

  #retryLater(): void {
    if (this.#closed) return
    this.#retry?.[Symbol.dispose]()
    this.#retry = this.#seams.scheduler.after(backoffMs(this.#failures, this.#seams.random), () => void this.#start())
  }
}
