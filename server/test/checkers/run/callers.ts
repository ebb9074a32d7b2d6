import { setTimeout } from 'node:timers/promises'
import type { Random } from '../../../src/lib/seams.ts'
import { derivedUuidV7 } from '../../../src/lib/uuid.ts'
import { pick } from '../../model/random-events.ts'
import type { SeenPage, SentEvent } from '../history.ts'
import type { ApiClient } from './api-client.ts'

export const users = ['ann', 'bob', 'cyd'] as const
const actors = 12
const posts = 8
/** Objects about which little is done, so that every order of it can be tried. */
const doorsAtOnce = 4
const eventsPerDoor = 6
/** With all else that a user has, fewer than one page shows: what is checked of a page is that it has everything. */
const doorsMax = 80
/** A caller thinks this long at most between two requests, milliseconds. */
const thinkMsMax = 40

type Step = (client: ApiClient) => Promise<unknown>

/** What callers do, in an order and with choices that a seed decides; what comes of it, the server's timing. */
export class Callers {
  readonly #random: Random
  readonly #now: () => number
  readonly #thinkMs: number
  #events = 0
  #isOver = false
  readonly #sent: (readonly SentEvent[])[] = []

  constructor(random: Random, now: () => number, thinkMs = thinkMsMax) {
    this.#random = random
    this.#now = now
    this.#thinkMs = thinkMs
  }

  end(): void {
    this.#isOver = true
  }

  async run(client: ApiClient, step: Step): Promise<void> {
    while (!this.#isOver) {
      await step(client)
      await setTimeout(pick(this.#random, this.#thinkMs))
    }
  }

  /** Batches of events, and those that got no answer again; at times what was answered long ago. */
  writer(): Step {
    let unanswered: readonly SentEvent[] | null = null
    return async (client) => {
      const old = this.#random.next() < 0.1 ? this.#sent[pick(this.#random, this.#sent.length)] : undefined
      const events: readonly SentEvent[] =
        unanswered ?? old ?? Array.from({ length: 1 + pick(this.#random, 4) }, () => this.event())
      unanswered = (await client.append(events)) ? null : events
      if (!unanswered && !old) this.#sent.push(events)
    }
  }

  /** Two callers with one list of keys, who do not always mean the same by a key. */
  keyed(): Step {
    let n = 0
    return async (client) => {
      const key = `key-${n}`
      const event = this.#about(
        'LIKE',
        `keyed-${n % 3}`,
        users[n % users.length] as string,
        `actor-${pick(this.#random, 10) === 0 ? 1 : 0}`,
      )
      const answer = await client.keyed(key, { ...event, op: 'ADD' })
      if (answer && this.#random.next() < 0.7) n++
    }
  }

  reader(user: string): Step {
    return async (client) => {
      const page = await client.page(user)
      const group = page?.groups[pick(this.#random, page.groups.length)]
      if (group && this.#random.next() < 0.3) await client.actors(user, group.group_id)
    }
  }

  /** Marks what it has just read. */
  marker(user: string): Step {
    return async (client) => {
      const page = await client.page(user)
      if (!page || page.groups.length === 0 || this.#random.next() < 0.5) return
      const mark = this.#random.next() < 0.7 ? 'read' : 'seen'
      const groups = page.groups.filter(() => this.#random.next() < 0.2).map((group) => group.group_id)
      if (groups.length === 0) await client.mark(user, { mark, group_ids: null, up_to_seq: page.seq })
      else await client.mark(user, { mark, group_ids: groups, up_to_seq: null })
    }
  }

  deleter(user: string): Step {
    return async (client) => {
      const page = await client.page(user)
      const group = page && this.#someDoor(page)
      if (group && this.#random.next() < 0.3) await client.delete(user, group)
    }
  }

  event(): SentEvent {
    const user = users[pick(this.#random, users.length)] as string
    const wantsDoor = this.#random.next() < 0.3
    const door =
      Math.floor(this.#events / (eventsPerDoor * doorsAtOnce * 3)) * doorsAtOnce + pick(this.#random, doorsAtOnce)
    const isDoor = wantsDoor && door < doorsMax
    const actor = `actor-${pick(this.#random, isDoor ? 4 : actors)}`
    const event = this.#about('LIKE', isDoor ? `door-${door}` : `post-${pick(this.#random, posts)}`, user, actor)
    return this.#named({ ...event, op: this.#random.next() < 0.25 ? 'UNDO' : 'ADD' })
  }

  /** An event that is surely news, so that the server tells when it has come to it. */
  last(user: string): SentEvent {
    return this.#named(this.#about('COMMENT', 'the-end', user, 'actor-0'))
  }

  #about(event_type: string, object_id: string, target_user_id: string, actor_id: string): SentEvent {
    return { event_type, actor_id, target_user_id, object_type: 'POST', object_id, op: 'ADD' }
  }

  #named(event: SentEvent): SentEvent {
    const created_at = this.#now()
    return {
      ...event,
      created_at,
      event_id: derivedUuidV7(created_at, `event ${this.#events++} ${this.#random.next()}`),
    }
  }

  #someDoor(page: SeenPage): string | undefined {
    const doors = page.groups.filter((group) => group.object_id.startsWith('door-'))
    return doors[pick(this.#random, doors.length)]?.group_id
  }
}
