import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../src/lib/system-seams.ts'
import { createUuidV7 } from '../../src/lib/uuid.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { pick } from '../model/random-events.ts'
import { askServer, type CallOptions, callServer } from './call-server.ts'
import { inTime } from './in-time.ts'

export const users = ['carol', 'dave', 'erin'] as const
const callers = 4
const actors = 40
const objects = 25
const eventsPerRequestMax = 20
const pauseMs = 20

/** What callers were told. All of it must be true after a power cut. */
export class Told {
  /** Events that were acknowledged. */
  readonly events = new Set<string>()
  /** The highest position that each user was told of, by a page or by the answer to a mark. */
  readonly positions = new Map<string, number>()
  /** Objects whose deletion was acknowledged; nothing is said about them afterwards. */
  readonly deletedObjects = new Set<string>()

  position(user: string, seq: number): void {
    this.positions.set(user, Math.max(seq, this.positions.get(user) ?? 0))
  }

  copy(): Told {
    const copy = new Told()
    for (const id of this.events) copy.events.add(id)
    for (const [user, seq] of this.positions) copy.positions.set(user, seq)
    for (const object of this.deletedObjects) copy.deletedObjects.add(object)
    return copy
  }
}

/** Callers who keep a server busy and note what it tells them. */
export class Load implements AsyncDisposable {
  readonly told = new Told()
  readonly #url: string
  readonly #random: ReturnType<typeof seededRandom>
  readonly #newId: () => string
  readonly #work: Promise<unknown>
  readonly #aborted = new AbortController()
  #acknowledged = Promise.withResolvers<void>()
  #isOver = false

  constructor(url: string, seed: number) {
    this.#url = url
    this.#random = seededRandom(seed)
    this.#newId = createUuidV7(systemClock, this.#random)
    this.#work = Promise.all(Array.from({ length: callers }, (_, n) => this.#keepCalling(n)))
    // Told to whoever waits.
    this.#work.catch((error: unknown) => this.#acknowledged.reject(error))
    this.#acknowledged.promise.catch(() => {})
  }

  /** Resolves when the next events are acknowledged. */
  acknowledged(): Promise<void> {
    return inTime('events are acknowledged', this.#acknowledged.promise)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#aborted.abort()
    await this.#work.catch(() => {})
  }

  async #keepCalling(caller: number): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      try {
        await this.#step(`${caller}-${n}`)
      } catch (error) {
        if (this.#isOver) return
        throw error
      }
    }
  }

  async #step(name: string): Promise<void> {
    const user = users[pick(this.#random, users.length)] as string
    const chance = this.#random.next()
    if (chance < 0.8) await this.#send(this.#likes())
    else if (chance < 0.88) await this.#mark(user, 'read')
    else if (chance < 0.94) await this.#mark(user, 'seen')
    else if (chance < 0.98) this.told.position(user, (await this.#call('GET', '/v1/activities', { user })).seq)
    else await this.#deleteObject(`gone-${name}`, user)
  }

  #likes(): readonly object[] {
    return Array.from({ length: 1 + pick(this.#random, eventsPerRequestMax) }, () =>
      this.#like(users[pick(this.#random, users.length)] as string, `object-${pick(this.#random, objects)}`),
    )
  }

  #like(user: string, object: string): { readonly event_id: string } {
    return {
      event_id: this.#newId(),
      event_type: 'LIKE',
      actor_id: `actor-${pick(this.#random, actors)}`,
      target_user_id: user,
      object_type: 'POST',
      object_id: object,
      ...(this.#random.next() < 0.2 ? { op: 'UNDO' } : {}),
    } as { readonly event_id: string }
  }

  async #send(events: readonly object[]): Promise<void> {
    const answer = await askServer(this.#url, 'POST', '/v1/events', { body: { events }, signal: this.#aborted.signal })
    // To a server that was frozen it looks as if the disk were slow, and it closes its door for a moment.
    if (answer.status === 503 && answer.body.code === 'overloaded') return await setTimeout(pauseMs)
    if (answer.status !== 202) throw new Error(`POST /v1/events: ${answer.status} ${JSON.stringify(answer.body)}`)
    for (const event of events) this.told.events.add((event as { readonly event_id: string }).event_id)
    this.#acknowledged.resolve()
    this.#acknowledged = Promise.withResolvers()
    this.#acknowledged.promise.catch(() => {})
  }

  async #mark(user: string, as: 'read' | 'seen'): Promise<void> {
    const { seq } = await this.#call('POST', `/v1/activities/${as}`, { user, body: { all: true } })
    this.told.position(user, seq)
  }

  async #deleteObject(object: string, user: string): Promise<void> {
    await this.#send([this.#like(user, object)])
    await this.#call('DELETE', `/v1/objects/POST/${object}`)
    this.told.deletedObjects.add(object)
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  #call(method: string, path: string, call: CallOptions = {}): Promise<any> {
    return callServer(this.#url, method, path, { ...call, signal: this.#aborted.signal })
  }
}
