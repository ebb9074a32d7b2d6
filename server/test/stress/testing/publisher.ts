import { systemClock } from '../../../src/lib/system-seams.ts'
import { createUuidV7 } from '../../../src/lib/uuid.ts'
import { seededRandom } from '../../../src/lib/virtual-seams.ts'
import { pause } from './eventually.ts'
import type { CallAnswer, HttpCaller } from './http-caller.ts'

export interface Like {
  readonly user: string
  readonly object: string
  readonly actor: string
  readonly metadata?: object
}

/** A customer's server: sends events, and remembers which of them were answered with 202. */
export class Publisher {
  readonly accepted = new Set<string>()
  /** Answers by status. */
  readonly answers = new Map<number, number>()
  /** Refusals that say neither why nor when to come back. */
  readonly faults: string[] = []
  readonly #http: () => HttpCaller
  readonly #newId: () => string

  constructor(http: () => HttpCaller, seed: number) {
    this.#http = http
    this.#newId = createUuidV7(systemClock, seededRandom(seed))
  }

  /** Once; the status of the answer, or 0 when there was none. */
  async send(likes: readonly Like[], objectType = 'POST'): Promise<number> {
    const events = this.eventsOf(likes, objectType)
    return this.sendBody(
      JSON.stringify({ events }),
      events.map(({ event_id }) => event_id),
    )
  }

  async sendBody(body: string | Buffer, ids: readonly string[]): Promise<number> {
    let answer: CallAnswer
    try {
      answer = await this.#http().call('POST', '/v1/events', { body })
    } catch {
      this.#count(0)
      return 0
    }
    this.#count(answer.status)
    if (answer.status === 202) for (const id of ids) this.accepted.add(id)
    else this.#checkRefusal(answer)
    return answer.status
  }

  eventsOf(likes: readonly Like[], objectType = 'POST') {
    return likes.map(({ user, object, actor, metadata }) => ({
      event_id: this.#newId(),
      event_type: 'LIKE',
      actor_id: actor,
      target_user_id: user,
      object_type: objectType,
      object_id: object,
      ...(metadata && { metadata }),
    }))
  }

  /** Until it is accepted, as one who means it. */
  async insist(likes: readonly Like[]): Promise<void> {
    while ((await this.send(likes)) !== 202) await pause(100)
  }

  #count(status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
  }

  #checkRefusal({ status, headers, body }: CallAnswer): void {
    const isProblem = headers['content-type'] === 'application/problem+json' && typeof body?.code === 'string'
    const isRight = isProblem && (status === 429 || status === 503) && Number(headers['retry-after']) >= 1
    if (!isRight && this.faults.length < 20)
      this.faults.push(`${status} ${headers['retry-after']} ${JSON.stringify(body)}`)
  }
}
