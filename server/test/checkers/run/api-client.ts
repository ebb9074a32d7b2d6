import assert from 'node:assert/strict'
import { requestWith } from '../../../src/http/testing/ask.ts'
import { apiKey } from '../../crash/child-contract.ts'
import type { MarkArgs, SeenGroup, SeenPage, SentEvent, Vocabulary } from '../history.ts'
import type { Ending, Recorder } from './recorder.ts'

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any
}

/** Where a server is at the moment, as soon as it is. */
export interface Reachable {
  url(): Promise<string>
}

/** After this long nobody waits for an answer any more; what became of the request is then unknown. */
const patienceMs = 10_000

/** One caller, who sends one request at a time and writes down what became of it; `undefined` = it is not known. */
export class ApiClient {
  readonly proc: string
  readonly #lives: Reachable
  readonly #recorder: Recorder

  constructor(proc: string, lives: Reachable, recorder: Recorder) {
    this.proc = proc
    this.#lives = lives
    this.#recorder = recorder
  }

  append(events: readonly SentEvent[]): Promise<Vocabulary['append']['result'] | undefined> {
    const ending = this.#recorder.invoke('append', this.proc, '', { events })
    return this.#call(ending, 'POST', '/v1/events', { body: { events } }, ({ body }) => ({ event_ids: body.event_ids }))
  }

  keyed(key: string, event: SentEvent): Promise<Vocabulary['keyed']['result'] | undefined> {
    const ending = this.#recorder.invoke('keyed', this.proc, event.target_user_id, { key, event })
    const send = { body: event, headers: { 'idempotency-key': key }, answers: [409, 422] }
    return this.#call(ending, 'POST', '/v1/events', send, ({ status, body }) => ({
      status,
      event_ids: body.event_ids ?? [],
    }))
  }

  page(user: string): Promise<SeenPage | undefined> {
    const ending = this.#recorder.invoke('page', this.proc, user, null)
    return this.#call(ending, 'GET', '/v1/activities?limit=100', { user }, ({ body }) => {
      assert.equal(body.next_cursor, null, `${user} has more groups than a page shows, and checkers take it for all`)
      return seenPage(body)
    })
  }

  actors(user: string, groupId: string): Promise<Vocabulary['actors']['result'] | undefined> {
    const ending = this.#recorder.invoke('actors', this.proc, user, { group_id: groupId })
    return this.#call(ending, 'GET', `/v1/activities/${groupId}/actors?limit=100`, { user }, ({ body }) => ({
      actors: body.actors.map((actor: { id: string }) => actor.id),
    }))
  }

  mark(user: string, args: MarkArgs): Promise<Vocabulary['mark']['result'] | undefined> {
    const ending = this.#recorder.invoke('mark', this.proc, user, args)
    const body = args.group_ids ? { group_ids: args.group_ids } : { all: true, up_to_seq: args.up_to_seq }
    return this.#call(ending, 'POST', `/v1/activities/${args.mark}`, { user, body }, (answer) => ({
      seq: answer.body.seq,
      not_found: answer.body.not_found,
    }))
  }

  delete(user: string, groupId: string): Promise<Vocabulary['delete']['result'] | undefined> {
    const ending = this.#recorder.invoke('delete', this.proc, user, { group_id: groupId })
    return this.#call(ending, 'DELETE', `/v1/activities/${groupId}`, { user, answers: [404] }, ({ status }) => ({
      found: status === 204,
    }))
  }

  /** Without a line in the history. */
  async ask(method: string, path: string, options: RequestOptions = {}): Promise<Answer | undefined> {
    try {
      return await this.#send(method, path, options)
    } catch {
      return undefined
    }
  }

  async #call<F extends keyof Vocabulary>(
    ending: Ending<F>,
    method: string,
    path: string,
    options: RequestOptions,
    resultOf: (answer: Answer) => Vocabulary[F]['result'],
  ): Promise<Vocabulary[F]['result'] | undefined> {
    const answer = await this.ask(method, path, options)
    if (!answer || answer.status >= 500) return void ending.unknown()
    if (answer.status >= 400 && !options.answers?.includes(answer.status)) return void ending.fail()
    const result = resultOf(answer)
    ending.ok(result)
    return result
  }

  async #send(method: string, path: string, { user, body, headers = {} }: RequestOptions): Promise<Answer> {
    const url = await this.#lives.url()
    const asked = {
      user,
      body,
      signal: AbortSignal.timeout(patienceMs),
      // A connection that is kept could be one to a life that is over.
      headers: { connection: 'close', ...headers },
    }
    const response = await fetch(url + path, requestWith(apiKey, method, asked))
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

interface RequestOptions {
  readonly user?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Refusals that are answers. */
  readonly answers?: readonly number[]
}

// biome-ignore lint/suspicious/noExplicitAny: as it came from the server
export const seenPage = (body: any): SeenPage => ({
  epoch: body.epoch,
  seq: body.seq,
  unread_count: body.unread_count,
  unseen_count: body.unseen_count,
  groups: body.activity_groups.map(seenGroup),
})

/** What the checkers look at. */
export const seenGroup = (group: SeenGroup): SeenGroup => ({
  group_id: group.group_id,
  event_type: group.event_type,
  object_id: group.object_id,
  actor_count: group.actor_count,
  event_count: group.event_count,
  group_created_at: group.group_created_at,
  is_read: group.is_read,
  is_seen: group.is_seen,
  seq: group.seq,
  unread_seq: group.unread_seq,
})
