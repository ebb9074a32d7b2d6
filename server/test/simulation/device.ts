import { createClient, type HeadwaterClient, type PageEvent } from '@headwater/client'
import type { Random } from '../../src/lib/seams.ts'
import type { UserId } from '../../src/model/ids.ts'
import { pick } from '../model/random-events.ts'
import { ClientHost, type HostParts } from './client-host.ts'
import { simulatedUrl } from './settings.ts'

export interface DeviceParts extends HostParts {
  readonly random: Random
  /** Asks the customer's server for a token. */
  readonly token: (user: UserId, device: string) => Promise<string>
}

/** One installation of a user's app: the real client in a process of its own. */
export class Device {
  readonly name: string
  readonly user: UserId
  readonly #host: ClientHost
  readonly #parts: DeviceParts
  readonly #client: HeadwaterClient
  readonly #listeners = new Set<(event: PageEvent) => void>()
  #isHidden = false
  #isGone = false

  constructor(name: string, seed: number, user: UserId, parts: DeviceParts) {
    this.name = name
    this.user = user
    this.#parts = parts
    this.#host = new ClientHost(name, seed, user, parts)
    const { seams } = this.#host
    const hasWebSocket = seams.random.next() < 0.8
    this.#client = createClient({
      url: simulatedUrl,
      token: () => parts.token(user, name),
      deviceId: name,
      timeoutMs: 5_000,
      activities: { pageSize: 1 + Math.floor(seams.random.next() * 12) },
      fetch: this.#host.fetch,
      WebSocket: hasWebSocket ? this.#host.WebSocket : null,
      seams: {
        clock: seams,
        scheduler: seams,
        random: seams.random,
        page: {
          hidden: () => this.#isHidden,
          listen: (listener) => {
            this.#listeners.add(listener)
            return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
          },
        },
      },
    })
    this.#client.activities.subscribe(() => this.#noteState())
    void this.#client.activities.connect()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get state() {
    return this.#client.activities.getSnapshot()
  }

  /** Its timers; none may be left once it is closed. */
  get pendingTimers(): number {
    return this.#host.seams.pending
  }

  /** Something that a user does. Resolves when it is answered. */
  async act(): Promise<void> {
    const { activities } = this.#client
    const { random, done } = this.#parts
    const { user } = this
    const chance = random.next()
    const { groups } = activities.getSnapshot()
    const chosen = groups.filter(() => random.next() < 0.3).map((group) => group.group_id)
    const one = groups[pick(random, groups.length)]
    const mark = random.next() < 0.6 ? 'read' : 'seen'
    if (chance < 0.35 && chosen.length > 0) {
      const result = await (mark === 'read' ? activities.markRead(chosen) : activities.markSeen(chosen))
      const groupIds = chosen.filter((id) => !result.not_found.includes(id))
      done({ kind: 'marked', user, mark, groupIds })
    } else if (chance < 0.6) {
      await (mark === 'read' ? activities.markAllRead() : activities.markAllSeen())
      done({ kind: 'marked', user, mark, groupIds: null })
    } else if (chance < 0.7 && one) {
      await activities.remove(one.group_id)
    } else if (chance < 0.8) await activities.loadMore()
    else if (chance < 0.85) await activities.load()
    else if (chance < 0.88) await activities.setFilter(random.next() < 0.5 ? ['LIKE'] : null)
    else this.#pageEvent(random)
  }

  /** Its user looks at it. */
  show(): void {
    if (this.#isHidden) this.#tell('visible')
  }

  /** Shows the whole list again, whatever its user did before. */
  async showAll(): Promise<void> {
    const { activities } = this.#client
    await activities.setFilter(null)
    do await activities.loadMore()
    while (activities.getSnapshot().hasMore && activities.getSnapshot().error === null)
  }

  /** The app is closed as it should be. */
  close(): void {
    this.#client.close()
    this.#isGone = true
  }

  /** The app is gone from one moment to the next. */
  kill(): void {
    this.#isGone = true
    for (const wire of this.#parts.network.wires) if (wire.client === this.#host.seams) wire.abandon('client')
    this.#host.seams.kill()
  }

  #pageEvent(random: Random): void {
    if (random.next() < 0.3) this.#tell('online')
    else this.#tell(this.#isHidden ? 'visible' : 'hidden')
  }

  #tell(event: PageEvent): void {
    if (event !== 'online') this.#isHidden = event === 'hidden'
    for (const listener of [...this.#listeners]) listener(event)
  }

  #noteState(): void {
    const { status, connection, groups, unreadCount, unseenCount } = this.state
    this.#parts.trace.note(
      `${this.name} shows ${status} ${connection} ${groups.length} groups, ${unreadCount} unread, ${unseenCount} unseen`,
    )
  }
}
