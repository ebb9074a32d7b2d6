import type { UserId } from '../model/ids.ts'
import type { PubSub } from '../ports/pub-sub.ts'
import { Channel, type ChannelParts } from './channel.ts'
import type { Session } from './session.ts'
import { Subscriptions } from './subscriptions.ts'

/** Users whose heads are asked for in one call. */
const headsBatch = 500

export interface HubParts extends ChannelParts {
  readonly pubSub: PubSub
  /** Tokens of this user may have been revoked. */
  revoked(user: UserId): void
}

/** Which users have sessions here, and how what happens to them gets there. */
export class Hub implements AsyncDisposable {
  readonly #channels = new Map<UserId, Channel>()
  readonly #parts: HubParts
  readonly #subscriptions: Subscriptions
  /** Goes round all users, a few at each call of `compareSome`. */
  #round: Iterator<UserId>
  #comparing: Promise<void> | null = null
  #isGapDue = false

  constructor(parts: HubParts) {
    this.#parts = parts
    this.#round = this.#channels.keys()
    this.#subscriptions = new Subscriptions(parts.pubSub, parts.seams, {
      message: (message) => {
        if (message.kind === 'revoked') parts.revoked(message.user)
        else this.#channels.get(message.user)?.message(message)
      },
      gap: (users) => void (users ? this.compare(users) : this.#compareAll()),
      onFailure: parts.onFailure,
    })
  }

  get users(): number {
    return this.#channels.size
  }

  sessionsOf(user: UserId): readonly Session[] {
    return this.#channels.get(user)?.sessions ?? noSessions
  }

  /** From here on the session's user is listened to. */
  join(session: Session): { readonly channel: Channel; readonly subscribed: Promise<void> } {
    let channel = this.#channels.get(session.user)
    if (!channel) {
      channel = new Channel(session.user, this.#parts)
      this.#channels.set(session.user, channel)
    }
    if (!channel.sessions.includes(session)) channel.sessions.push(session)
    return { channel, subscribed: this.#subscriptions.add(session.user) }
  }

  leave(session: Session): void {
    if (!session.principal) return
    const channel = this.#channels.get(session.user)
    const index = channel?.sessions.indexOf(session) ?? -1
    if (!channel || index === -1) return
    channel.sessions.splice(index, 1)
    if (channel.sessions.length > 0) return
    this.#channels.delete(session.user)
    this.#subscriptions.remove(session.user)
  }

  /** Compares the next users' heads with what their sessions were told; `share` of all users. */
  compareSome(share: number): Promise<void> {
    const users: UserId[] = []
    const count = Math.ceil(this.#channels.size * share)
    while (users.length < count) {
      const next = this.#round.next()
      if (!next.done) users.push(next.value)
      else {
        this.#round = this.#channels.keys()
        break
      }
    }
    return this.compare(users)
  }

  /** A message may be lost, the last one too: whoever is behind the head catches up. Never rejects. */
  async compare(users: readonly UserId[]): Promise<void> {
    for (let i = 0; i < users.length; i += headsBatch) {
      const some = users.slice(i, i + headsBatch)
      try {
        const heads = await this.#parts.stream.heads(some)
        for (const [j, user] of some.entries()) this.#channels.get(user)?.want(heads[j] ?? 0)
      } catch (error) {
        this.#parts.onFailure(error)
      }
    }
  }

  /** Pub/sub that breaks again and again does not multiply the reads: gaps meanwhile share the next round. */
  #compareAll(): Promise<void> {
    this.#isGapDue = true
    this.#comparing ??= this.#compareWhileDue().finally(() => {
      this.#comparing = null
    })
    return this.#comparing
  }

  async #compareWhileDue(): Promise<void> {
    while (this.#isGapDue) {
      this.#isGapDue = false
      await this.compare([...this.#channels.keys()])
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#subscriptions[Symbol.asyncDispose]()
  }
}

const noSessions: readonly Session[] = []
