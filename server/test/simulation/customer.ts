import assert from 'node:assert/strict'
import { createClient, type HeadwaterClient, HeadwaterError } from '@headwater/client'
import type { EventInput, EventType } from '@headwater/protocol'
import type { Random } from '../../src/lib/seams.ts'
import { derivedUuidV7 } from '../../src/lib/uuid.ts'
import type { UserId } from '../../src/model/ids.ts'
import type { LogRecord } from '../../src/model/log-record.ts'
import { pick } from '../model/random-events.ts'
import { ClientHost, type HostParts } from './client-host.ts'
import { keptConnections } from './fetch-over-wire.ts'
import { apiKey, simulatedUrl } from './settings.ts'

const hourMs = 3_600_000
/** Between two tries of what must be done in the end. */
const againMs = 500
const types: readonly EventType[] = ['LIKE', 'LIKE', 'LIKE', 'COMMENT', 'FOLLOW', 'CUSTOM']

export interface CustomerParts extends HostParts {
  readonly random: Random
  readonly users: readonly UserId[]
  readonly actors: number
  readonly objects: number
  /** Events lie between this time and `spanMs` after it. */
  readonly from: number
  readonly spanMs: number
}

/** An event as it was sent, by the number in its metadata. */
interface Sent {
  readonly input: EventInput
  state: 'unknown' | 'accepted' | 'refused'
}

/** The customer's own server: it sends events, deletes objects and accounts, and makes tokens for its users. */
export class Customer {
  readonly #client: HeadwaterClient
  readonly #parts: CustomerParts
  readonly #sent: Sent[] = []
  readonly #host: ClientHost
  readonly #unfinished = new Set<string>()
  #keys = 0

  constructor(seed: number, parts: CustomerParts) {
    this.#parts = parts
    this.#host = new ClientHost('customer', seed, null, parts)
    const { seams } = this.#host
    this.#client = createClient({
      url: simulatedUrl,
      apiKey,
      timeoutMs: 5_000,
      fetch: this.#host.fetch,
      WebSocket: null,
      seams: { clock: seams, scheduler: seams, random: seams.random },
    })
  }

  async token(user: UserId, device: string): Promise<string> {
    const ttl_s = 30 + pick(this.#parts.random, 3_600)
    return (await this.#client.tokens.create({ user_id: user, ttl_s, device_id: device })).token
  }

  /** Sends some events, as often as it takes, or gives up. */
  async send(): Promise<void> {
    const { random } = this.#parts
    const numbers = Array.from({ length: 1 + (random.next() < 0.5 ? 0 : pick(random, 8)) }, () => this.#next())
    const idempotencyKey = `batch ${this.#keys++}`
    const events = numbers.map((number) => (this.#sent[number] as Sent).input)
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        const { rejected } = await this.#client.events.send(events, { idempotencyKey })
        const refused = new Set(rejected.map(({ index }) => index))
        for (const [i, number] of numbers.entries()) this.#settle(number, refused.has(i) ? 'refused' : 'accepted')
        return
      } catch (error) {
        if (!HeadwaterError.is(error)) throw error
        if (error.retryable) continue
        // Every one of them was refused.
        if (error.code !== 'invalid_request' && error.code !== 'idempotency_key_reused') throw error
        for (const number of numbers) this.#settle(number, 'refused')
        return
      }
    }
  }

  deleteObject(): Promise<void> {
    return this.#delete(`/v1/objects/POST/post-${pick(this.#parts.random, this.#parts.objects)}`)
  }

  eraseActor(): Promise<void> {
    return this.#delete(`/v1/users/actor-${pick(this.#parts.random, this.#parts.actors)}`)
  }

  /** Asks again for what was not answered as done: until then a deletion may be half of one. */
  async finishDeletions(): Promise<void> {
    for (const path of [...this.#unfinished]) await this.#insistOn(path)
  }

  /** No server may be there to answer at the moment. */
  async #insistOn(path: string): Promise<void> {
    for (;;) {
      try {
        return await this.#delete(path)
      } catch (error) {
        if (!HeadwaterError.is(error) || !error.retryable) throw error
        await this.#host.seams.sleep(againMs)
      }
    }
  }

  async #delete(path: string): Promise<void> {
    this.#unfinished.add(path)
    await this.#client.request('DELETE', path)
    this.#unfinished.delete(path)
  }

  async putUser(): Promise<void> {
    const { random } = this.#parts
    await this.#client.users.put(`actor-${pick(random, this.#parts.actors)}`, { name: `Actor ${pick(random, 100)}` })
  }

  async revoke(user: UserId): Promise<void> {
    await this.#client.tokens.revoke({ user_id: user })
  }

  /**
   * A page of any user's list, or of the actors of a group. A connection that was kept may have broken without a word, and
   * a client that has failed much tries no second one by itself.
   */
  async read<T>(user: UserId, path: string): Promise<T> {
    for (let left = keptConnections; ; left--) {
      try {
        return await this.#client.request<T>('GET', path, { headers: { 'x-user-id': user } })
      } catch (error) {
        if (left === 0 || !HeadwaterError.is(error) || error.code !== 'timeout') throw error
      }
    }
  }

  /** What was accepted is in the log, what was refused is not, and nothing is that nobody sent. */
  check(records: readonly LogRecord[]): void {
    const logged = new Map<number, Set<string>>()
    for (const { value } of records) {
      if (value.kind !== 'event') continue
      const number = Number(value.event.metadata.number)
      const ids = logged.get(number) ?? new Set()
      logged.set(number, ids.add(`${value.event.eventId} ${value.event.createdAt}`))
    }
    for (const [number, { state, input }] of this.#sent.entries()) {
      const ids = logged.get(number)
      if (state === 'accepted') assert.ok(ids, `event ${number} was accepted and is lost`)
      if (state === 'refused') assert.equal(ids, undefined, `event ${number} was refused and is in the log`)
      if (input.event_id === undefined) {
        assert.ok((ids?.size ?? 0) <= 1, `event ${number} got several ids under one key: ${[...(ids ?? [])]}`)
      }
    }
    for (const number of logged.keys()) assert.ok(this.#sent[number], `nobody sent event ${number}`)
  }

  #settle(number: number, state: Sent['state']): void {
    const sent = this.#sent[number] as Sent
    if (sent.state === 'unknown') sent.state = state
  }

  /** A new event, or one that was sent before. */
  #next(): number {
    const { random } = this.#parts
    const recent = Math.min(200, this.#sent.length)
    if (recent > 0 && random.next() < 0.12) {
      const number = this.#sent.length - 1 - pick(random, recent)
      // Without an id a second request would be a second event.
      if (this.#sent[number]?.input.event_id !== undefined) return number
    }
    this.#sent.push({ input: this.#event(this.#sent.length), state: 'unknown' })
    return this.#sent.length - 1
  }

  #event(number: number): EventInput {
    const { random, users, actors, objects, from, spanMs } = this.#parts
    const event_type =
      random.next() < 0.02 ? ('NOTHING' as EventType) : (types[pick(random, types.length)] as EventType)
    const created_at = from + pick(random, Math.ceil(spanMs / hourMs)) * hourMs
    const hasId = random.next() < 0.7
    return {
      ...(hasId && { event_id: derivedUuidV7(created_at, `event ${number} ${random.next()}`) }),
      ...(random.next() < 0.95 && { created_at }),
      event_type,
      ...(event_type === 'CUSTOM' && { verb: 'endorsed' }),
      actor_id: `actor-${pick(random, actors)}`,
      target_user_id: users[pick(random, users.length)] as UserId,
      object_type: 'POST',
      object_id: `post-${pick(random, objects)}`,
      op: random.next() < 0.3 ? 'UNDO' : 'ADD',
      metadata: { number: String(number), preview: `preview ${number}` },
    }
  }
}
