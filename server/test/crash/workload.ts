import assert from 'node:assert/strict'
import { systemClock } from '../../src/lib/system-seams.ts'
import { createUuidV7 } from '../../src/lib/uuid.ts'
import { seededRandom } from '../../src/lib/virtual-seams.ts'
import { pick } from '../model/random-events.ts'
import type { Answer, Call } from './patient-client.ts'
import { type Like, PlainCount } from './plain-count.ts'

export const targets = ['carol', 'dave'] as const
const actors = 6
/** Nothing is ever deleted about these, so that they can be counted plainly. */
const safeObjects = ['safe-0', 'safe-1', 'safe-2']

/** Who gets an answer to every request, however long it takes. */
export interface Caller {
  call(method: string, path: string, call?: Call): Promise<Answer>
}

/** What a customer's server does, again and again: every request is sent until it is answered. */
export class Workload {
  readonly count = new PlainCount()
  readonly #client: Caller
  readonly #random: ReturnType<typeof seededRandom>
  readonly #newId: () => string
  #rounds = 0
  #lastBatch: readonly Like[] = []

  constructor(client: Caller, seed: number) {
    this.#client = client
    this.#random = seededRandom(seed)
    this.#newId = createUuidV7(systemClock, this.#random)
  }

  async round(): Promise<void> {
    const n = this.#rounds++
    const leaver = `leaver-${n}`
    await Promise.all([
      this.#send(this.#likes()),
      this.#send(this.#likes()),
      this.#send([this.#like('carol', `risky-${n}`, leaver), this.#like('dave', `risky-${n}`, 'actor-0')]),
      this.#send([this.#like('carol', `gone-${n}`, 'actor-1'), this.#like(leaver, `risky-${n}`, 'actor-2')]),
      this.#mark('dave', 'seen'),
      this.#client.call('PUT', `/v1/users/${leaver}`, { body: { name: `Leaver ${n}` } }),
    ])
    await Promise.all([
      this.#mark('carol', 'read'),
      this.#markOne('dave'),
      this.#deleteGroup('carol', `risky-${n}`),
      this.#accepted('DELETE', `/v1/objects/POST/gone-${n}`),
      this.#accepted('DELETE', `/v1/users/${leaver}`),
      this.#send(this.#likes()),
    ])
  }

  /** Something for each target of which the server tells when it is done, and with it everything before it. */
  async settle(): Promise<void> {
    const last = targets.map((user) => this.#like(user, 'safe-0', 'actor-0'))
    await this.#send(last)
    for (const { eventId } of last) {
      for (;;) {
        const { body } = await this.#client.call('GET', `/v1/events/${eventId}`)
        if (body.state !== 'pending') break
      }
    }
  }

  /** A batch, sometimes with what was sent before, and in any order. */
  #likes(): readonly Like[] {
    const batch = Array.from({ length: 5 }, () => {
      const user = targets[pick(this.#random, targets.length)] as string
      const object = safeObjects[pick(this.#random, safeObjects.length)] as string
      return this.#like(user, object, `actor-${pick(this.#random, actors)}`, this.#random.next() < 0.3 ? 'UNDO' : 'ADD')
    })
    const sent = this.#random.next() < 0.5 ? [...batch, ...this.#lastBatch, ...batch.slice(0, 2)] : batch.toReversed()
    this.#lastBatch = batch
    return sent
  }

  #like(user: string, object: string, actor: string, op: Like['op'] = 'ADD'): Like {
    return { eventId: this.#newId(), actor, user, object, op }
  }

  async #send(likes: readonly Like[]): Promise<void> {
    const events = likes.map(({ eventId, actor, user, object, op }) => ({
      event_id: eventId,
      event_type: 'LIKE',
      actor_id: actor,
      target_user_id: user,
      object_type: 'POST',
      object_id: object,
      op,
    }))
    const { status, body } = await this.#client.call('POST', '/v1/events', { body: { events } })
    assert.deepEqual([status, body.accepted], [202, likes.length])
    this.count.add(likes)
  }

  async #mark(user: string, as: 'read' | 'seen'): Promise<void> {
    const { status } = await this.#client.call('POST', `/v1/activities/${as}`, { user, body: { all: true } })
    assert.equal(status, 200)
  }

  async #markOne(user: string): Promise<void> {
    const page = await this.#client.call('GET', '/v1/activities?limit=3', { user })
    const ids = page.body.activity_groups.map((group: { group_id: string }) => group.group_id)
    if (ids.length === 0) return
    const { status } = await this.#client.call('POST', '/v1/activities/read', { user, body: { group_ids: ids } })
    // They may have been taken away since.
    assert.ok(status === 200 || status === 404)
  }

  async #deleteGroup(user: string, object: string): Promise<void> {
    const page = await this.#client.call('GET', '/v1/activities?limit=50', { user })
    const group = page.body.activity_groups.find((each: { object_id: string }) => each.object_id === object)
    if (!group) return
    const { status } = await this.#client.call('DELETE', `/v1/activities/${group.group_id}`, { user })
    // The request before, which got no answer, may have done it.
    assert.ok(status === 204 || status === 404)
  }

  async #accepted(method: string, path: string): Promise<void> {
    const { status } = await this.#client.call(method, path)
    assert.ok(status === 202 || status === 404, `${method} ${path}: ${status}`)
  }
}
